"""Poke, reschedule and deferrable mode end alike, in everything a user can see."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSensorTimeout, AirflowSkipException

from airflow_provider_nxlink.api.errors import NxlinkAuthError, NxlinkError
from airflow_provider_nxlink.api.models import TemplateStatus
from airflow_provider_nxlink.exceptions import NxlinkTemplateFailedError
from airflow_provider_nxlink.operators.template import (
    NxlinkCreateTemplateOperator,
    NxlinkDeleteTemplateOperator,
    NxlinkUpdateTemplateOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor

REF = {"name": "promo", "language": "en_US"}
BODY = {"language": "en_US", "category_type": 2, "content": "hello"}
SPEC = {**REF, "category": "UTILITY", "content": "Hello {{1}}, welcome."}
MODES = {
    "poke": {},
    "reschedule": {"mode": "reschedule"},
    "deferrable": {"deferrable": True},
}

Finish = Callable[..., Any]
Seed = Callable[..., list[int]]


@pytest.fixture(params=MODES.values(), ids=MODES)
def sensor(request: pytest.FixtureRequest) -> Callable[..., NxlinkTemplateSensor]:
    def make(**arguments: Any) -> NxlinkTemplateSensor:
        settings = {"template": REF, "poke_interval": 0.05, "timeout": 20, **request.param}
        return NxlinkTemplateSensor(task_id="wait", **{**settings, **arguments})

    return make


def ending(finish: Finish, operator: Any, **how: Any) -> Any:
    """Return the result, or the error's class and text, of what the waiter went through."""
    try:
        return finish(operator, **how)
    except Exception as error:  # noqa: BLE001 - the error is what the test is about
        return type(error), str(error)


# What a wait for "in use" makes of each status at its first look.
AT_ONCE = {
    TemplateStatus.REJECTED: (
        "template promo (en_US) is rejected (0): because. "
        "Change what the reason names and update the template, or create another"
    ),
    TemplateStatus.UNAVAILABLE: (
        "template promo (en_US) is unavailable (6): because. NXLink's console says why it is unavailable"
    ),
    TemplateStatus.PENDING_DELETION: (
        "template promo (en_US) is pending deletion (9): because. "
        "Somebody asked for its deletion: create it under another name"
    ),
    TemplateStatus.PAUSED: (
        "template promo (en_US) is paused (11): because. "
        'Meta lifts a pause after 3 h, then 6 h: on_paused="wait" waits for that'
    ),
    TemplateStatus.EXCEEDED_LIMIT: (
        "template promo (en_US) is exceeded limit (12): because. "
        "The account has as many templates as it may: delete some"
    ),
    TemplateStatus.DELETED: (
        "template promo (en_US) is deleted (14): because. "
        "Create it anew; Meta locks the name of an approved one for 30 days"
    ),
}


@pytest.mark.parametrize("status", AT_ONCE)
@pytest.mark.parametrize("when", ["at the first look", "later"])
def test_a_verdict_fails_the_wait_with_its_reason(
    sandbox: SandboxServer,
    finish: Finish,
    seed: Seed,
    sensor: Any,
    later: Any,
    status: TemplateStatus,
    when: str,
) -> None:
    sandbox.switch(keep_deleted=True)
    seed("promo")
    (sandbox.set_status if when == "at the first look" else partial(later, sandbox.set_status))(
        "promo", "en_US", int(status), "because"
    )
    assert ending(finish, sensor()) == (NxlinkTemplateFailedError, AT_ONCE[status])


@pytest.mark.parametrize("status", [TemplateStatus.PENDING, TemplateStatus.APPEALED, 77])
def test_a_status_that_is_no_verdict_is_waited_out(
    sandbox: SandboxServer, finish: Finish, seed: Seed, sensor: Any, status: int
) -> None:
    seed("promo")
    sandbox.set_status("promo", "en_US", int(status))
    assert ending(finish, sensor(timeout=0.3), timed_out=True) == (
        AirflowSensorTimeout,
        "template promo (en_US) is not in use 0.3 s after the wait began",
    )


