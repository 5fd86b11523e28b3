"""Applying one template in a task: what it returns, what it waits for, how it fails."""

import asyncio
import json
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_nxlink.exceptions import NxlinkTemplateFailedError
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.operators import apply, template
from airflow_provider_nxlink.operators.template import NxlinkApplyTemplateOperator
from airflow_provider_nxlink.sandbox.server import SandboxServer

TEMPLATE = {
    "name": "promo",
    "language": "en_US",
    "category": "MARKETING",
    "content": "Hello {{1}}, welcome.",
}
SEED = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello there"}

Execute = Callable[..., Any]
Run = Callable[..., Any]


def resumed(deferred: TaskDeferred, operator: Any) -> Any:
    """Run a deferral's trigger as the triggerer does, and go on with the event."""
    path, arguments = json.loads(json.dumps(deferred.trigger.serialize()))
    module, _, name = path.rpartition(".")
    trigger = getattr(import_module(module), name)(**arguments)

    async def first() -> Any:
        return await anext(trigger.run())

    event = json.loads(json.dumps(asyncio.run(first()).payload))
    context = {"ti": SimpleNamespace(try_number=1, map_index=-1)}
    return getattr(operator, deferred.method_name)(context, event)


def test_it_is_found_in_either_module() -> None:
    assert template.NxlinkApplyTemplateOperator is apply.NxlinkApplyTemplateOperator


def test_the_first_run_creates_the_second_sends_nothing(sandbox: SandboxServer, run_task: Run) -> None:
    first = run_task(NxlinkApplyTemplateOperator, template=TEMPLATE).value()
    assert (first["action"], first["name"], first["status_name"]) == ("created", "promo", "IN_USE")
    second = run_task(NxlinkApplyTemplateOperator, template=TEMPLATE).value()
    assert second == {**first, "action": "unchanged", "components": second["components"]}
    assert (sandbox.count("create"), sandbox.count("update")) == (1, 0)


def test_differences_are_returned(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.seed([SEED])
    returned = execute(NxlinkApplyTemplateOperator, template=TEMPLATE)
    assert returned["action"] == "updated"
    assert returned["differences"] == [
        {"path": "content", "live": "Hello there", "wanted": "Hello {{1}}, welcome."}
    ]
    assert returned["drift"] == []


def test_what_cannot_be_edited_fails_and_says_what_to_do(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.seed([{**SEED, "status": 1}])
    with pytest.raises(AirflowFailException, match=r"is PENDING.*wait_for_approval=True"):
        execute(NxlinkApplyTemplateOperator, template=TEMPLATE)


def test_a_verdict_in_the_way_is_waited_for_on_the_worker(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(approve_after=0.5)
    hook = NxlinkHook()
    hook.create_template({**TEMPLATE, "content": "Before"})
    returned = execute(
        NxlinkApplyTemplateOperator,
        template=TEMPLATE,
        wait_for_approval=True,
        deferrable=False,
        poll_interval=0.1,
    )
    assert (returned["action"], returned["status_name"]) == ("updated", "IN_USE")
    assert returned["differences"][0]["live"] == "Before"
    assert sandbox.count("update") == 1


def test_a_verdict_in_the_way_is_waited_for_in_the_triggerer(sandbox: SandboxServer) -> None:
    sandbox.switch(approve_after=50)
    NxlinkHook().create_template({**TEMPLATE, "content": "Before"})
    operator = NxlinkApplyTemplateOperator(
        task_id="task", template=TEMPLATE, wait_for_approval=True, deferrable=True, poll_interval=0.1
    )
    with pytest.raises(TaskDeferred) as verdict:
        operator.execute({"ti": SimpleNamespace(try_number=1, map_index=-1)})
    assert sandbox.count("update") == 0
    sandbox.clock.advance(50)
    with pytest.raises(TaskDeferred) as approval:
        resumed(verdict.value, operator)
    assert sandbox.count("update") == 1
    sandbox.clock.advance(50)
    returned = resumed(approval.value, operator)
    assert (returned["action"], returned["status_name"]) == ("updated", "IN_USE")
    assert returned["differences"][0]["live"] == "Before"


def test_a_rejected_old_version_does_not_keep_the_new_from_being_sent(
    sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.switch(approve_after=0.3, review=["promo=reject:SPAM"])
    NxlinkHook().create_template({**TEMPLATE, "content": "Before"})
    with pytest.raises(NxlinkTemplateFailedError, match=r"rejected.*SPAM"):
        execute(
            NxlinkApplyTemplateOperator,
            template=TEMPLATE,
            wait_for_approval=True,
            deferrable=False,
            poll_interval=0.1,
        )
    assert sandbox.count("update") == 1


def test_a_rejected_template_that_is_equal_is_not_sent_again(
    sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.seed([{**SEED, "content": TEMPLATE["content"], "status": 0, "waRejectedReason": "SPAM"}])
    assert execute(NxlinkApplyTemplateOperator, template=TEMPLATE)["action"] == "unchanged"
    with pytest.raises(NxlinkTemplateFailedError, match="SPAM"):
        execute(NxlinkApplyTemplateOperator, template=TEMPLATE, wait_for_approval=True)
    assert sandbox.count("update") == 0


def test_it_runs_deferred_in_dag_test(sandbox: SandboxServer, run_task: Run) -> None:
    sandbox.switch(approve_after=1)
    run = run_task(
        NxlinkApplyTemplateOperator,
        template=TEMPLATE,
        wait_for_approval=True,
        deferrable=True,
        poll_interval=0.3,
    )
    assert run.state() == "success"
    assert (run.value()["action"], run.value()["status_name"]) == ("created", "IN_USE")


def test_a_retry_of_always_sends_nothing_twice(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(approve_after=60)
    sandbox.seed([SEED])
    arguments = {"template": {**TEMPLATE, "content": "Hello there"}, "compare": "always"}
    assert execute(NxlinkApplyTemplateOperator, **arguments)["action"] == "updated"
    assert execute(NxlinkApplyTemplateOperator, try_number=2, **arguments)["action"] == "unchanged"
    assert sandbox.count("update") == 1


@pytest.mark.parametrize(
    "wrong",
    [{"compare": "fast"}, {"on_category_change": "ignore"}],
    ids=str,
)
def test_a_wrong_choice_is_refused_when_the_dag_is_parsed(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: .* is none of"):
        NxlinkApplyTemplateOperator(task_id="task", template=TEMPLATE, **wrong)
