"""The provider on a whole Airflow: scheduler, workers and triggerer as processes that can be killed."""

import importlib.util
import time

import pytest
from running_airflow import RunningAirflow

from airflow_provider_nxlink.sandbox.server import SandboxServer

try:
    from airflow.sdk.execution_time.context import AssetStateStoreAccessors
except ImportError:  # a watcher begins anew with what it sees first
    AssetStateStoreAccessors = None

SHARES_POLLS = importlib.util.find_spec("airflow.triggers.shared_stream") is not None
REMEMBERS = AssetStateStoreAccessors is not None


def test_the_lifecycle_example_runs_on_a_scheduler(
    airflow: RunningAirflow, live_sandbox: SandboxServer
) -> None:
    live_sandbox.reset()
    dag_id = "example_nxlink_template_lifecycle"
    run_id = airflow.trigger(dag_id)
    assert airflow.wait_for_run(dag_id, run_id, 180) == "success"
    assert set(airflow.task_states(dag_id, run_id).values()) == {"success"}
    assert [live_sandbox.count(call) for call in ("upload", "create", "update", "delete")] == [1, 1, 1, 1]
    assert all(call.verified for call in live_sandbox.received())


def test_a_template_rejected_while_deferred_fails_its_task_at_once(
    airflow: RunningAirflow, live_sandbox: SandboxServer
) -> None:
    live_sandbox.reset()
    run_id = airflow.trigger("rejected")
    airflow.wait_until_deferred("rejected", run_id, 1)
    live_sandbox.reject("never_right", "en_US")
    assert airflow.wait_for_run("rejected", run_id, 120) == "failed"
    ((tries,),) = airflow.rows("select try_number from task_instance where dag_id = 'rejected'")
    assert tries == 1
    assert live_sandbox.count("create") == 1
    log = airflow.logs("rejected")
    assert "is rejected (0): INVALID_FORMAT" in log
    assert "NxlinkTemplateFailedError" in log


def test_mapped_waits_share_a_poll_and_outlive_a_killed_triggerer(
    airflow: RunningAirflow, live_sandbox: SandboxServer, waits: int
) -> None:
    live_sandbox.reset()
    names = [f"t_{number:03}" for number in range(waits)]
    body = {"language": "en_US", "category_type": 2, "content": "hello", "status": 1}
    live_sandbox.seed([{**body, "name": name} for name in names])
    run_id = airflow.trigger("mapped_waits", {"names": names})

    airflow.wait_until_deferred("mapped_waits", run_id, waits, 60 + 2 * waits)
    if SHARES_POLLS:
        time.sleep(12)  # the polls of what is still starting are over
        polls = count_polls(live_sandbox, seconds=15)
        # One poll in five seconds for all of them.
        pages = -(-waits // 100)
        assert polls <= 4 * pages

    airflow.kill("triggerer")
    half = names[: waits // 2]
    for name in half:
        live_sandbox.approve(name, "en_US")
    airflow.start("triggerer")
    for name in names[waits // 2 :]:
        live_sandbox.approve(name, "en_US")
    assert airflow.wait_for_run("mapped_waits", run_id, 120 + 2 * waits) == "success"
    states = airflow.task_states("mapped_waits", run_id)
    assert [states["approved", index] for index in range(waits)] == ["success"] * waits
    returned = airflow.rows("select value from xcom where dag_id = 'mapped_waits' and task_id = 'approved'")
    assert sorted(name for name in names for (value,) in returned if f'"{name}"' in str(value)) == names
    ((tries,),) = airflow.rows("select max(try_number) from task_instance where dag_id = 'mapped_waits'")
    assert tries == 1


def count_polls(sandbox: SandboxServer, seconds: float) -> int:
    """Return the list requests of waits in some seconds; the watcher of the next test polls on its own."""
    before = time.time()
    time.sleep(seconds)
    calls = [call for call in sandbox.received(endpoint="list") if call.time >= before]
    return len(calls)


@pytest.mark.skipif(
    importlib.util.find_spec("airflow.sdk") is None, reason="this Airflow has no asset watchers"
)
def test_a_watcher_starts_one_run_per_change_also_over_a_restart_of_the_triggerer(
    airflow: RunningAirflow, live_sandbox: SandboxServer
) -> None:
    def runs() -> int:
        ((number,),) = airflow.rows("select count(*) from dag_run where dag_id = 'watcher'")
        return number

    def runs_are(number: int) -> None:
        airflow.until(lambda: runs() >= number or None, 60, f"no run number {number}")

    live_sandbox.reset()
    body = {"language": "en_US", "category_type": 2, "content": "hello", "status": 1}
    live_sandbox.seed([{**body, "name": name} for name in ("first", "second", "third")])
    airflow.command("dags", "unpause", "watcher")
    seen = live_sandbox.count("list")
    airflow.until(lambda: live_sandbox.count("list") > seen + 2 or None, 60, "nobody watches")
    before = runs()

    live_sandbox.set_status("first", "en_US", 0, "because")
    runs_are(before + 1)
    time.sleep(5)
    airflow.kill("triggerer")
    live_sandbox.set_status("second", "en_US", 11, "because")
    airflow.start("triggerer")
    if REMEMBERS:
        runs_are(before + 2)
    else:
        seen = live_sandbox.count("list")
        airflow.until(lambda: live_sandbox.count("list") > seen + 2 or None, 60, "nobody watches")
    live_sandbox.set_status("third", "en_US", 0, "because")
    expected = before + (3 if REMEMBERS else 2)
    runs_are(expected)
    time.sleep(10)
    assert runs() == expected


def test_nothing_airflow_keeps_shows_the_secret(airflow: RunningAirflow, live_sandbox: SandboxServer) -> None:
    secret = live_sandbox.account.access_secret.encode()
    leaks = [
        str(path.relative_to(airflow.home))
        for path in airflow.home.rglob("*")
        if path.is_file() and secret in path.read_bytes()
    ]
    assert leaks == []
