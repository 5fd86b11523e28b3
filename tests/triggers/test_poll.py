"""The shared poll: what it survives, what ends it, and that it never blocks the event loop."""

import asyncio
import gc
import itertools
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from typing import Any

import pytest

from airflow_provider_nxlink.api.account import AccountError
from airflow_provider_nxlink.api.errors import NxlinkApiError, NxlinkAuthError, NxlinkNotConfiguredError
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.triggers import poll
from airflow_provider_nxlink.triggers.reader import Snapshot

INTERVAL = 0.05


@pytest.fixture(autouse=True)
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call is sent once, so that a test need not sit out the pauses between attempts."""
    monkeypatch.setattr(poll, "POLL_ATTEMPTS", 1)


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO, logger=poll.__name__)
    return lambda: [record.getMessage() for record in caplog.records if record.name == poll.__name__]


def take(count: int, *, interval: float = INTERVAL, max_interval: float = 0.0) -> list[Snapshot]:
    """Return the first snapshots of a poll of the whole list."""

    async def run() -> list[Snapshot]:
        taken = []
        async with aclosing(poll.snapshots(NxlinkHook(), lambda: None, interval, max_interval)) as stream:
            async for snapshot in stream:
                taken.append(snapshot)
                if len(taken) == count:
                    break
        return taken

    return asyncio.run(asyncio.wait_for(run(), 20))


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop"},
        {"kind": "truncate"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 502, "body": "<html>Bad Gateway</html>"},
        {"kind": "status", "status": 429},
        {"kind": "code", "code": -1},
        {"kind": "code", "code": 1004},
    ],
    ids=lambda fault: " ".join(str(value) for value in fault.values()),
)
def test_a_passing_fault_is_survived_and_logged_when_it_begins_and_ends(
    sandbox: SandboxServer, messages: Callable[[], list[str]], fault: dict[str, Any]
) -> None:
    sandbox.inject(**fault, endpoint="list", times=3)
    snapshots = take(2)
    assert [snapshot.error for snapshot in snapshots] == [None, None]
    assert sandbox.count("list") >= 4
    begun, ended = messages()
    assert begun.startswith("Polling is disturbed, and goes on: ")
    assert ended == "Polling is undisturbed again"


def test_an_answer_that_does_not_come_is_survived(
    monkeypatch: pytest.MonkeyPatch, sandbox: SandboxServer
) -> None:
    connection = sandbox.connection
    connection["extra"]["timeout"] = 0.2
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))
    sandbox.inject("hang", endpoint="list", times=1)
    assert take(1)[0].error is None


def closed_port() -> int:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def test_a_server_that_is_down_is_survived(
    monkeypatch: pytest.MonkeyPatch, sandbox: SandboxServer, messages: Callable[[], list[str]]
) -> None:
    port = closed_port()
    connection = {**sandbox.connection, "host": f"http://127.0.0.1:{port}"}
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))

    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with aclosing(poll.snapshots(NxlinkHook(), lambda: None, INTERVAL, 0)) as stream:
                await asyncio.wait_for(anext(stream), 0.6)

    asyncio.run(run())
    (message,) = messages()
    assert "ConnectError" in message


def test_the_server_is_asked_no_sooner_than_it_wishes(sandbox: SandboxServer) -> None:
    sandbox.inject("status", endpoint="list", status=429, headers={"Retry-After": "1"}, times=1)
    take(1)
    first, second = sandbox.received(endpoint="list")
    assert second.time - first.time >= 1


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1001, NxlinkAuthError),
        (1003, NxlinkAuthError),
        (1005, NxlinkAuthError),
        (22016, NxlinkNotConfiguredError),
        (4711, NxlinkApiError),
    ],
)
def test_what_will_not_pass_is_told_at_once(
    sandbox: SandboxServer, code: int, error: type[Exception]
) -> None:
    sandbox.inject("code", endpoint="list", code=code, times=0)
    (snapshot,) = take(1)
    assert type(snapshot.error) is error
    assert f"({code})" in str(snapshot.error)


def test_a_connection_that_can_not_be_used_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", '{"conn_type": "nxlink", "login": "key"}')
    (snapshot,) = take(1)
    assert isinstance(snapshot.error, AccountError)
    assert {problem.partition(":")[0] for problem in snapshot.error.problems} == {
        "password",
        "phone",
        "tenant_id",
    }


def test_a_mended_connection_is_looked_up_anew(
    monkeypatch: pytest.MonkeyPatch, sandbox: SandboxServer
) -> None:
    good = sandbox.connection_json
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", good.replace("sandbox-secret", "wrong-secret"))

    async def run() -> list[Exception | None]:
        errors = []
        async with aclosing(poll.snapshots(NxlinkHook(), lambda: None, INTERVAL, 0)) as stream:
            errors.append((await anext(stream)).error)
            monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", good)
            errors.append((await anext(stream)).error)
        return errors

    refused, mended = asyncio.run(run())
    assert isinstance(refused, NxlinkAuthError)
    assert mended is None


class TestInterval:
    def test_polls_keep_their_distance(self, sandbox: SandboxServer) -> None:
        take(4, interval=0.2)
        times = [call.time for call in sandbox.received(endpoint="list")]
        distances = [after - before for before, after in itertools.pairwise(times)]
        assert all(0.15 < distance < 0.5 for distance in distances), distances

    def test_it_grows_while_nothing_changes_and_starts_over_when_something_does(
        self, sandbox: SandboxServer
    ) -> None:
        body = {"name": "promo", "language": "en_US", "category_type": 2, "content": "hello", "status": 1}
        sandbox.seed([body])
        pauses = iterate_pauses(sandbox, changes_after=5)
        assert pauses[:3] == pytest.approx([0.1, 0.15, 0.225], abs=0.04)
        assert pauses[4] == pytest.approx(0.3, abs=0.05)
        assert pauses[5] == pytest.approx(0.1, abs=0.04)


def iterate_pauses(sandbox: SandboxServer, changes_after: int) -> list[float]:
    """Return the pauses between seven polls; a status changes before one of them."""

    async def run() -> list[float]:
        loop = asyncio.get_running_loop()
        times: list[float] = []
        async with aclosing(poll.snapshots(NxlinkHook(), lambda: None, 0.1, 0.3)) as stream:
            async for _ in stream:
                times.append(loop.time())
                if len(times) == changes_after:
                    sandbox.approve("promo", "en_US")
                if len(times) == 7:
                    break
        return [after - before for before, after in itertools.pairwise(times)]

    return asyncio.run(run())


def test_groups_that_begin_together_do_not_ask_together(sandbox: SandboxServer) -> None:
    async def first(stream: AsyncIterator[Snapshot]) -> None:
        async with aclosing(stream):  # type: ignore[type-var]
            await anext(stream)

    async def run() -> None:
        hook = NxlinkHook()
        await asyncio.gather(*(first(poll.snapshots(hook, lambda: None, 1.0, 0)) for _ in range(20)))

    asyncio.run(run())
    times = sorted(call.time for call in sandbox.received(endpoint="list"))
    assert times[-1] - times[0] > 0.3


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Keep Python's collector out: walking the heap of a whole Airflow takes it over 100 ms."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("no_collection")
def test_the_event_loop_is_never_held_for_50_ms(
    sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"language": "en_US", "category_type": 2, "content": "x" * 1000}
    sandbox.seed([{**body, "name": f"t_{number:04}"} for number in range(5000)])

    async def run() -> int:
        asyncio.get_running_loop().slow_callback_duration = 0.05
        async with aclosing(poll.snapshots(NxlinkHook(), lambda: None, 0.01, 0)) as stream:
            await anext(stream)
            return len(list((await anext(stream)).all()))

    def slow() -> list[str]:
        caplog.clear()
        assert asyncio.run(run(), debug=True) == 5000
        return [record.getMessage() for record in caplog.records if record.name == "asyncio"]

    caplog.set_level(logging.WARNING, logger="asyncio")
    take(1)  # imports what a triggerer has imported long ago
    # A busy machine holds a run up now and then; what blocks by itself does so in each.
    assert any(slow() == [] for _ in range(10)), caplog.text
