"""The examples of templates as code run as they stand."""

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from airflow_provider_nxlink.cli.main import main
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.buttons import BUTTON_NEEDS
from airflow_provider_nxlink.specs.files import load_file, spec_files

EXAMPLES = Path(__file__).parents[2] / "example_dags"
Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NXLINK_EXAMPLE_POLL_SECONDS", "0.3")


def example(name: str) -> ModuleType:
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_folder_shows_what_there_is() -> None:
    specs = [one for file in spec_files(EXAMPLES / "nxlink_templates") for one in load_file(file)]
    assert len({one["name"] for one in specs}) == 3
    assert {one["language"] for one in specs} == {"en_US", "de"}
    assert any("header_media" in one for one in specs)
    assert {button["type"] for one in specs for button in one["buttons"]} == set(BUTTON_NEEDS)


def test_the_folder_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(EXAMPLES / "nxlink_templates")]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().err


def test_the_folder_is_synced_and_the_next_day_nothing_is_sent(sandbox: SandboxServer, run_dag: Run) -> None:
    sandbox.switch(approve_after=0.5)
    run = run_dag(example("example_nxlink_sync_folder").dag)
    assert run.state("sync") == "success"
    assert run.value("sync")["counts"] == {"created": 4}
    assert "20 percent off" in sandbox.template("spring_sale", "en_US").body["content"]
    assert (sandbox.count("create"), sandbox.count("upload")) == (4, 1)

    again = run_dag(example("example_nxlink_sync_folder").dag)
    assert again.value("sync")["counts"] == {"unchanged": 4}
    assert (sandbox.count("create"), sandbox.count("update"), sandbox.count("upload")) == (4, 0, 1)
    assert main(["plan", str(EXAMPLES / "nxlink_templates"), "--param", "discount=20"]) == 0


def test_a_person_sees_the_previews_before_anything_is_sent(sandbox: SandboxServer, run_dag: Run) -> None:
    """Nobody is here to answer the question: the run stops short of it, or goes on as though it was."""
    module = example("example_nxlink_human_review")
    if module.ApprovalOperator is None:
        pytest.skip("this Airflow has no ApprovalOperator")
    dag = module.dag
    without_review = dag.partial_subset("previews", include_upstream=True)
    without_review.dag_id = "without_review"
    before = run_dag(without_review)
    text = before.value("previews")
    assert "**create order_shipped (de)**" in text
    assert "Deine Bestellung" in text
    assert "20 percent off" in text
    assert "params.discount" not in text
    assert sandbox.count("create") == 0

    after = run_dag(dag, mark_success_pattern="review")
    assert after.value("sync")["counts"] == {"created": 4}

    nothing = run_dag(dag, mark_success_pattern="review")
    assert nothing.states["changed"] == "success"
    assert {nothing.states[name] for name in ("previews", "review", "sync")} == {"skipped"}


def test_a_person_sees_the_differences() -> None:
    module = example("example_nxlink_human_review")
    row = {
        "action": "update",
        "name": "promo",
        "language": "de",
        "reason": "",
        "differences": [{"path": "content", "live": "One\nBefore", "wanted": "One\nAfter"}],
        "preview": "One\nAfter ```",
    }
    gone = {**row, "action": "delete", "differences": [], "preview": None, "reason": "is no spec"}
    text = module.previews({"plan": [row, {**row, "action": "unchanged"}, gone]})
    assert "**update promo (de)**\n\n```diff\ncontent:\n  One\n- Before\n+ After\n```" in text
    assert "````text\nOne\nAfter ```\n````" in text
    assert text.endswith("**delete promo (de)** is no spec")


def test_without_the_standard_provider_there_is_no_review(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "airflow.providers.standard.operators.hitl", None)
    assert not hasattr(example("example_nxlink_human_review"), "dag")
