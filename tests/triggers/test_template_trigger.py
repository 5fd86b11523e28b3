"""The trigger that tasks defer to: one template or many, alone or behind one shared stream."""

import asyncio
import functools
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from airflow_provider_nxlink.api.errors import NxlinkAuthError, NxlinkError, NxlinkNotConfiguredError
from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.api.status import Verdict
from airflow_provider_nxlink.hooks.waiting import auth_grace
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.triggers.events import (
    Result,
    encodable,
    error_event,
    read_event,
    valid,
    verdicts_event,
)
from airflow_provider_nxlink.triggers.polling import PollingTrigger
from airflow_provider_nxlink.triggers.reader import Snapshot, Wanted
from airflow_provider_nxlink.triggers.template import NxlinkTemplateChangeTrigger, NxlinkTemplateTrigger

Seed = Callable[..., list[int]]


def trigger(*names: str, **arguments: Any) -> NxlinkTemplateTrigger:
    templates = [{"name": name, "language": "en_US"} for name in names]
    return NxlinkTemplateTrigger(templates, **{"poll_interval": 0.05, **arguments})


class TestManyTemplates:
    def test_it_ends_when_all_are_done(
        self, sandbox: SandboxServer, seed: Seed, fire: Any, later: Any
    ) -> None:
        seed("one", "two", "three", status=1)
        sandbox.approve("one", "en_US")
        later(sandbox.set_status, "two", "en_US", 0, "because")
        later(sandbox.approve, "three", "en_US")
        results = {result.ref.name: result for result in read_event(fire(trigger("one", "two", "three")))}
        assert {name: result.verdict for name, result in results.items()} == {
            "one": "done",
            "two": "failed",
            "three": "done",
        }
        assert results["two"].template is not None
        assert results["two"].template["rejected_reason"] == "because"

    def test_it_ends_at_the_first_failure_if_asked_to(
        self, sandbox: SandboxServer, seed: Seed, fire: Any, later: Any
    ) -> None:
        seed("one", "two")
        later(sandbox.set_status, "two", "en_US", 0, "because")
        (result,) = read_event(fire(trigger("one", "two", fail_fast=True)))
        assert (result.ref.name, result.verdict) == ("two", "failed")

    def test_what_is_done_is_asked_for_no_more(self, sandbox: SandboxServer, seed: Seed) -> None:
        seed("one", status=2)
        seed("two")
        waiting = trigger("one", "two")

        async def run() -> None:
            first = asyncio.ensure_future(anext(waiting.run()))
            async with asyncio.timeout(20):
                while sandbox.count("list") < 3:
                    assert not first.done()
                    await asyncio.sleep(0.01)
            first.cancel()

        asyncio.run(run())
        assert {ref.name for ref in waiting.wanted().refs} == {"two"}


