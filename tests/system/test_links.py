"""The link to NXLink's console, as the API that Airflow's pages are made of gives it."""

import pytest
from running_airflow import RunningAirflow

from airflow_provider_nxlink.sandbox.server import SandboxServer

pytest.importorskip("airflow.api_fastapi", reason="this Airflow has no such API")

LINKS = {"NXLink console": "https://idn.nxlink.ai"}


def test_mapped_waits_are_linked_while_deferred_and_after(
    airflow: RunningAirflow, live_sandbox: SandboxServer
) -> None:
    live_sandbox.reset()
    body = {"language": "en_US", "category_type": 2, "content": "hello", "status": 1}
    live_sandbox.seed([{**body, "name": name} for name in ("first", "second")])
    run_id = airflow.trigger("linked")

    airflow.wait_until_deferred("linked", run_id, 2)
    assert [airflow.extra_links("linked", run_id, "approved", index) for index in range(2)] == [LINKS] * 2
    assert set(airflow.task_states("linked", run_id).values()) == {"deferred"}

    for name in ("first", "second"):
        live_sandbox.approve(name, "en_US")
    assert airflow.wait_for_run("linked", run_id, 120) == "success"
    assert [airflow.extra_links("linked", run_id, "approved", index) for index in range(2)] == [LINKS] * 2
