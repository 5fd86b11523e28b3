"""The sensor in poke and reschedule mode."""

import inspect
import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
)
from airflow.sensors import base as sensors_base

from airflow_provider_nxlink.api.account import AccountError
from airflow_provider_nxlink.api.errors import NxlinkApiError, NxlinkAuthError
from airflow_provider_nxlink.api.models import TemplateStatus
from airflow_provider_nxlink.exceptions import NxlinkTemplateFailedError
from airflow_provider_nxlink.operators.template import NxlinkCreateTemplateOperator
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor
from airflow_provider_nxlink.specs.model import TemplateSpec

SEED = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello there"}
REF = {"name": "promo", "language": "en_US"}
SPEC = {**REF, "category": "MARKETING", "content": "Hello there"}

# Status → how a wait for "in use" and a wait for "deleted" go on (the contract's table of statuses).
STATUSES: dict[int, tuple[str, str]] = {
    0: ("failed", "wait"),
    1: ("wait", "wait"),
    2: ("done", "wait"),
    3: ("wait", "wait"),
    6: ("failed", "wait"),
    9: ("failed", "wait"),
    11: ("failed", "wait"),
    12: ("failed", "wait"),
    14: ("failed", "done"),
    77: ("wait", "wait"),
}


def execute(**arguments: Any) -> Any:
    """Run a sensor until it ends; it may look for 0.3 s."""
    defaults = {"template": REF, "poke_interval": 0.05, "timeout": 0.3}
    context = {"ti": SimpleNamespace(task_id="task", map_index=-1, try_number=1, max_tries=0)}
    return NxlinkTemplateSensor(task_id="task", **{**defaults, **arguments}).execute(context)


