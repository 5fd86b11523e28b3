"""The shared poll: what it survives, what ends it, and that it never blocks the event loop."""

import asyncio
import gc
import itertools
import json
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException

from airflow_provider_nxlink.api.account import AccountError
from airflow_provider_nxlink.api.errors import NxlinkApiError, NxlinkAuthError, NxlinkNotConfiguredError
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.hooks.waiting import AccountChangedError
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sandbox.settings import Account
from airflow_provider_nxlink.triggers import poll
from airflow_provider_nxlink.triggers.reader import Snapshot, TemplateReader, Wanted

INTERVAL = 0.05


@pytest.fixture(autouse=True)
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call is sent once, so that a test need not sit out the pauses between attempts."""
    monkeypatch.setattr(poll, "POLL_ATTEMPTS", 1)


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO, logger=poll.__name__)
    return lambda: [record.getMessage() for record in caplog.records if record.name == poll.__name__]


def everything() -> Wanted:
    return Wanted(everything=True)


def take(count: int, *, interval: float = INTERVAL, max_interval: float = 0.0) -> list[Snapshot]:
    """Return the first snapshots of a poll of the whole list."""

    async def run() -> list[Snapshot]:
        taken = []
        async with aclosing(poll.snapshots(NxlinkHook(), everything, interval, max_interval)) as stream:
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
    assert begun.startswith("Polling failed, will retry: ")
    assert ended == "Polling recovered"


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
    polls = itertools.count()

    def wanted() -> Wanted:
        if next(polls) == 4:
            monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", sandbox.connection_json)
        return everything()

    async def run() -> Snapshot:
        async with aclosing(poll.snapshots(NxlinkHook(), wanted, INTERVAL, 0)) as stream:
            return await asyncio.wait_for(anext(stream), 20)

    assert asyncio.run(run()).error is None
    assert next(polls) > 4, "four polls saw nothing and raised nothing"
    failed, recovered = messages()
    assert "ConnectError" in failed
    assert recovered == "Polling recovered"


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


PAGE = "<html><body>Forbidden</body></html>"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 401, "body": PAGE},
        {"status": 403, "body": PAGE},
        {"status": 404, "body": PAGE},
        {"status": 408, "body": PAGE},
        {"status": 403, "body": '{"code": 403, "message": "Forbidden"}'},
        {"status": 302, "headers": {"Location": "https://login.example/"}},
    ],
    ids=lambda fault: f"{fault['status']} {fault.get('body', '')[:6]}",
)
def test_what_is_not_nxlinks_own_envelope_is_retried(
    sandbox: SandboxServer, messages: Callable[[], list[str]], fault: dict[str, Any]
) -> None:
    sandbox.inject("status", **fault, endpoint="list", times=6)
    assert [snapshot.error for snapshot in take(2)] == [None, None]
    begun, ended = messages()
    assert begun.startswith("Polling failed, will retry: ")
    assert ended == "Polling recovered"


def test_an_unforeseen_exception_is_logged_once_with_its_traceback_and_retried(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reads = itertools.count()
    read = TemplateReader.read

    async def fails_at_first(self: TemplateReader, wanted: Wanted) -> Snapshot:
        if next(reads) < 4:
            raise ZeroDivisionError("nobody foresaw this")
        return await read(self, wanted)

    monkeypatch.setattr(TemplateReader, "read", fails_at_first)
    assert [snapshot.error for snapshot in take(2)] == [None, None]
    (logged,) = [record for record in caplog.records if record.exc_info]
    assert logged.levelno == logging.ERROR
    assert "ZeroDivisionError: nobody foresaw this" in caplog.text


def test_a_connection_that_can_not_be_looked_up_is_retried(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = itertools.count()
    look_up = NxlinkHook.async_fields

    async def fails_at_first(self: NxlinkHook) -> Any:
        if next(lookups) < 3:
            raise RuntimeError("the secrets backend is away")
        return await look_up(self)

    monkeypatch.setattr(NxlinkHook, "async_fields", fails_at_first)
    assert take(1)[0].error is None


class TestAConnectionThatChanges:
    """It is looked up before each poll."""

    @staticmethod
    def snapshots(change: Callable[[], object], account: str | None = None) -> tuple[Snapshot, Snapshot]:
        """Return what a poll sees before and after a change."""

        async def run() -> tuple[Snapshot, Snapshot]:
            async with aclosing(poll.snapshots(NxlinkHook(), everything, INTERVAL, 0, account)) as stream:
                before = await anext(stream)
                change()
                return before, await anext(stream)

        return asyncio.run(asyncio.wait_for(run(), 20))

    def test_a_rotated_key_is_used_at_the_next_poll(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rotated = Account(access_key="rotated-key", access_secret="rotated-secret")  # of the same account
        with SandboxServer(account=rotated) as other:
            connection = {**sandbox.connection, "login": "rotated-key", "password": "rotated-secret"}

            def rotate() -> None:
                monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))
                sandbox.state.account = sandbox.account = other.account

            before, after = self.snapshots(rotate)
        assert before.account == after.account
        assert sandbox.received(endpoint="list")[-1].headers["accesskey"] == "rotated-key"

    @pytest.mark.parametrize("key", ["phone", "tenant_id"])
    def test_another_account_is_told_apart(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        connection = sandbox.connection
        connection["extra"][key] = {"phone": "8613800009999", "tenant_id": 4711}[key]
        before, after = self.snapshots(
            lambda: monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))
        )
        assert before.account
        assert after.account != before.account

    def test_the_wrong_account_is_asked_nothing(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account = NxlinkHook().account.identity
        with SandboxServer() as other:
            _, after = self.snapshots(
                lambda: monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", other.connection_json), account
            )
            assert isinstance(after.error, AccountChangedError)
            assert other.received == []
        assert account in str(after.error)
        assert other.url in str(after.error)

    def test_a_deleted_connection_is_told(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, after = self.snapshots(lambda: monkeypatch.delenv("AIRFLOW_CONN_NXLINK_DEFAULT"))
        assert isinstance(after.error, AirflowNotFoundException)


def test_a_mended_connection_is_looked_up_anew(
    monkeypatch: pytest.MonkeyPatch, sandbox: SandboxServer
) -> None:
    good = sandbox.connection_json
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", good.replace("sandbox-secret", "wrong-secret"))

    async def run() -> list[Exception | None]:
        errors = []
        async with aclosing(poll.snapshots(NxlinkHook(), everything, INTERVAL, 0)) as stream:
            errors.append((await anext(stream)).error)
            monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", good)
            errors.append((await anext(stream)).error)
        return errors

    refused, mended = asyncio.run(run())
    assert isinstance(refused, NxlinkAuthError)
    assert mended is None


# Seconds beside which nothing counts that a busy machine takes longer for.
LONG = 1000.0


def about(*seconds: float) -> Any:
    """Return what equals these seconds, each with a minute of other work at most."""
    return pytest.approx(list(seconds), abs=60)


class PutOn(asyncio.SelectorEventLoop):
    """An event loop whose clock can be put on."""

    by = 0.0

    def time(self) -> float:
        return super().time() + self.by


@pytest.fixture
def distances(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[float]]:
    """
    Return what tells the seconds until a poll's first snapshot, and from each to the next.

    Each pause is over at once, and the event loop's clock is put on by as much. ``during`` is called in each
    poll before it asks the server, with the event loop.
    """
    sleep = asyncio.sleep

    async def at_once(seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, PutOn):
            return await sleep(seconds)  # the sandbox's
        loop.by += seconds
        return await sleep(0)

    def measure(
        count: int, *, max_interval: float = 0.0, during: Callable[[PutOn], object] = lambda _: None
    ) -> list[float]:
        loop = PutOn()

        def wanted() -> Wanted:
            during(loop)
            return everything()

        async def run() -> list[float]:
            times = [loop.time()]
            async with aclosing(poll.snapshots(NxlinkHook(), wanted, LONG, max_interval)) as stream:
                while len(times) <= count:
                    await anext(stream)
                    times.append(loop.time())
            return [after - before for before, after in itertools.pairwise(times)]

        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(asyncio.wait_for(run(), 100 * LONG))

    monkeypatch.setattr(asyncio, "sleep", at_once)
    return measure


@pytest.mark.usefixtures("sandbox")
class TestInterval:
    @pytest.mark.parametrize(("taken", "distance"), [(0, LONG), (0.3 * LONG, LONG), (0.7 * LONG, 1.2 * LONG)])
    def test_polls_keep_their_distance(
        self, distances: Callable[..., list[float]], taken: float, distance: float
    ) -> None:
        """However slow the answers are, half of the time belongs to the server."""

        def be_slow(loop: PutOn) -> None:
            loop.by += taken

        assert distances(4, during=be_slow)[1:] == about(distance, distance, distance)

    def test_it_grows_while_nothing_changes_and_starts_over_when_something_does(
        self, distances: Callable[..., list[float]], sandbox: SandboxServer
    ) -> None:
        body = {"name": "promo", "language": "en_US", "category_type": 2, "content": "hello", "status": 1}
        sandbox.seed([body])
        polls = itertools.count(1)

        def change(_: PutOn) -> None:
            if next(polls) == 6:
                sandbox.approve("promo", "en_US")

        pauses = distances(7, max_interval=3 * LONG, during=change)[1:]
        assert pauses == about(LONG, 1.5 * LONG, 2.25 * LONG, 3 * LONG, 3 * LONG, LONG)


@pytest.mark.usefixtures("sandbox")
def test_groups_that_begin_together_do_not_ask_together(distances: Callable[..., list[float]]) -> None:
    begun = [distances(1)[0] for _ in range(20)]
    assert max(begun) - min(begun) > 0.3 * LONG
    assert max(begun) < LONG + 60


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
        async with aclosing(poll.snapshots(NxlinkHook(), everything, 0.01, 0)) as stream:
            await anext(stream)
            return len((await anext(stream)).everything)

    def slow() -> list[str]:
        caplog.clear()
        assert asyncio.run(run(), debug=True) == 5000
        return [record.getMessage() for record in caplog.records if record.name == "asyncio"]

    caplog.set_level(logging.WARNING, logger="asyncio")
    take(1)  # imports what a triggerer has imported long ago
    # A busy machine holds a run up now and then; what blocks by itself does so in each.
    assert any(slow() == [] for _ in range(10)), caplog.text