class TestAcrossProcesses:
    def test_its_arguments_are_plain_json_without_a_secret(self, sandbox: SandboxServer) -> None:
        path, arguments = trigger("one", failed_statuses=[0], started_at=1.5, phone="861").serialize()
        assert path == "airflow_provider_nxlink.triggers.template.NxlinkTemplateTrigger"
        assert json.loads(json.dumps(arguments)) == arguments
        again = NxlinkTemplateTrigger(**arguments)
        assert again.serialize() == (path, arguments)
        again.wanted()
        assert again.serialize() == (path, arguments)
        assert sandbox.account.access_secret not in json.dumps(arguments)

    @pytest.mark.parametrize(
        "arguments",
        [
            {"templates": []},
            {"templates": [{"id": None}]},
            {"templates": [{"unknown": 1}]},
            {"templates": None, "poll_interval": -1, "target_status": "?", "failed_statuses": 3},
        ],
    )
    def test_making_it_never_raises(self, arguments: dict[str, Any]) -> None:
        made = NxlinkTemplateTrigger(**arguments)
        assert made.serialize()[1]["templates"] == arguments["templates"]
        assert made.shared_stream_key() is not None

    def test_time_waited_before_a_restart_counts(self, sandbox: SandboxServer, fire: Any) -> None:
        waiting = trigger("missing", not_found_timeout=100, started_at=0.0)
        (result,) = read_event(fire(waiting))
        assert "is not in the list 100 s after the wait began" in result.message

    @pytest.mark.parametrize("event", [None, {}, [], "done", {"kind": "finished"}, {"kind": "verdicts"}])
    def test_an_event_nobody_knows_is_never_success(self, event: Any) -> None:
        with pytest.raises(ValueError, match="an event nobody understands"):
            read_event(event)

    def test_nxlinks_own_error_comes_through(self) -> None:
        error = NxlinkAuthError(1003, "invalid signature", "abc", 200, call="list templates")
        event = json.loads(json.dumps(error_event(error)))
        with pytest.raises(NxlinkAuthError) as raised:
            read_event(event)
        assert str(raised.value) == str(error)

    def test_another_error_comes_through_as_permanent(self) -> None:
        with pytest.raises(NxlinkError, match="KeyError: 'x'") as raised:
            read_event(json.loads(json.dumps(error_event(KeyError("x")))))
        assert raised.value.permanent


HOSTILE = {
    "half of a surrogate pair": "bad \ud800 x",
    "a NUL character": "bad \0 x",
    "an integer beyond 64 bits": 10**30,
    "not a finite number": float("nan"),
    "nested deeper": functools.reduce(lambda inner, _: [inner], range(200), 1),
    "no JSON type": object(),
}


def assert_airflow_can_send(payload: dict[str, Any]) -> None:
    """Encode as the triggerer does, and as PostgreSQL takes it."""
    comms = pytest.importorskip("airflow.sdk.execution_time.comms", reason="this Airflow has no msgpack")
    # The name of a frame's base class differs between versions; the encoder is made by the same function.
    comms._new_encoder().encode(payload)
    assert "\\u0000" not in json.dumps(payload, allow_nan=False)


class TestWhatAirflowCannotEncode:
    @pytest.mark.parametrize("problem", HOSTILE)
    def test_an_event_becomes_an_error_event(self, problem: str) -> None:
        ref = TemplateRef(name="one", language="en_US")
        result = Result(ref, Verdict.DONE, "one is in use", {"name": "one", "content": HOSTILE[problem]})
        event = encodable(verdicts_event([result]))
        assert_airflow_can_send(event)
        with pytest.raises(NxlinkError, match=problem) as raised:
            read_event(event)
        assert "['results'][0]['template']['content']" in str(raised.value)
        assert raised.value.permanent

    def test_a_key_is_looked_at_as_well(self) -> None:
        event = encodable({"kind": "verdicts", "results": [{"bad \ud800": 1}]})
        assert_airflow_can_send(event)
        assert event["kind"] == "error"

    @pytest.mark.parametrize("text", ["bad \ud800 x", "bad \0 x"])
    def test_the_text_of_an_error_is_cleaned(self, text: str) -> None:
        event = error_event(ValueError(text))
        assert_airflow_can_send(event)
        assert event["text"] == "ValueError: bad \ufffd x"

    def test_an_api_error_with_a_huge_code_is_still_an_error(self) -> None:
        event = error_event(NxlinkAuthError(10**30, "bad \ud800", "abc", 200, call="list templates"))
        assert_airflow_can_send(event)
        with pytest.raises(NxlinkError):
            read_event(event)

    @pytest.mark.parametrize("value", [0, -(2**63), 2**64 - 1, 1.5, None, True, "ü 😀", [], {}, {"a": [1]}])
    def test_what_it_can_encode_is_left_alone(self, value: Any) -> None:
        event = {"kind": "verdicts", "results": [value]}
        assert encodable(event) is event
        assert valid(event) == event
        assert_airflow_can_send(event)

    @pytest.mark.parametrize("problem", HOSTILE)
    def test_a_change_is_sent_with_the_value_replaced(self, problem: str) -> None:
        event = {"template": {"name": "one", "content": HOSTILE[problem]}, "previous_status": 1, "status": 0}
        sent = NxlinkTemplateChangeTrigger()._sendable(event)
        assert_airflow_can_send(sent)
        assert (sent["template"]["name"], sent["previous_status"], sent["status"]) == ("one", 1, 0)

    @pytest.mark.parametrize("problem", HOSTILE)
    def test_a_wait_ends_alone_with_what_its_snapshot_holds(self, problem: str) -> None:
        """Also where nothing was cleaned when the answer was read."""
        ref = TemplateRef(name="one", language="en_US")
        template = Template.model_construct(
            name="one", language="en_US", status=0, rejected_reason=HOSTILE[problem]
        )

        async def stream() -> AsyncIterator[Snapshot]:
            yield Snapshot(Wanted(frozenset({ref})), {ref: template})

        async def first() -> Any:
            return (await anext(trigger("one").events(stream()))).payload

        event = asyncio.run(first())
        assert_airflow_can_send(event)
        with pytest.raises(NxlinkError):
            read_event(event)


