"""Every example runs against the sandbox as it stands."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_nxlink.sandbox.server import SandboxServer

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "example_dags"
# Waits for a person or for an event, which `dag.test()` cannot bring; the tests beside this one run them.
NOT_ALONE = {"example_nxlink_template_events.py", "example_nxlink_human_review.py"}

NEEDS_AIRFLOW_3 = {"example_nxlink_template_events.py"}


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_an_example_parses(example: str, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    if example in NEEDS_AIRFLOW_3:
        pytest.importorskip("airflow.sdk", reason="the example is of what Airflow 3 brought")
    parsed = runpy.run_path(str(EXAMPLES / example))
    if "ApprovalOperator" in parsed and parsed["ApprovalOperator"] is None:
        pytest.skip("this Airflow has no ApprovalOperator")
    dag = parsed["dag"]
    dag.validate()
    assert dag.dag_id == Path(example).stem
    assert sandbox.received() == [], "a DAG file asks nobody anything"


@pytest.mark.parametrize(
    "example", sorted(path.name for path in EXAMPLES.glob("*.py") if path.name not in NOT_ALONE)
)
def test_an_example_runs(
    example: str,
    sandbox: SandboxServer,
    run_dag: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NXLINK_EXAMPLE_POLL_SECONDS", "0.2")
    sandbox.switch(approve_after=0.5)
    run = run_dag(runpy.run_path(str(EXAMPLES / example))["dag"])
    states = [ti.state for tis in run.tasks.values() for ti in tis]
    assert set(states) == {"success"}, run.log
    assert all(call.verified for call in sandbox.received())
