"""Waiting for the approval at the end of create and update."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout

from airflow_provider_nxlink.exceptions import NxlinkTemplateFailedError
from airflow_provider_nxlink.operators.template import (
    NxlinkCreateTemplateOperator,
    NxlinkUpdateTemplateOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer

TEMPLATE = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello there"}
SEED = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello", "status": 0}
WRITERS = [NxlinkCreateTemplateOperator, NxlinkUpdateTemplateOperator]

Execute = Callable[..., Any]


@pytest.fixture(params=WRITERS, ids=["create", "update"])
def writer(request: pytest.FixtureRequest, sandbox: SandboxServer) -> Any:
    if request.param is NxlinkUpdateTemplateOperator:
        sandbox.seed([SEED])
    return request.param


def wait(execute: Execute, writer: Any, **arguments: Any) -> Any:
    defaults = {"template": TEMPLATE, "wait_for_approval": True, "poll_interval": 0.05}
    return execute(writer, **{**defaults, **arguments})


def test_returns_the_template_in_use(writer: Any, sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(approve_after=0.3)
    returned = wait(execute, writer)
    assert (returned["status_name"], returned["content"]) == ("IN_USE", "Hello there")


def test_does_not_wait_unless_asked_to(writer: Any, sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(approve_after=60)
    assert wait(execute, writer, wait_for_approval=False)["status_name"] == "PENDING"


def test_a_rejection_fails_with_the_reason(writer: Any, sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(approve_after=0.2, review=["*=reject:TAG_CONTENT_MISMATCH"])
    with pytest.raises(NxlinkTemplateFailedError, match=r"promo \(en_US\) is rejected.*TAG_CONTENT_MISMATCH"):
        wait(execute, writer)


def test_a_rejection_is_not_retried_and_its_reason_is_in_the_log(
    writer: Any, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    sandbox.switch(review=["*=reject:TAG_CONTENT_MISMATCH"])
    run = run_task(writer, template=TEMPLATE, wait_for_approval=True, poll_interval=0.05, retries=2)
    assert (run.state(), run.tries()) == ("failed", 1)
    assert isinstance(run.error(), NxlinkTemplateFailedError)
    assert "TAG_CONTENT_MISMATCH" in run.log


def test_the_wait_ends_at_its_own_timeout(writer: Any, sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(approve_after=60)
    with pytest.raises(AirflowSensorTimeout, match=r"promo \(en_US\) is not in use"):
        wait(execute, writer, timeout=timedelta(seconds=0.2))


def test_a_fault_of_nxlink_while_waiting_that_stays_is_a_failure(
    writer: Any, sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.switch(approve_after=60)
    sandbox.inject("code", code=22016, endpoint="list", skip=2)
    with pytest.raises(AirflowFailException, match="22016"):
        wait(execute, writer)


@pytest.mark.parametrize("argument", ["poll_interval", "timeout"])
@pytest.mark.parametrize("value", [0, -1, timedelta(0), float("nan"), True, "60"])
def test_a_duration_that_is_none_is_refused_when_the_dag_is_parsed(argument: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{argument}: .* is not a duration above 0"):
        NxlinkCreateTemplateOperator(task_id="task", template=TEMPLATE, **{argument: value})


@pytest.mark.parametrize("syn_meta", [False, 0, "false"])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_template_kept_from_meta_cannot_be_waited_for(writer: Any, syn_meta: Any) -> None:
    template = {**TEMPLATE, "syn_meta": syn_meta}
    writer(task_id="not_waiting", template=template)
    with pytest.raises(ValueError, match=r"syn_meta: false .* no verdict ever comes"):
        writer(task_id="task", template=template, wait_for_approval=True)


def test_a_template_that_turns_out_to_be_kept_from_meta_is_refused_before_anything_is_sent(
    sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    run = run_task(
        NxlinkCreateTemplateOperator,
        template={**TEMPLATE, "syn_meta": "{{ params.sync }}"},
        wait_for_approval=True,
        dag={"params": {"sync": False}},
        retries=1,
    )
    assert (run.state(), run.tries()) == ("failed", 1)
    assert "no verdict ever comes" in str(run.error())
    assert sandbox.received() == []