@pytest.mark.parametrize("when", ["at the first look", "later"])
def test_an_approved_template_is_returned(
    sandbox: SandboxServer, finish: Finish, seed: Seed, sensor: Any, later: Any, when: str
) -> None:
    (template_id,) = seed("promo")
    (sandbox.approve if when == "at the first look" else partial(later, sandbox.approve))("promo", "en_US")
    result = finish(sensor())
    assert result.pop("created_at")
    assert result.pop("updated_at")
    assert result == {
        "id": template_id,
        "name": "promo",
        "language": "en_US",
        "status": 2,
        "status_name": "IN_USE",
        "category": "UTILITY",
        "content": "hello",
        "quality": "UNKNOWN",
        "rejected_reason": None,
    }


def test_a_template_may_be_meant_by_its_id(
    sandbox: SandboxServer, finish: Finish, seed: Seed, sensor: Any, later: Any
) -> None:
    (template_id,) = seed("promo")
    later(sandbox.approve, "promo", "en_US")
    assert finish(sensor(template=template_id))["id"] == template_id


def test_a_pause_is_waited_out_if_asked_for(
    sandbox: SandboxServer, finish: Finish, seed: Seed, sensor: Any, later: Any
) -> None:
    seed("promo", status=11)
    later(sandbox.approve, "promo", "en_US")
    assert finish(sensor(on_paused="wait"))["status"] == 2


def test_failed_statuses_are_the_users_choice(
    sandbox: SandboxServer, finish: Finish, seed: Seed, sensor: Any
) -> None:
    seed("promo", status=3)
    error, message = ending(finish, sensor(failed_statuses=[3]))
    assert (error, message) == (NxlinkTemplateFailedError, "template promo (en_US) is appealed (3)")


def test_a_template_that_appears_late_is_given_time(
    sandbox: SandboxServer, finish: Finish, seed: Seed, sensor: Any, later: Any
) -> None:
    later(partial(seed, status=2), "promo")
    assert finish(sensor(not_found_timeout=10))["status"] == 2


def test_a_template_that_never_appears_fails_after_not_found_timeout(
    sandbox: SandboxServer, finish: Finish, sensor: Any
) -> None:
    assert ending(finish, sensor(not_found_timeout=0.2)) == (
        NxlinkTemplateFailedError,
        "template promo (en_US) is not in the list 0.2 s after the wait began. Check its name, language and "
        "sender; not_found_timeout gives it longer",
    )


@pytest.mark.parametrize("how", ["leaves the list", "stays as deleted"])
def test_a_deletion_can_be_waited_for(
    sandbox: SandboxServer, finish: Finish, seed: Seed, sensor: Any, later: Any, how: str
) -> None:
    sandbox.switch(keep_deleted=how == "stays as deleted")
    (template_id,) = seed("promo", status=9)
    later(sandbox.set_status, "promo", "en_US", 14)
    result = finish(sensor(target_status=TemplateStatus.DELETED))
    assert result is None or result["id"] == template_id


