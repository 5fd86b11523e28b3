"""What the wheel and the sdist hold. `make package` installs the wheel into an empty environment as well."""

import re
import subprocess
import sys
import tarfile
from configparser import ConfigParser
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

import airflow_provider_nxlink

pytest.importorskip("hatchling", reason="the group `package` is installed only where distributions are built")

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "airflow_provider_nxlink"
VERSION = airflow_provider_nxlink.__version__


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> dict[str, str]:
    """Return the wheel's files and their text."""
    (path,) = built.glob("*.whl")
    assert path.name == f"airflow_provider_nxlink-{VERSION}-py3-none-any.whl"
    with ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture(scope="module")
def metadata(wheel: dict[str, str]) -> Message:
    return Parser().parsestr(wheel[f"airflow_provider_nxlink-{VERSION}.dist-info/METADATA"])


def test_the_wheel_holds_the_package_and_nothing_else(wheel: dict[str, str]) -> None:
    ours = {name for name in wheel if ".dist-info/" not in name}
    sources = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert ours == {path.relative_to(ROOT).as_posix() for path in sources}
    assert "airflow_provider_nxlink/py.typed" in ours
    assert {PurePosixPath(name).parts[0] for name in wheel} == {
        "airflow_provider_nxlink",
        f"airflow_provider_nxlink-{VERSION}.dist-info",
    }
    folders = {part for name in wheel for part in PurePosixPath(name).parts[:-1]}
    assert not folders & {"tests", "example_dags", "airflow"}


def test_the_wheel_brings_the_licence(wheel: dict[str, str], metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    (name,) = (name for name in wheel if name.endswith(".dist-info/licenses/LICENSE"))
    assert wheel[name] == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_entry_points_lead_into_the_package(wheel: dict[str, str]) -> None:
    points = ConfigParser()
    points.read_string(wheel[f"airflow_provider_nxlink-{VERSION}.dist-info/entry_points.txt"])
    assert {group: dict(points[group]) for group in points.sections()} == {
        "apache_airflow_provider": {
            "provider_info": "airflow_provider_nxlink.get_provider_info:get_provider_info"
        },
        "pytest11": {"nxlink": "airflow_provider_nxlink.sandbox.pytest_plugin"},
    }


def test_the_metadata_names_where_things_are(metadata: Message) -> None:
    urls = dict(text.split(", ") for text in metadata.get_all("Project-URL", []))
    assert set(urls) == {"Documentation", "Source", "Changelog", "Issues"}
    links = re.findall(r"\]\(([^)]+)\)", metadata.get_payload())
    away = [link for link in links if not link.startswith("https://")]
    assert away == [], "a package index shows the README without the files beside it"
    at_version = f"{urls['Source']}/blob/v{VERSION}/"
    linked = [
        link.removeprefix(at_version).partition("#")[0] for link in links if link.startswith(urls["Source"])
    ]
    assert len(linked) > 3
    assert [link for link in linked if not (ROOT / link).exists()] == []


def test_the_sandbox_asks_for_more_than_the_provider(metadata: Message) -> None:
    needs = metadata.get_all("Requires-Dist", [])
    extra = {need.split(">")[0] for need in needs if need.endswith("extra == 'sandbox'")}
    assert extra == {"fastapi", "python-multipart", "uvicorn"}
    assert not extra & {need.split(">")[0] for need in needs if "extra" not in need}


def test_the_sdist_is_the_source_tree(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        held = {PurePosixPath(*PurePosixPath(name).parts[1:]).as_posix() for name in archive.getnames()}
    if not (ROOT / ".git").exists():
        pytest.skip("what belongs to the source tree is known by git")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    assert tracked - held == set()
    # What is not tracked yet may be there; what is left lying about by builds and tools may not.
    assert not [
        name for name in held if name.endswith(".pyc") or name.startswith((".venv", "build/", "dist/"))
    ]
