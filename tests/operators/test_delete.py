"""Deleting a template; content when it is gone already."""

import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, task

from airflow_provider_nxlink.api.errors import NxlinkTransportError, TemplateNotFoundError
from airflow_provider_nxlink.operators.template import (
    NxlinkCreateTemplateOperator,
    NxlinkDeleteTemplateOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer

SEED = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello there"}
BY_NAME = {"name": "promo", "language": "en_US"}

Execute = Callable[..., Any]


def delete(execute: Execute, template: Any = BY_NAME, **arguments: Any) -> Any:
    return execute(NxlinkDeleteTemplateOperator, template=template, **arguments)


@pytest.mark.parametrize("absent", [4711, "4711", BY_NAME, {"id": 4711, **BY_NAME}])
def test_an_absent_template_is_gone_already(absent: Any, sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.seed([{**SEED, "language": "de"}])
    returned = delete(execute, absent)
    assert returned["deleted"] is False
    assert {key: returned[key] for key in ("name", "language")} == (
        BY_NAME if isinstance(absent, dict) else {"name": None, "language": None}
    )
    assert sandbox.count("delete") == 0


@pytest.mark.parametrize("absent", [4711, BY_NAME])
def test_an_absent_template_can_be_a_failure(absent: Any, sandbox: SandboxServer, execute: Execute) -> None:
    with pytest.raises(AirflowFailException, match="nothing to delete") as raised:
        delete(execute, absent, missing_ok=False)
    assert isinstance(raised.value.__cause__, TemplateNotFoundError)


def test_another_template_of_the_same_name_is_left_alone(sandbox: SandboxServer, execute: Execute) -> None:
    """What create returned names the old one by its id; its name has a new owner."""
    (new,) = sandbox.seed([SEED])
    assert delete(execute, {"id": new + 1, **BY_NAME})["deleted"] is False
    assert sandbox.template("promo", "en_US").id == new


@pytest.fixture
def outputs_may_be_none(run_dag: Callable[..., Any], new_dag: Callable[..., Any]) -> None:
    """Ask for an Airflow in which a task with ``multiple_outputs`` may return None among them."""

    @task(multiple_outputs=True)
    def plain() -> dict[str, Any]:
        return {"nothing": None}

    with new_dag() as dag:
        plain()
    if run_dag(dag).state("plain") != "success":
        pytest.skip("in this Airflow no task with multiple_outputs may return None among them")


@pytest.mark.usefixtures("outputs_may_be_none")
def test_the_output_of_create_can_be_deleted(
    sandbox: SandboxServer, run_dag: Callable[..., Any], new_dag: Callable[..., Any]
) -> None:
    with new_dag() as dag:
        template = {**BY_NAME, "category": "MARKETING", "content": "Hello there"}
        create = NxlinkCreateTemplateOperator(task_id="create", template=template, multiple_outputs=True)
        NxlinkDeleteTemplateOperator(task_id="by_mapping", template=create.output)
        NxlinkDeleteTemplateOperator(task_id="by_id", template=create.output["id"])
        NxlinkDeleteTemplateOperator(
            task_id="by_jinja", template="{{ ti.xcom_pull('create')['id'] }}"
        ).set_upstream(create)
    run = run_dag(dag)
    assert set(run.states.values()) == {"success"}
    deletions = [run.value(task_id) for task_id in ("by_mapping", "by_id", "by_jinja")]
    assert {deletion["id"] for deletion in deletions} == {run.value("create")["id"]}
    assert sum(deletion["deleted"] for deletion in deletions) == 1


@pytest.mark.parametrize("kind", ["drop", "truncate"])
def test_a_lost_answer_is_no_failure(kind: str, sandbox: SandboxServer, execute: Execute) -> None:
    (number,) = sandbox.seed([SEED])
    sandbox.inject(kind, endpoint="delete", when="after")
    assert delete(execute) == {"id": number, **BY_NAME, "deleted": True}
    assert sandbox.count("delete") == 1


def test_a_request_that_got_lost_is_retried_by_airflow(
    sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    sandbox.seed([SEED])
    sandbox.inject("drop", endpoint="delete", when="before")
    run = run_task(NxlinkDeleteTemplateOperator, template=BY_NAME, retries=1)
    assert (run.state(), run.tries(), run.value()["deleted"]) == ("success", 2, True)
    assert isinstance(run.errors["task"][0], NxlinkTransportError)


def test_a_template_that_nxlink_keeps_is_a_failure_in_its_own_words(
    sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.seed([{**SEED, "status": 6}])
    with pytest.raises(AirflowFailException, match=r"22072.*delete template.*cannot be deleted.*traceId"):
        delete(execute)


def test_waits_until_it_is_gone(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(delete_after=0.3)
    (number,) = sandbox.seed([SEED])
    returned = delete(execute, wait_until_gone=True, poll_interval=0.05)
    assert returned == {"id": number, **BY_NAME, "deleted": True}
    assert sandbox.template("promo", "en_US") is None


def test_waits_for_a_deletion_that_is_under_way(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(delete_after=0.3)
    sandbox.seed([SEED])
    delete(execute)
    assert sandbox.template("promo", "en_US").status == 9
    assert delete(execute, wait_until_gone=True, poll_interval=0.05)["deleted"] is True
    assert sandbox.template("promo", "en_US") is None
    assert sandbox.count("delete") == 1


def test_a_template_kept_as_deleted_counts_as_gone(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(keep_deleted=True)
    sandbox.seed([SEED])
    assert delete(execute, wait_until_gone=True, poll_interval=0.05)["deleted"] is True
    assert delete(execute, wait_until_gone=True, poll_interval=0.05)["deleted"] is False


def test_the_wait_ends_at_its_timeout(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(delete_after=60)
    sandbox.seed([SEED])
    with pytest.raises(AirflowSensorTimeout, match=r"promo \(en_US\) is not deleted"):
        delete(execute, wait_until_gone=True, poll_interval=0.05, timeout=0.2)


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_two_ways_of_waiting_return_the_same(
    deferrable: bool, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    sandbox.switch(delete_after=0.5)
    (number,) = sandbox.seed([{**SEED, "status": 1}])
    arguments = {"template": BY_NAME, "wait_until_gone": True, "poll_interval": 0.2}
    for _ in range(2):
        run = run_task(NxlinkDeleteTemplateOperator, deferrable=deferrable, **arguments)
        assert run.state() == "success"
    assert run.value() == {"id": None, **BY_NAME, "deleted": False}
    sandbox.seed([{**SEED, "id": number + 10}])
    # Under way when the second task begins, however long that takes, and done when that has looked twice.
    sandbox.switch(delete_after=50)
    run_task(NxlinkDeleteTemplateOperator, template=BY_NAME)
    later = Thread(target=_let_time_pass, args=(sandbox, 50))
    later.start()
    run = run_task(NxlinkDeleteTemplateOperator, deferrable=deferrable, **arguments)
    later.join()
    assert run.value() == {"id": number + 10, **BY_NAME, "deleted": True}


def _let_time_pass(sandbox: SandboxServer, seconds: float) -> None:
    before, deadline = sandbox.count("list"), time.monotonic() + 60
    while sandbox.count("list") < before + 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    sandbox.clock.advance(seconds)


@pytest.mark.parametrize(
    "template", [None, "promo", True, {}, {"name": "promo"}, {"language": "en_US"}, {"id": "../1"}, 1.5]
)
def test_what_is_no_reference_is_refused_when_the_dag_is_parsed(template: Any) -> None:
    with pytest.raises(ValueError, match=r"template.*id"):
        NxlinkDeleteTemplateOperator(task_id="task", template=template)


@pytest.mark.parametrize("value", ["promo", {"name": "promo"}, None])
def test_what_renders_to_no_reference_is_refused_before_anything_is_sent(
    value: Any, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    run = run_task(
        NxlinkDeleteTemplateOperator,
        template="{{ params.template }}",
        dag={"params": {"template": value}, "render_template_as_native_obj": True},
        retries=1,
    )
    assert run.state() == "failed"
    assert "give an id" in str(run.error())
    assert sandbox.received() == []
    assert run.tries() == 1