class TestSoftFail:
    def test_a_verdict_is_a_skip(self, finish: Finish, seed: Seed, sensor: Any) -> None:
        seed("promo", status=0)
        assert ending(finish, sensor(soft_fail=True))[0] is AirflowSkipException

    def test_a_later_verdict_is_a_skip(
        self, sandbox: SandboxServer, finish: Finish, seed: Seed, sensor: Any, later: Any
    ) -> None:
        seed("promo")
        later(sandbox.set_status, "promo", "en_US", 0, "because")
        assert ending(finish, sensor(soft_fail=True))[0] is AirflowSkipException

    def test_a_timeout_is_a_skip(self, finish: Finish, seed: Seed, sensor: Any) -> None:
        seed("promo")
        result = ending(finish, sensor(soft_fail=True, timeout=0.2), timed_out=True)
        assert result[0] is AirflowSkipException

    def test_bad_credentials_are_no_skip(
        self, sandbox: SandboxServer, finish: Finish, seed: Seed, sensor: Any
    ) -> None:
        seed("promo")
        sandbox.inject("code", endpoint="list", code=1003, times=0)
        error, message = ending(finish, sensor(soft_fail=True))
        assert error is NxlinkAuthError
        assert message.startswith("authentication failed (1003): list templates")

    def test_credentials_that_go_bad_later_are_no_skip(
        self,
        sandbox: SandboxServer,
        finish: Finish,
        seed: Seed,
        sensor: Any,
        later: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("AIRFLOW__NXLINK__AUTH_GRACE", "0")
        seed("promo")
        later(partial(sandbox.inject, "code", endpoint="list", code=1005, times=0))
        error, message = ending(finish, sensor(soft_fail=True))
        assert error is NxlinkAuthError
        assert message.startswith("authentication failed (1005): list templates")


class TestErrorsAfterTheFirstLook:
    """The grace of ``[nxlink] auth_grace``, 90 minutes, and what needs none."""

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "status", "status": 403, "body": "<html></html>"},
            {"kind": "status", "status": 404, "body": "<html></html>"},
            {"kind": "status", "status": 302, "headers": {"Location": "https://login.example/"}},
            {"kind": "code", "code": 1003},
            {"kind": "code", "code": 1005},
        ],
        ids=lambda fault: str(fault.get("code", fault.get("status"))),
    )
    def test_they_do_not_end_the_wait(
        self, sandbox: SandboxServer, finish: Finish, seed: Seed, sensor: Any, later: Any, fault: Any
    ) -> None:
        def fail_then_approve() -> None:
            sandbox.inject(**fault, endpoint="list", times=4)
            sandbox.approve("promo", "en_US")

        seed("promo")
        later(fail_then_approve)
        assert finish(sensor())["status"] == 2

    def test_the_wait_goes_on_with_a_rotated_key(
        self,
        sandbox: SandboxServer,
        finish: Finish,
        seed: Seed,
        sensor: Any,
        later: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("AIRFLOW__NXLINK__AUTH_GRACE", "0")

        def rotate() -> None:
            connection = {**sandbox.connection, "password": "rotated-secret"}
            monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))
            sandbox.state.account = replace(sandbox.account, access_secret="rotated-secret")
            sandbox.approve("promo", "en_US")

        seed("promo")
        later(rotate)
        assert finish(sensor())["status"] == 2

    @pytest.mark.parametrize("grace", ["0", "90"])
    def test_another_accounts_status_never_ends_the_wait_well(
        self,
        sandbox: SandboxServer,
        finish: Finish,
        seed: Seed,
        sensor: Any,
        later: Any,
        monkeypatch: pytest.MonkeyPatch,
        grace: str,
    ) -> None:
        monkeypatch.setenv("AIRFLOW__NXLINK__AUTH_GRACE", grace)
        seed("promo")
        with SandboxServer() as other:
            other.seed([{**BODY, "name": "promo", "status": 2}])
            later(monkeypatch.setenv, "AIRFLOW_CONN_NXLINK_DEFAULT", other.connection_json)
            if grace == "0":
                error, message = ending(finish, sensor(soft_fail=True))
                assert issubclass(error, NxlinkError)
                assert "now leads to another account: the wait began on tenant" in message
            else:
                timer = threading.Timer(
                    1.0,
                    lambda: (
                        monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", sandbox.connection_json),
                        sandbox.reject("promo", "en_US"),
                    ),
                )
                timer.start()
                assert ending(finish, sensor())[0] is NxlinkTemplateFailedError
                timer.join()
            assert other.received == []

    def test_a_deleted_connection_ends_the_wait_after_the_grace(
        self,
        sandbox: SandboxServer,
        finish: Finish,
        seed: Seed,
        sensor: Any,
        later: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("AIRFLOW__NXLINK__AUTH_GRACE", "0.01")
        seed("promo")
        later(monkeypatch.delenv, "AIRFLOW_CONN_NXLINK_DEFAULT")
        begun = time.monotonic()
        _, message = ending(finish, sensor())
        assert "nxlink_default" in message
        assert time.monotonic() - begun > 0.6


@pytest.mark.parametrize("deferrable", [False, True])
class TestOperatorsThatWait:
    def test_create_returns_the_approved_template(
        self, sandbox: SandboxServer, finish: Finish, deferrable: bool
    ) -> None:
        sandbox.switch(approve_after=0.3)
        create = NxlinkCreateTemplateOperator(
            task_id="create", template=SPEC, wait_for_approval=True, deferrable=deferrable, poll_interval=0.05
        )
        assert finish(create)["status_name"] == "IN_USE"
        assert sandbox.count("create") == 1

    def test_create_fails_with_the_reason_of_a_rejection(
        self, sandbox: SandboxServer, finish: Finish, deferrable: bool
    ) -> None:
        sandbox.switch(approve_after=0.3)
        create = NxlinkCreateTemplateOperator(
            task_id="create",
            template={**SPEC, "name": "please_reject"},
            wait_for_approval=True,
            deferrable=deferrable,
            poll_interval=0.05,
        )
        error, message = ending(finish, create)
        assert error is NxlinkTemplateFailedError
        assert "is rejected (0): INVALID_FORMAT" in message

    def test_update_waits_for_the_new_version(
        self, sandbox: SandboxServer, finish: Finish, seed: Seed, deferrable: bool
    ) -> None:
        seed("promo", status=2)
        sandbox.switch(approve_after=0.3)
        update = NxlinkUpdateTemplateOperator(
            task_id="update", template=SPEC, wait_for_approval=True, deferrable=deferrable, poll_interval=0.05
        )
        result = finish(update)
        assert (result["status"], result["content"]) == (2, SPEC["content"])

    def test_delete_waits_until_it_is_gone(
        self, sandbox: SandboxServer, finish: Finish, seed: Seed, deferrable: bool
    ) -> None:
        (template_id,) = seed("promo", status=2)
        sandbox.switch(delete_after=0.3)
        delete = NxlinkDeleteTemplateOperator(
            task_id="delete", template=REF, wait_until_gone=True, deferrable=deferrable, poll_interval=0.05
        )
        assert finish(delete) == {**REF, "id": template_id, "deleted": True}
        assert sandbox.template("promo", "en_US") is None

    def test_the_waits_timeout_is_its_own(self, finish: Finish, seed: Seed, deferrable: bool) -> None:
        create = NxlinkCreateTemplateOperator(
            task_id="create",
            template={**SPEC, "name": "never_ending"},
            wait_for_approval=True,
            deferrable=deferrable,
            poll_interval=0.05,
            timeout=0.3,
        )
        assert ending(finish, create, timed_out=True)[0] is AirflowSensorTimeout


def test_a_deferred_poll_backs_off_if_asked_to(finish: Finish, seed: Seed) -> None:
    from airflow.providers.common.compat.sdk import TaskDeferred  # noqa: PLC0415

    seed("promo")
    sensor = NxlinkTemplateSensor(
        task_id="wait",
        template=REF,
        deferrable=True,
        poke_interval=60,
        exponential_backoff=True,
        max_wait=timedelta(minutes=10),
    )
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute({})
    assert (deferred.value.trigger.poll_interval, deferred.value.trigger.max_poll_interval) == (60, 600)
    create = NxlinkCreateTemplateOperator(
        task_id="create",
        template=SPEC | {"name": "never_ending"},
        wait_for_approval=True,
        deferrable=True,
        max_poll_interval=timedelta(minutes=10),
    )
    with pytest.raises(TaskDeferred) as deferred:
        create.execute({})
    assert (deferred.value.trigger.poll_interval, deferred.value.trigger.max_poll_interval) == (60, 600)
