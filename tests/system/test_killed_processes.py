"""Workers, triggerers and the database failing midway: nothing is lost, and nothing is done twice."""

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import attrs
import pytest
from running_airflow import COMPONENTS, HAS_API_SERVER, RunningAirflow

from airflow_provider_nxlink.sandbox.server import SandboxServer

try:
    from airflow.jobs.triggerer_job_runner import TriggerCommsDecoder
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess

    # Airflow 3.0 fails a task whose process was killed, whatever its retries.
    TRIES_KILLED_TASKS_AGAIN = "_should_retry" in attrs.fields_dict(ActivitySubprocess)
    # Before 3.2 a cancelled trigger leaves an answer behind, which ends the triggerer when it is read.
    OUTLIVES_CANCELLED_TRIGGERS = "_pending" in attrs.fields_dict(TriggerCommsDecoder)
except ImportError:  # Airflow 2
    TRIES_KILLED_TASKS_AGAIN = OUTLIVES_CANCELLED_TRIGGERS = True

BODY = {"language": "en_US", "category_type": 2, "content": "hello", "status": 1}


def test_a_task_whose_worker_is_killed_and_that_is_cleared_later_makes_one_template(
    airflow: RunningAirflow, live_sandbox: SandboxServer
) -> None:
    live_sandbox.reset()
    # The template is made, and the answer is longer on its way than the worker lives.
    live_sandbox.inject("latency", endpoint="create", seconds=60, when="after")
    run_id = airflow.trigger("killed")
    airflow.until(lambda: live_sandbox.count("create") or None, 60, "nothing was created")
    airflow.until(lambda: live_sandbox.template("made_once", "en_US"), 10, "nothing was created")
    ((pid,),) = airflow.rows("select pid from task_instance where dag_id = 'killed' and run_id = ?", run_id)
    os.kill(pid, signal.SIGKILL)

    ended = ("success", 2) if TRIES_KILLED_TASKS_AGAIN else ("failed", 1)
    assert (airflow.wait_for_run("killed", run_id, 120), tries(airflow, run_id)) == ended

    clear = {
        "dry_run": False,
        "only_failed": False,
        "reset_dag_runs": True,
        "task_ids": ["create"],
        "dag_run_id": run_id,
    }
    airflow._api("POST", "/dags/killed/clearTaskInstances", clear).raise_for_status()
    airflow.until(lambda: tries(airflow, run_id) > ended[1] or None, 60, "the task did not run again")
    assert airflow.wait_for_run("killed", run_id, 60) == "success"
    assert live_sandbox.count("create") == 1


def tries(airflow: RunningAirflow, run_id: str) -> int:
    query = "select try_number from task_instance where dag_id = 'killed' and run_id = ?"
    ((number,),) = airflow.rows(query, run_id)
    return int(number)


@pytest.mark.skipif(not HAS_API_SERVER, reason="Airflow 2 runs one task at a time on SQLite")
def test_two_runs_at_once_make_one_template(airflow: RunningAirflow, live_sandbox: SandboxServer) -> None:
    live_sandbox.reset()
    # Both have looked, and found nothing, before either creates.
    live_sandbox.inject("latency", endpoint="list", seconds=8, times=2, when="after")
    runs = [airflow.trigger("killed") for _ in range(2)]
    assert [airflow.wait_for_run("killed", run_id, 120) for run_id in runs] == ["success"] * 2
    assert len([call for call in live_sandbox.received(endpoint="create") if call.code == 0]) == 1


def deferred(airflow: RunningAirflow, names: list[str]) -> str:
    """Start a run that waits for some templates, and return its id once all are waited for."""
    run_id = airflow.trigger("mapped_waits", {"names": names})
    airflow.wait_until_deferred("mapped_waits", run_id, len(names))
    return run_id


def ended_right(airflow: RunningAirflow, run_id: str, names: list[str]) -> None:
    assert airflow.wait_for_run("mapped_waits", run_id, 180) == "success"
    query = "select map_index, try_number, state from task_instance where run_id = ? and task_id = 'approved'"
    assert sorted(airflow.rows(query, run_id)) == [(index, 1, "success") for index in range(len(names))]
    values = airflow.rows("select value from xcom where run_id = ? and task_id = 'approved'", run_id)
    assert sorted(name for name in names for (value,) in values if f'"{name}"' in str(value)) == names


@pytest.fixture
def names(live_sandbox: SandboxServer) -> list[str]:
    live_sandbox.reset()
    given = [f"wait_{number}" for number in range(6)]
    live_sandbox.seed([{**BODY, "name": name} for name in given])
    return given


@contextmanager
def frozen_triggerer(airflow: RunningAirflow) -> Iterator[int]:
    """Stop the triggerer without ending it, as a machine that swaps or a virtual one that is moved does."""
    frozen = airflow.processes.pop("triggerer")
    os.killpg(frozen.pid, signal.SIGSTOP)
    try:
        yield frozen.pid
    finally:
        os.killpg(frozen.pid, signal.SIGKILL)
        frozen.wait()


@pytest.mark.skipif(
    not OUTLIVES_CANCELLED_TRIGGERS,
    reason="this Airflow's triggerer dies where a trigger is cancelled while Airflow answers it",
)
def test_two_triggerers_running_the_same_waits_end_each_of_them_once(
    airflow: RunningAirflow, live_sandbox: SandboxServer, names: list[str]
) -> None:
    run_id = deferred(airflow, names)
    query = "select count(*) from trigger where triggerer_id = ?"
    ((first,),) = airflow.rows("select max(triggerer_id) from trigger")
    with frozen_triggerer(airflow) as frozen:
        airflow.start("triggerer")
        # It takes over what the other, which gives no sign of life, still believes to be its own.
        airflow.until(lambda: airflow.rows(query, first) == [(0,)] or None, 60, "nobody took the waits over")
        polls = live_sandbox.count("list")
        airflow.until(lambda: live_sandbox.count("list") > polls or None, 60, "nobody polls")
        os.killpg(frozen, signal.SIGCONT)
        for name in names:
            live_sandbox.approve(name, "en_US")
        ended_right(airflow, run_id, names)


@pytest.mark.soak
def test_waits_outlive_a_database_that_is_gone_for_half_a_minute(
    airflow: RunningAirflow, live_sandbox: SandboxServer, names: list[str]
) -> None:
    run_id = deferred(airflow, names)
    with closing(sqlite3.connect(airflow.home / "airflow.db", timeout=30, isolation_level=None)) as database:
        database.execute("begin exclusive")
        time.sleep(10)
        for name in names[:3]:
            live_sandbox.approve(name, "en_US")
        time.sleep(20)
        database.execute("rollback")
    for name in names[3:]:
        live_sandbox.approve(name, "en_US")

    def is_over() -> bool | None:
        # What did not live through it, be it late, is started again, as a service manager does.
        for component in COMPONENTS:
            if airflow.processes[component].poll() is not None:
                airflow.start(component)
        running = airflow.rows("select 1 from dag_run where run_id = ? and state = 'running'", run_id)
        return not running or None

    airflow.until(is_over, 180, "the run did not end")
    ended_right(airflow, run_id, names)
