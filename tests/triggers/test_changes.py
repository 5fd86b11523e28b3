"""Events for DAGs that run when a template's status changes, and the assets that carry them."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.triggers import changes
from airflow_provider_nxlink.triggers.template import NxlinkTemplateChangeTrigger

Seed = Callable[..., list[int]]


class Store:
    """What Airflow 3.3 gives a watcher's trigger: values that outlive the triggerer."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def aget(self, key: str, default: Any = None) -> Any:
        return json.loads(self.values[key]) if key in self.values else default

    async def aset(self, key: str, value: Any) -> None:
        self.values[key] = json.dumps(value)


@pytest.fixture(autouse=True)
def quick_handover(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "HANDOVER_SECONDS", 0.05)


@pytest.fixture
def watch(sandbox: SandboxServer) -> Callable[..., list[tuple[str, int | None, int]]]:
    """Return what watches while a script runs, and tells (name, previous status, status) of each event."""

    def run(
        *steps: Callable[[], Any], store: Store | None = None, **arguments: Any
    ) -> list[tuple[str, int | None, int]]:
        trigger = NxlinkTemplateChangeTrigger(poll_interval=0.05, **arguments)
        trigger.asset_state_store = store
        seen: list[tuple[str, int | None, int]] = []

        async def collect() -> None:
            async with aclosing(trigger.run()) as events:  # type: ignore[type-var]
                async for event in events:
                    payload = json.loads(json.dumps(event.payload))
                    assert payload.keys() == {"template", "previous_status", "status"}
                    seen.append((payload["template"]["name"], payload["previous_status"], payload["status"]))

        async def play() -> None:
            collecting = asyncio.create_task(collect())
            for step in steps:
                await polled(2)
                step()
            await polled(3)
            collecting.cancel()

        async def polled(times: int) -> None:
            count = sandbox.count("list")
            while sandbox.count("list") < count + times:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)

        asyncio.run(asyncio.wait_for(play(), 30))
        return seen

    return run


def test_each_change_is_an_event(sandbox: SandboxServer, seed: Seed, watch: Any) -> None:
    seed("one", "two")
    assert watch(
        lambda: sandbox.approve("one", "en_US"),
        lambda: sandbox.set_status("two", "en_US", 0, "because"),
        lambda: sandbox.set_status("one", "en_US", 11, "because"),
    ) == [("one", 1, 2), ("two", 1, 0), ("one", 2, 11)]


def test_what_stays_as_it_is_makes_no_event(seed: Seed, watch: Any) -> None:
    seed("one", status=2)
    assert watch(lambda: None) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"name_pattern": "promo_*"}, [("promo_a", 1, 0), ("promo_b", 1, 2)]),
        ({"language": "de"}, [("promo_b", 1, 2)]),
        ({"statuses": [0, 11]}, [("promo_a", 1, 0), ("order", 1, 11)]),
        ({"name_pattern": "promo_*", "statuses": [2]}, [("promo_b", 1, 2)]),
    ],
)
def test_filters_choose(
    sandbox: SandboxServer,
    seed: Seed,
    watch: Any,
    filters: dict[str, Any],
    expected: list[tuple[str, int, int]],
) -> None:
    seed("promo_a", "order")
    seed("promo_b", language="de")
    assert (
        watch(
            lambda: sandbox.set_status("promo_a", "en_US", 0, "because"),
            lambda: sandbox.set_status("order", "en_US", 11, "because"),
            lambda: sandbox.approve("promo_b", "de"),
            **filters,
        )
        == expected
    )


@pytest.mark.parametrize(("include_new", "expected"), [(False, []), (True, [("new", None, 1)])])
def test_a_new_template_is_an_event_only_if_asked_for(
    seed: Seed, watch: Any, include_new: bool, expected: list[Any]
) -> None:
    seed("old")
    assert watch(lambda: seed("new"), include_new=include_new) == expected


def test_a_change_of_a_new_template_is_an_event(sandbox: SandboxServer, seed: Seed, watch: Any) -> None:
    assert watch(lambda: seed("new"), lambda: sandbox.approve("new", "en_US")) == [("new", 1, 2)]


class TestOverARestart:
    def test_what_changed_meanwhile_is_not_lost(self, sandbox: SandboxServer, seed: Seed, watch: Any) -> None:
        store = Store()
        seed("one")
        assert watch(lambda: None, store=store) == []
        sandbox.approve("one", "en_US")
        assert watch(lambda: None, store=store) == [("one", 1, 2)]

    def test_what_was_told_is_not_repeated(self, sandbox: SandboxServer, seed: Seed, watch: Any) -> None:
        store = Store()
        seed("one")
        assert watch(lambda: sandbox.approve("one", "en_US"), store=store) == [("one", 1, 2)]
        assert watch(lambda: None, store=store) == []

    def test_without_a_store_the_watch_begins_anew(
        self, sandbox: SandboxServer, seed: Seed, watch: Any
    ) -> None:
        seed("one")
        assert watch(lambda: None) == []
        sandbox.approve("one", "en_US")
        assert watch(lambda: None) == []

    def test_a_store_of_several_assets_is_done_without(self, seed: Seed, watch: Any) -> None:
        class Several(Store):
            async def aget(self, key: str, default: Any = None) -> Any:
                raise ValueError("Task has 2 concrete inlets and outlets")

        seed("one")
        assert watch(lambda: None, store=Several()) == []


def test_another_account_begins_a_watch_of_its_own(
    sandbox: SandboxServer, seed: Seed, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is told as a change that is a difference between two accounts."""
    store = Store()
    (template_id,) = seed("one")
    with SandboxServer() as other:
        body = {"language": "en_US", "category_type": 2, "content": "hello"}
        assert other.seed([{**body, "name": "one", "status": 2}]) == [template_id]
        monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", sandbox.connection_json)

        def point_to(server: SandboxServer) -> None:
            monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", server.connection_json)

        def change_while_away() -> None:
            sandbox.set_status("one", "en_US", 0, "because")
            point_to(sandbox)

        def away() -> None:
            point_to(other)
            deadline = time.monotonic() + 10
            while other.count("list") < 2 and time.monotonic() < deadline:
                time.sleep(0.02)
            change_while_away()

        # Another thread, as the watch goes on meanwhile.
        thread = threading.Thread(target=away)
        assert watch(thread.start, thread.join, store=store) == [("one", 1, 0)]
        assert other.count("list") >= 2


def test_bad_credentials_do_not_end_the_watch(sandbox: SandboxServer, seed: Seed, watch: Any) -> None:
    seed("one")
    sandbox.inject("code", endpoint="list", code=1003, times=3)
    assert watch(lambda: None, lambda: sandbox.approve("one", "en_US")) == [("one", 1, 2)]


def test_its_arguments_are_plain_json() -> None:
    trigger = NxlinkTemplateChangeTrigger(statuses={11, 0}, name_pattern="a*", include_new=True)
    _, arguments = trigger.serialize()
    assert json.loads(json.dumps(arguments)) == arguments
    assert arguments["statuses"] == [0, 11]
    assert NxlinkTemplateChangeTrigger(**arguments).serialize() == trigger.serialize()
