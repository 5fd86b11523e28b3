"""The fixture `nxlink_sandbox`: as it behaves in a test, and in the projects of those who installed us."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import httpx
import pytest

from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.sandbox import pytest_plugin
from airflow_provider_nxlink.sandbox.faults import KINDS
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sandbox.settings import Switches

PAGE = Path(__file__).parent.parent.parent / "docs" / "testing-your-dags.md"
SPRING = {"name": "spring", "language": "en_US", "category": "MARKETING", "content": "Spring is here."}

# The suite runs without the plugin; pytest looks for its fixture here.
nxlink_sandbox = pytest_plugin.nxlink_sandbox

RunPytest = Callable[..., subprocess.CompletedProcess[str]]


def status(name: str = "spring") -> str:
    template = NxlinkHook().find_template(name, "en_US")
    assert template
    return template.status_name


def test_a_template_is_pending_until_the_test_decides(nxlink_sandbox: SandboxServer) -> None:
    NxlinkHook().create_template(SPRING)
    nxlink_sandbox.clock.advance(365 * 24 * 3600)
    assert status() == "PENDING"

    nxlink_sandbox.approve("spring", "en_US")
    assert status() == "IN_USE"

    nxlink_sandbox.pause("spring", "en_US")
    assert status() == "PAUSED"

    nxlink_sandbox.reject("spring", "en_US", "PROMOTIONAL")
    assert status() == "REJECTED"
    template = NxlinkHook().find_template("spring", "en_US")
    assert template
    assert template.rejected_reason == "PROMOTIONAL"


def test_templates_to_come_can_be_decided_beforehand(nxlink_sandbox: SandboxServer) -> None:
    nxlink_sandbox.switch(approve_after=0, review=["bad_*=reject:SPAM"])
    for name in ("spring", "bad_spring"):
        NxlinkHook().create_template({**SPRING, "name": name})
    assert (status(), status("bad_spring")) == ("IN_USE", "REJECTED")


def test_what_came_in_is_a_list_that_picks(nxlink_sandbox: SandboxServer) -> None:
    assert not nxlink_sandbox.received
    NxlinkHook().create_template(SPRING)
    (create,) = nxlink_sandbox.received(endpoint="create")
    assert create.verified
    assert create.json["name"] == "spring"
    assert nxlink_sandbox.received(endpoint="create", method="GET") == []
    assert create in nxlink_sandbox.received


def test_an_endless_review_is_told_and_set_over_http(nxlink_sandbox: SandboxServer) -> None:
    address = f"{nxlink_sandbox.url}/_sandbox/switches"
    assert httpx.get(address).json()["approve_after"] == "inf"
    httpx.patch(address, json={"approve_after": 0}).raise_for_status()
    httpx.patch(address, json={"approve_after": "inf"}).raise_for_status()
    NxlinkHook().create_template(SPRING)
    assert status() == "PENDING"


def test_a_verdict_on_a_template_that_is_not_there_names_those_that_are(
    nxlink_sandbox: SandboxServer,
) -> None:
    with pytest.raises(KeyError, match=r"no template spring \(en_US\); there is none yet\."):
        nxlink_sandbox.approve("spring", "en_US")
    NxlinkHook().create_template(SPRING)
    with pytest.raises(KeyError, match=r"spring \(en\); there is spring \(en_US\)\. .*approve_after"):
        nxlink_sandbox.reject("spring", "en")
    nxlink_sandbox.seed([{"name": f"more_{number:02}", "language": "de"} for number in range(30)])
    with pytest.raises(KeyError, match=r"more_00 \(de\), .*more_19 \(de\) and 11 more"):
        nxlink_sandbox.pause("absent", "de")


@pytest.mark.parametrize(
    ("before", "during"),
    [
        ({}, "127.0.0.1"),
        ({"NO_PROXY": "intranet"}, "intranet,127.0.0.1"),
        ({"NO_PROXY": "unheeded", "no_proxy": "intranet"}, "intranet,127.0.0.1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_a_proxy_of_the_environment_is_not_asked(
    before: dict[str, str], during: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        **before,
    }.items():
        monkeypatch.setenv(name, value)
    request.getfixturevalue("nxlink_sandbox")
    assert os.environ["no_proxy"] == during
    assert list(NxlinkHook().list_templates()) == []


@pytest.fixture
def run_pytest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunPytest:
    """Return what runs pytest in a project of its own, which finds us by our entry point."""
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "PYTEST_"))]:
        monkeypatch.delenv(name)

    def run(files: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_the_documented_project_passes(run_pytest: RunPytest) -> None:
    page = PAGE.read_text(encoding="utf-8")
    files = dict(re.findall(r"^```python\n# (\S+\.py)\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
    if importlib.util.find_spec("airflow.sdk") is None:
        # What the page says of Airflow 2.
        name = "dags/spring_campaign.py"
        two = "from airflow import DAG\nfrom airflow.decorators import task"
        files[name] = files[name].replace("from airflow.sdk import DAG, task", two)
    done = run_pytest(files)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^=+ 6 passed", done.stdout, re.MULTILINE), done.stdout


def test_without_the_extra_only_who_asks_for_the_sandbox_fails_and_is_told_what_to_install(
    run_pytest: RunPytest,
) -> None:
    done = run_pytest(
        {
            "conftest.py": "import sys\nsys.modules['uvicorn'] = None\n",
            "test_both.py": "def test_one(nxlink_sandbox): pass\ndef test_other(): pass\n",
        }
    )
    assert "1 passed, 1 error" in done.stdout
    assert "The sandbox needs uvicorn: pip install 'airflow-provider-nxlink[sandbox]'" in done.stdout
    assert "Traceback" not in done.stdout
    assert "ModuleNotFoundError" not in done.stdout


def test_a_run_that_does_not_ask_for_it_loads_nothing(run_pytest: RunPytest) -> None:
    test = """
import sys

def test_loaded():
    ours = {name for name in sys.modules if name.startswith("airflow_provider_nxlink")}
    sandbox = "airflow_provider_nxlink.sandbox"
    assert ours == {"airflow_provider_nxlink", sandbox, f"{sandbox}.pytest_plugin"}
    assert not {"airflow", "httpx", "fastapi", "uvicorn", "pydantic", "requests"} & sys.modules.keys()
"""
    # Others' plugins load what they like.
    others = [point.name for point in entry_points(group="pytest11") if point.name != "nxlink"]
    done = run_pytest({"test_loaded.py": test}, *(f"-pno:{name}" for name in others))
    assert done.returncode == 0, done.stdout


def test_the_page_lists_every_fault_and_switch() -> None:
    text = PAGE.read_text(encoding="utf-8")
    faults = set(re.findall(r"^\| `(\w+)` \| ", text, re.MULTILINE))
    assert faults == set(KINDS)
    for name, default in re.findall(r"^\| `(\w+)=([^`]+)` \|", text, re.MULTILINE):
        Switches().change(**{name: ast.literal_eval(default)})