def ends(**arguments: Any) -> str:
    """Say how a wait ends."""
    try:
        execute(**arguments)
    except NxlinkTemplateFailedError:
        return "failed"
    except AirflowSensorTimeout:
        return "wait"
    except AirflowSkipException:
        return "skipped"
    return "done"


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_every_status_ends_the_wait_as_the_contract_says(
    status: int, mode: str, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    sandbox.switch(keep_deleted=True)
    sandbox.seed([{**SEED, "status": status, "waRejectedReason": "SPAM" if status == 0 else ""}])
    for target, expected in zip((2, 14), STATUSES[status], strict=True):
        if mode == "poke":
            assert ends(target_status=target) == expected
            continue
        run = run_task(
            NxlinkTemplateSensor,
            template=REF,
            target_status=target,
            mode="reschedule",
            poke_interval=0.01,
            timeout=0.0 if expected == "wait" else 60,
            retries=1,
        )
        assert run.state() == ("success" if expected == "done" else "failed")
        kinds = {"failed": NxlinkTemplateFailedError, "wait": AirflowSensorTimeout}
        if expected != "done":
            assert isinstance(run.error(), kinds[expected])
            assert run.tries() == 1


def test_the_verdict_carries_nxlinks_reason_and_the_next_step(sandbox: SandboxServer) -> None:
    sandbox.seed([{**SEED, "status": 0, "waRejectedReason": "TAG_CONTENT_MISMATCH"}])
    with pytest.raises(
        NxlinkTemplateFailedError, match=r"promo \(en_US\) is rejected \(0\): TAG_CONTENT_MISMATCH\. Change"
    ):
        execute()


@pytest.mark.parametrize(
    "template",
    ["id", "digits", REF, SPEC, TemplateSpec(**SPEC), {"id": None, **REF}],
    ids=["id", "digits", "mapping", "spec mapping", "spec", "mapping without id"],
)
def test_the_template_may_be_given_in_each_way(template: Any, sandbox: SandboxServer) -> None:
    (number,) = sandbox.seed([SEED])
    given = (
        {"id": number, "digits": str(number)}.get(template, template)
        if template in ("id", "digits")
        else template
    )
    assert execute(template=given)["id"] == number


def test_the_output_of_create_may_be_waited_for(
    sandbox: SandboxServer, run_dag: Callable[..., Any], new_dag: Callable[..., Any]
) -> None:
    sandbox.switch(approve_after=0.5)
    with new_dag() as dag:
        create = NxlinkCreateTemplateOperator(task_id="create", template=SPEC)
        NxlinkTemplateSensor(task_id="task", template=create.output, poke_interval=0.1)
    run = run_dag(dag)
    assert run.states == {"create": "success", "task": "success"}
    assert (run.value("create")["status_name"], run.value()["status_name"]) == ("PENDING", "IN_USE")
    assert run.value()["id"] == run.value("create")["id"]


@pytest.fixture
def approved_after_a_look(sandbox: SandboxServer) -> Iterator[int]:
    """A template that comes into use when it was looked for once; the number of lists until then."""
    sandbox.switch(approve_after=3600)
    NxlinkCreateTemplateOperator(task_id="create", template=SPEC).execute({})
    before = len(sandbox.received(endpoint="list"))
    over = threading.Event()

    def approve() -> None:
        # A call has a code when it was answered.
        while not any(call.code == 0 for call in sandbox.received(endpoint="list")[before:]):
            if over.wait(0.02):
                return
        sandbox.approve("promo", "en_US")

    approver = threading.Thread(target=approve)
    approver.start()
    yield before
    over.set()
    approver.join()


def test_poke_mode_looks_until_it_is_in_use(sandbox: SandboxServer, approved_after_a_look: int) -> None:
    returned = execute(timeout=30, poke_interval=0.1)
    assert (returned["status"], returned["content"]) == (2, "Hello there")
    assert sandbox.count("list") - approved_after_a_look >= 2


@pytest.fixture
def second_looks(run_task: Callable[..., Any]) -> None:
    """Ask for an Airflow in whose ``dag.test()`` a sensor outlives its second look in reschedule mode."""

    class Plain(BaseSensorOperator):
        # The second that sees nothing asks how long it has waited since the first; ours always asks.
        looks = iter([False, False, True])

        def poke(self, context: Any) -> bool:
            return next(self.looks)

    run = run_task(Plain, mode="reschedule", poke_interval=0.01, timeout=60)
    if run.state() != "success":
        kind = type(run.error()).__name__
        pytest.skip(f"in dag.test() of this Airflow any sensor's second look in reschedule mode is a {kind}")


@pytest.mark.usefixtures("second_looks")
def test_reschedule_mode_looks_until_it_is_in_use(
    sandbox: SandboxServer, run_task: Callable[..., Any], approved_after_a_look: int
) -> None:
    run = run_task(NxlinkTemplateSensor, template=REF, mode="reschedule", poke_interval=0.1, timeout=60)
    assert run.state() == "success"
    assert sandbox.count("list") - approved_after_a_look >= 2
    assert json.loads(json.dumps(run.value()))["status_name"] == "IN_USE"


@pytest.mark.parametrize(("reference", "timeout"), [(REF, 0.15), (4711, 0.15), (REF, 0)])
def test_a_template_that_stays_away_fails_after_not_found_timeout(
    reference: Any, timeout: float, sandbox: SandboxServer
) -> None:
    with pytest.raises(NxlinkTemplateFailedError, match=r"is not in the list .* not_found_timeout"):
        execute(template=reference, not_found_timeout=timeout, timeout=5)


@pytest.mark.usefixtures("second_looks")
def test_not_found_timeout_counts_over_reschedules(
    sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    run = run_task(
        NxlinkTemplateSensor,
        template=REF,
        mode="reschedule",
        poke_interval=0.3,
        not_found_timeout=0.5,
        timeout=30,
    )
    assert run.state() == "failed"
    assert isinstance(run.error(), NxlinkTemplateFailedError)
    assert "is not in the list" in str(run.error())


def test_a_template_that_appears_in_time_is_waited_for(sandbox: SandboxServer) -> None:
    timer = threading.Timer(0.2, lambda: sandbox.seed([SEED]))
    timer.start()
    assert execute(timeout=5, not_found_timeout=3)["status_name"] == "IN_USE"
    timer.join()


def test_gone_is_deleted(sandbox: SandboxServer) -> None:
    assert execute(target_status=TemplateStatus.DELETED) is None


@pytest.mark.parametrize(("on_paused", "end"), [("fail", "failed"), ("wait", "wait")])
def test_a_pause_fails_or_is_waited_for(on_paused: str, end: str, sandbox: SandboxServer) -> None:
    sandbox.seed([{**SEED, "status": 11}])
    assert ends(on_paused=on_paused) == end


def test_a_pause_that_ends_is_no_failure(sandbox: SandboxServer) -> None:
    sandbox.switch(approve_after=0)
    body = {**SPEC, "name": "pause_me"}
    NxlinkCreateTemplateOperator(task_id="create", template=body).execute({})
    reference = {"name": "pause_me", "language": "en_US"}
    assert ends(template=reference) == "failed"
    sandbox.clock.advance(3 * 3600 + 1)
    assert ends(template=reference, on_paused="wait") == "done"


def test_failed_statuses_can_be_chosen(sandbox: SandboxServer) -> None:
    sandbox.seed([{**SEED, "status": 3}])
    assert ends(failed_statuses=[TemplateStatus.APPEALED]) == "failed"
    sandbox.set_status("promo", "en_US", 0)
    assert ends(failed_statuses=[]) == "wait"


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_soft_fail_skips_a_verdict_and_a_timeout(
    mode: str, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    sandbox.seed([{**SEED, "status": 0}, {**SEED, "name": "pending", "status": 1}])
    for reference, timeout in ((REF, 60), ({**REF, "name": "pending"}, 0.0)):
        run = run_task(
            NxlinkTemplateSensor,
            template=reference,
            soft_fail=True,
            mode=mode,
            timeout=timeout,
            poke_interval=0.01,
        )
        assert run.state() == "skipped"


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
@pytest.mark.parametrize(("code", "kind"), [(1003, NxlinkAuthError), (22016, NxlinkApiError)])
def test_soft_fail_never_skips_what_nxlink_refuses(
    *, mode: str, code: int, kind: Any, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    sandbox.inject("code", code=code, times=0)
    run = run_task(
        NxlinkTemplateSensor, template=REF, soft_fail=True, mode=mode, timeout=60, poke_interval=0.01
    )
    assert run.state() == "failed"
    assert isinstance(run.error(), kind)
    assert not isinstance(run.error(), AirflowFailException)


def test_soft_fail_never_skips_a_broken_connection(
    sandbox: SandboxServer, run_task: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = json.loads(os.environ["AIRFLOW_CONN_NXLINK_DEFAULT"])
    del connection["login"]
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))
    run = run_task(NxlinkTemplateSensor, template=REF, soft_fail=True, poke_interval=0.01)
    assert run.state() == "failed"
    assert isinstance(run.error(), AccountError)


def test_a_fault_that_passes_within_a_poke_is_not_seen(sandbox: SandboxServer) -> None:
    sandbox.seed([SEED])
    sandbox.inject("status", status=503, endpoint="list")
    assert ends(timeout=10) == "done"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"poke_interval": 0}, "poke_interval: .*above 0"),
        ({"poke_interval": -1}, "poke_interval"),
        ({"poke_interval": timedelta(0)}, "poke_interval"),
        ({"failed_statuses": [0, 2]}, "failed_statuses: holds the target IN_USE"),
        ({"target_status": 1, "failed_statuses": [1]}, "failed_statuses: holds the target PENDING"),
        ({"target_status": 5}, "target_status: 5 is none of"),
        ({"failed_statuses": [99]}, r"failed_statuses: \[99\] are none of"),
        ({"on_paused": "ignore"}, "on_paused: 'ignore' is neither"),
        ({"not_found_timeout": -1}, "not_found_timeout: -1"),
        ({"template": {**SPEC, "syn_meta": False}}, "syn_meta: false .* no verdict ever comes"),
        ({"template": TemplateSpec(**SPEC, syn_meta=False)}, "syn_meta: false"),
        ({"template": {"name": "promo"}}, "give an id, or a mapping"),
        ({"template": "promo"}, "give an id, or a mapping"),
        ({"template": {"id": "../1"}}, "not a template id"),
    ],
)
def test_what_can_never_work_is_refused_when_the_dag_is_parsed(
    arguments: dict[str, Any], message: str
) -> None:
    # Older Airflow's own class says some of it.
    with pytest.raises((ValueError, AirflowException), match=message):
        NxlinkTemplateSensor(task_id="task", **{"template": REF, **arguments})