class TestGrace:
    """Snapshots by hand, and a clock that is set."""

    AUTH = NxlinkAuthError(1003, "invalid signature", "abc", 200, call="list templates")
    AUTH.from_envelope = True
    NOT_CONFIGURED = NxlinkNotConfiguredError(22016, "none", "abc", 200, call="list templates")
    NOT_CONFIGURED.from_envelope = True

    @pytest.fixture
    def ends_after(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int | None]:
        """Return how many snapshots a wait takes to its first event; None when none ends it."""

        def play(*steps: tuple[float, Snapshot], **arguments: Any) -> int | None:
            taken = 0

            async def stream() -> AsyncIterator[Snapshot]:
                nonlocal taken
                for minutes, snapshot in steps:
                    taken += 1
                    monkeypatch.setattr(time, "monotonic", lambda now=60 * minutes: now)
                    yield snapshot

            async def first() -> bool:
                return [event async for event in trigger("one", **arguments).events(stream())] != []

            with asyncio.Runner(loop_factory=_RealClock) as runner:
                return taken if runner.run(first()) else None

        return play

    @staticmethod
    def pending(account: str | None = "A") -> Snapshot:
        ref = TemplateRef(name="one", language="en_US")
        template = Template.model_construct(name="one", language="en_US", status=1)
        return Snapshot(Wanted(frozenset({ref})), {ref: template}, account=account)

    @staticmethod
    def approved(account: str) -> Snapshot:
        ref = TemplateRef(name="one", language="en_US")
        template = Template.model_construct(name="one", language="en_US", status=2)
        return Snapshot(Wanted(frozenset({ref})), {ref: template}, account=account)

    def test_the_first_look_fails_at_once(self, ends_after: Any) -> None:
        assert ends_after((0, Snapshot(error=self.AUTH))) == 1

    @pytest.mark.parametrize("arguments", [{"account": "A"}, {"started_at": 0.0}])
    def test_a_task_has_looked_before_it_defers(self, ends_after: Any, arguments: dict[str, Any]) -> None:
        failed = Snapshot(error=self.AUTH)
        assert ends_after((0, failed), (30, failed), (89, failed), (90, failed), **arguments) == 4

    def test_fewer_than_three_failures_never_end_it(self, ends_after: Any) -> None:
        failed = Snapshot(error=self.AUTH)
        assert ends_after((0, failed), (500, failed), account="A") is None

    def test_a_success_in_between_begins_anew(self, ends_after: Any) -> None:
        failed = Snapshot(error=self.AUTH)
        steps = [(0, failed), (60, failed), (80, self.pending()), (95, failed), (100, failed), (120, failed)]
        assert ends_after(*steps, account="A") is None

    def test_what_nxlink_refuses_for_good_ends_it_at_once(self, ends_after: Any) -> None:
        assert ends_after((0, self.pending()), (1, Snapshot(error=self.NOT_CONFIGURED)), account="A") == 2

    def test_another_accounts_approval_does_not_end_it(self, ends_after: Any) -> None:
        assert ends_after((0, self.pending("A")), (1, self.approved("B")), (2, self.pending("A"))) is None
        assert ends_after((0, self.pending("A")), (1, self.approved("B")), (2, self.approved("A"))) == 3

    @pytest.mark.parametrize("value", ["soon", "-1", "nan", ""])
    def test_a_setting_that_is_no_number_of_minutes_is_the_default(
        self, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW__NXLINK__AUTH_GRACE", value)
        assert auth_grace() == 90 * 60

    def test_the_setting_is_in_minutes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert auth_grace() == 90 * 60
        monkeypatch.setenv("AIRFLOW__NXLINK__AUTH_GRACE", "0.5")
        assert auth_grace() == 30


class _RealClock(asyncio.SelectorEventLoop):
    """An event loop that goes on by its own clock when ``time.monotonic`` is set."""

    _clock = staticmethod(time.monotonic)

    def time(self) -> float:
        return self._clock()


def test_each_state_is_logged_once(
    sandbox: SandboxServer,
    seed: Seed,
    fire: Any,
    later: Any,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def approve_what_was_seen() -> None:
        # A call has a code when it was answered.
        while not any(call.code == 0 for call in sandbox.received(endpoint="list")):
            time.sleep(0.01)
        sandbox.approve("one", "en_US")

    seed("one")
    later(approve_what_was_seen)
    caplog.set_level("INFO")
    fire(trigger("one"))
    # Newer Airflow prints it, older Airflow logs it.
    logs = [capsys.readouterr().out, caplog.text]
    assert max(log.count("template one (en_US) is pending (1); waiting for in use") for log in logs) == 1
    assert max(log.count("template one (en_US) is in use (2)") for log in logs) == 1


class TestSharedStream:
    """On Airflow's own manager of shared streams, which a triggerer of 3.3 runs."""

    @pytest.fixture
    def manager(self) -> Any:
        reason = "this Airflow has no shared streams"
        return pytest.importorskip("airflow.triggers.shared_stream", reason=reason).SharedStreamManager

    @staticmethod
    async def first_event(manager: Any, number: int, waiting: PollingTrigger) -> Any:
        """Do what the triggerer does with a trigger that has a key."""
        key = waiting.shared_stream_key()
        stream = manager.subscribe(trigger_id=number, trigger=waiting, key=key)
        try:
            async for event in waiting.filter_shared_stream(stream):
                return event.payload
        finally:
            await manager.unsubscribe(number, key)
        raise AssertionError("the trigger ended without an event")

    def play(
        self, manager: Any, triggers: list[PollingTrigger], script: Callable[[], Any] | None = None
    ) -> list[Any]:
        """Run the triggers behind one manager to their first events, and a script beside them."""

        async def run() -> list[Any]:
            streams = manager()
            waits = [self.first_event(streams, number, item) for number, item in enumerate(triggers)]
            if script is not None:
                waits.append(asyncio.to_thread(script))
            ended = await asyncio.wait_for(asyncio.gather(*waits), 20)
            await streams.stop_all()
            return ended[: len(triggers)]

        return asyncio.run(run())

    def event_of_a_late_one(
        self, sandbox: SandboxServer, manager: Any, early: PollingTrigger, late: PollingTrigger
    ) -> Any:
        """Return the first event of a trigger that joins when the poll of another is under way."""

        async def run() -> Any:
            streams = manager()
            before = asyncio.create_task(self.first_event(streams, 1, early))
            async with asyncio.timeout(20):
                while not sandbox.count("list"):
                    await asyncio.sleep(0.01)
            event = await asyncio.wait_for(self.first_event(streams, 2, late), 5)
            before.cancel()
            await streams.stop_all()
            return event

        return asyncio.run(run())

    def test_two_hundred_waits_are_one_poll(self, sandbox: SandboxServer, seed: Seed, manager: Any) -> None:
        names = [f"t_{number:03}" for number in range(200)]
        seed(*names)
        waits: list[PollingTrigger] = [trigger(name, poll_interval=0.5) for name in names]
        looks: list[int] = []

        def script() -> None:
            wait_until(lambda: sandbox.count("list") >= 6)
            looks.append(sandbox.count("list"))
            for name in names:
                sandbox.approve(name, "en_US")

        events = self.play(manager, waits, script)
        assert [read_event(event)[0].ref.name for event in events] == names
        # Two pages a poll: three polls before the approvals, and then one or two.
        assert sandbox.count("list") <= looks[0] + 4
        assert {call.query.get("name") for call in sandbox.received(endpoint="list")} == {None}
        assert PollingTrigger._listeners == {}

    def test_each_gets_its_own_verdict(self, sandbox: SandboxServer, seed: Seed, manager: Any) -> None:
        seed("good", status=2)
        seed("bad", status=0)
        good, bad, gone = self.play(
            manager, [trigger("good"), trigger("bad"), trigger("none", not_found_timeout=0.1)]
        )
        assert [read_event(event)[0].verdict for event in (good, bad, gone)] == ["done", "failed", "failed"]

    def test_who_waits_for_the_review_to_begin_gets_the_template_too(
        self, sandbox: SandboxServer, seed: Seed, manager: Any
    ) -> None:
        # The other goes on waiting at this status, so that to it the status would be enough.
        seed("one", status=1)

        event = self.event_of_a_late_one(sandbox, manager, trigger("one"), trigger("one", target_status=1))
        (result,) = read_event(event)
        assert result.verdict == "done"
        assert result.template is not None
        assert (result.template["name"], result.template["content"]) == ("one", "hello")

    def test_bad_credentials_end_all_with_nxlinks_own_error(
        self, sandbox: SandboxServer, seed: Seed, manager: Any
    ) -> None:
        seed("one", "two")
        sandbox.inject("code", endpoint="list", code=1003, times=0)
        for event in self.play(manager, [trigger("one"), trigger("two")]):
            with pytest.raises(NxlinkAuthError, match="1003"):
                read_event(event)

    def test_arguments_nobody_can_read_fail_their_own_trigger_only(
        self, sandbox: SandboxServer, seed: Seed, manager: Any
    ) -> None:
        seed("good")

        async def run() -> Any:
            streams = manager()
            good = asyncio.create_task(self.first_event(streams, 1, trigger("good")))
            await asyncio.sleep(0.1)
            with pytest.raises(TypeError):
                await self.first_event(streams, 2, NxlinkTemplateTrigger([{"nme": "x"}], poll_interval=0.05))
            sandbox.approve("good", "en_US")
            event = await asyncio.wait_for(good, 5)
            await streams.stop_all()
            return event

        assert read_event(asyncio.run(run()))[0].verdict == "done"

    def test_who_joins_late_is_seen_by_the_next_poll(
        self, sandbox: SandboxServer, seed: Seed, manager: Any
    ) -> None:
        seed("early")
        seed("late", status=2)

        event = self.event_of_a_late_one(sandbox, manager, trigger("early"), trigger("late"))
        assert read_event(event)[0].verdict == "done"

    def test_other_connections_senders_and_intervals_poll_apart(self) -> None:
        keys = {
            trigger("one", **arguments).shared_stream_key()
            for arguments in (
                {},
                {"nxlink_conn_id": "other"},
                {"phone": "8613800000001"},
                {"tenant_id": 1},
                {"poll_interval": 60.0},
                {"max_poll_interval": 300.0},
            )
        }
        assert len(keys) == 6
        # The very same, as Airflow keeps one for each trigger.
        assert trigger("one").shared_stream_key() is trigger("two", fail_fast=True).shared_stream_key()


def wait_until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not seen() and time.monotonic() < deadline:
        time.sleep(0.02)
