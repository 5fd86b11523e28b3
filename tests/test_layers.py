"""Which part of the package may import which: one direction, and the API knows nothing of Airflow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import airflow_provider_nxlink

PACKAGE = "airflow_provider_nxlink"
ROOT = Path(airflow_provider_nxlink.__file__).parent

# Part → the other parts it may import, and of what is listed as outside: at the top or anywhere else.
# Nothing imports the sandbox, and it shares no code with the client, so that a mistake in one shows.
MAY_IMPORT: dict[str, set[str]] = {
    "api": {"submodules", "requests", "httpx"},
    "specs": {"submodules", "api"},
    "provisioning": {"submodules", "api", "specs"},
    "connection": {"api"},
    "hooks": {"api", "specs", "provisioning", "connection", "connection_form", "airflow", "requests"},
    "triggers": {"submodules", "api", "hooks", "airflow"},
    "exceptions": {"api", "airflow"},
    "links": {"api", "hooks", "airflow"},
    "rendering": {"api", "specs", "airflow"},
    "rendering_lists": {"provisioning", "rendering", "specs", "airflow"},
    "operators": {
        *("api", "specs", "provisioning", "hooks", "triggers", "exceptions", "links"),
        *("rendering", "rendering_lists", "airflow"),
    },
    "sensors": {
        "api",
        "specs",
        "hooks",
        "triggers",
        "exceptions",
        "links",
        "rendering",
        "operators",
        "airflow",
    },
    "preview": {"api", "specs", "provisioning"},
    "cli": {"api", "specs", "provisioning", "preview", "connection", "hooks", "airflow"},
    "assets": {"airflow"},
    "connection_form": set(),
    "get_provider_info": {"connection_form"},
    "sandbox": {"fastapi", "starlette", "uvicorn", "pytest"},
    "submodules": set(),
    "__init__": set(),
    "__main__": {"cli"},
}
OUTSIDE = {"airflow", "requests", "httpx", "aiohttp", "fastapi", "starlette", "uvicorn", "pytest"}


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Yield the full name of everything a module imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def breaches(path: Path, part: str) -> list[str]:
    """Return what a module of ``part`` imports and may not."""
    found = []
    for name in imports(path):
        first, *rest = name.split(".")
        imported = rest[0] if first == PACKAGE and rest else first
        ours = first == PACKAGE and imported in MAY_IMPORT and imported != part
        if (ours or first in OUTSIDE) and imported not in MAY_IMPORT[part]:
            found.append(name)
    return sorted(found)


def test_every_part_has_its_rule() -> None:
    assert {part_of(path) for path in ROOT.rglob("*.py")} == set(MAY_IMPORT)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_go_one_way(part: str) -> None:
    modules = [path for path in ROOT.rglob("*.py") if part_of(path) == part]
    found = {str(path.relative_to(ROOT)): breaches(path, part) for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


def test_examples_import_no_sandbox() -> None:
    for path in (ROOT.parent / "example_dags").glob("*.py"):
        assert [name for name in imports(path) if name.startswith(f"{PACKAGE}.sandbox")] == []


@pytest.mark.parametrize(
    ("part", "line", "breach"),
    [
        ("api", "import airflowctl\ndef f():\n    from airflow.sdk import DAG", ["airflow.sdk.DAG"]),
        ("specs", "import airflow.models", ["airflow.models"]),
        ("hooks", f"from {PACKAGE}.operators.base import x", [f"{PACKAGE}.operators.base.x"]),
        ("operators", f"from {PACKAGE} import sandbox", [f"{PACKAGE}.sandbox"]),
        ("operators", "import httpx", ["httpx"]),
        ("sandbox", f"from {PACKAGE}.api import models", [f"{PACKAGE}.api.models"]),
        ("specs", f"from {PACKAGE}.api.models import Template\nimport json", []),
        ("api", f"from {PACKAGE} import __version__", []),
    ],
)
def test_a_breach_is_seen(tmp_path: Path, part: str, line: str, breach: list[str]) -> None:
    module = tmp_path / "module.py"
    module.write_text(line)
    assert breaches(module, part) == breach