def test_a_template_kept_from_meta_may_be_waited_for_until_it_is_gone() -> None:
    NxlinkTemplateSensor(
        task_id="task", template={**SPEC, "syn_meta": False}, target_status=TemplateStatus.DELETED
    )


def test_a_template_that_turns_out_to_be_kept_from_meta_is_refused_before_anything_is_sent(
    sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    template = {**SPEC, "syn_meta": "{{ params.sync }}"}
    run = run_task(NxlinkTemplateSensor, template=template, timeout=1, dag={"params": {"sync": False}})
    assert run.state() == "failed"
    assert "no verdict ever comes" in str(run.error())
    assert sandbox.received() == []


def test_the_default_interval_is_a_minute() -> None:
    assert NxlinkTemplateSensor(task_id="task", template=1).poke_interval == 60


class TestAcrossReschedules:
    """Each poke is made by another process; Airflow 3.3 keeps state for the task between them."""

    class Store:
        def __init__(self) -> None:
            self.values: dict[str, str] = {}

        def get(self, key: str, default: Any = None) -> Any:
            return json.loads(self.values[key]) if key in self.values else default

        def set(self, key: str, value: Any) -> None:
            self.values[key] = json.dumps(value)

    @pytest.fixture
    def poke(self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
        """Return what makes the next poke of one wait, with a sensor of its own."""
        from airflow.exceptions import AirflowRescheduleException  # noqa: PLC0415 - older ones have it there

        from airflow_provider_nxlink.sensors import template  # noqa: PLC0415 - beside its only use

        pokes = count()
        begun = datetime.now(UTC)

        def run(store: Any = None) -> Any:
            first = None if next(pokes) == 0 else begun
            monkeypatch.setattr(template, "_first_reschedule", lambda *_: first)
            if hasattr(sensors_base, "_orig_start_date"):  # Airflow 2 reads it from the database
                monkeypatch.setattr(sensors_base, "_orig_start_date", lambda **_: first)
            ti = SimpleNamespace(
                dag_id="dag", run_id="run", task_id="task", map_index=-1, try_number=1, max_tries=0
            )
            ti.get_first_reschedule_date = lambda *_: first
            context = {"ti": ti, **({} if store is None else {"task_state_store": store})}
            arguments = {"template": REF, "poke_interval": 1, "timeout": 3600, "mode": "reschedule"}
            sensor = NxlinkTemplateSensor(task_id="task", **arguments)
            try:
                return sensor.execute(context)
            except AirflowRescheduleException:
                return "rescheduled"

        sandbox.seed([{**SEED, "status": 1}])
        if hasattr(inspect.getmodule(BaseSensorOperator), "_orig_start_date"):
            monkeypatch.setattr(inspect.getmodule(BaseSensorOperator), "_orig_start_date", lambda **_: begun)
        return run

    def test_the_first_poke_fails_at_once(self, sandbox: SandboxServer, poke: Callable[..., Any]) -> None:
        sandbox.inject("code", endpoint="list", code=1003, times=0)
        with pytest.raises(NxlinkAuthError):
            poke(self.Store())

    @pytest.mark.parametrize("kept", [True, False], ids=["with a store", "without a store"])
    def test_a_later_one_has_the_grace(
        self, sandbox: SandboxServer, poke: Callable[..., Any], kept: bool
    ) -> None:
        store = self.Store() if kept else None
        assert poke(store) == "rescheduled"
        fault = sandbox.inject("code", endpoint="list", code=1003, times=0)
        assert [poke(store) for _ in range(4)] == ["rescheduled"] * 4
        sandbox.state.faults.withdraw(fault.id)
        sandbox.approve("promo", "en_US")
        assert poke(store)["status"] == 2

    def test_the_grace_is_counted_over_the_pokes(
        self, sandbox: SandboxServer, poke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW__NXLINK__AUTH_GRACE", "0")
        store = self.Store()
        assert poke(store) == "rescheduled"
        sandbox.inject("code", endpoint="list", code=1003, times=0)
        assert [poke(store) for _ in range(2)] == ["rescheduled"] * 2
        with pytest.raises(NxlinkAuthError):
            poke(store)

    def test_another_accounts_status_does_not_reach_the_wait(
        self, sandbox: SandboxServer, poke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = self.Store()
        assert poke(store) == "rescheduled"
        with SandboxServer() as other:
            other.seed([{**SEED, "status": 2}])
            monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", other.connection_json)
            assert poke(store) == "rescheduled"
            assert other.received == []
        assert sandbox.account.access_secret not in json.dumps(store.values)
