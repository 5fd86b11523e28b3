"""Which part of the package may import which: one direction, and the API knows nothing of Airflow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import airflow_provider_nxlink

PACKAGE = "airflow_provider_nxlink"
ROOT = Path(airflow_provider_nxlink.__file__).parent

# Part → what it must not import, at the top or anywhere else.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "api": (
        "airflow",
        *(
            f"{PACKAGE}.{part}"
            for part in (
                "hooks",
                "operators",
                "sensors",
                "triggers",
                "specs",
                "provisioning",
                "rendering",
                "exceptions",
            )
        ),
    ),
    "specs": (
        "airflow",
        *(
            f"{PACKAGE}.{part}"
            for part in (
                "hooks",
                "operators",
                "sensors",
                "triggers",
                "provisioning",
                "rendering",
                "exceptions",
            )
        ),
    ),
    "provisioning": (
        "airflow",
        *(
            f"{PACKAGE}.{part}"
            for part in ("hooks", "operators", "sensors", "triggers", "rendering", "exceptions", "cli")
        ),
    ),
    "sandbox": (
        "airflow",
        *(
            f"{PACKAGE}.{part}"
            for part in (
                "api",
                "specs",
                "provisioning",
                "hooks",
                "operators",
                "sensors",
                "triggers",
                "rendering",
            )
        ),
    ),
    "hooks": tuple(f"{PACKAGE}.{part}" for part in ("operators", "sensors", "triggers", "rendering")),
    "triggers": tuple(f"{PACKAGE}.{part}" for part in ("operators", "sensors", "rendering")),
}


def modules_of(part: str) -> list[Path]:
    folder = ROOT / part
    return sorted(folder.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Yield the full name of everything a module imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def breaches(path: Path, forbidden: tuple[str, ...]) -> list[str]:
    return sorted(
        name for name in imports(path) for ban in forbidden if name == ban or name.startswith(f"{ban}.")
    )


@pytest.mark.parametrize("part", FORBIDDEN)
def test_imports_go_one_way(part: str) -> None:
    modules = modules_of(part)
    assert modules
    found = {str(path.relative_to(ROOT)): breaches(path, FORBIDDEN[part]) for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


def test_nothing_but_the_sandbox_imports_the_sandbox() -> None:
    outside = [path for path in ROOT.rglob("*.py") if "sandbox" not in path.relative_to(ROOT).parts]
    examples = sorted((ROOT.parent / "example_dags").glob("*.py"))
    found = {path.name: breaches(path, (f"{PACKAGE}.sandbox",)) for path in [*outside, *examples]}
    assert {name: names for name, names in found.items() if names} == {}


def test_a_breach_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("import airflowctl\ndef f():\n    from airflow.sdk import DAG\n")
    assert breaches(module, ("airflow",)) == ["airflow.sdk", "airflow.sdk.DAG"]
