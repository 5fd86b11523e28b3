"""A thousand waits while NXLink is away: no storm when it is back, no wait lost, no memory taken."""

import asyncio
import contextlib
import gc
import logging
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.triggers.events import read_event
from airflow_provider_nxlink.triggers.polling import PollingTrigger
from airflow_provider_nxlink.triggers.template import NxlinkTemplateTrigger

shared_stream = pytest.importorskip(
    "airflow.triggers.shared_stream", reason="this Airflow has no shared streams"
)

WAITS = 1000
PAGES = 10
NAMES = [f"t_{number:04}" for number in range(WAITS)]
INTERVAL = 0.2
# Ten minutes away are ten polls at the default interval of 60 s, each of which asks three times; here the
# interval is shorter, and in `make soak` there are three times as many.
AWAY, LONG_AWAY = 9, 90
KEPT_BYTES = 200_000


@contextlib.asynccontextmanager
async def waiting(count: Callable[[], int]) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Start all waits behind Airflow's own manager of shared streams, and give it time to know them all."""
    streams = shared_stream.SharedStreamManager()

    async def first_event(number: int, name: str) -> Any:
        ref = {"name": name, "language": "en_US"}
        trigger = NxlinkTemplateTrigger([ref], poll_interval=INTERVAL, max_poll_interval=INTERVAL)
        key = trigger.shared_stream_key()
        stream = streams.subscribe(trigger_id=number, trigger=trigger, key=key)
        try:
            async for event in trigger.filter_shared_stream(stream):
                return event.payload
        finally:
            await streams.unsubscribe(number, key)

    tasks = [asyncio.create_task(first_event(number, name)) for number, name in enumerate(NAMES)]
    await polls_over(count, 2 * PAGES)
    yield tasks
    await streams.stop_all()


async def polls_over(count: Callable[[], int], requests: int) -> None:
    """Let some more requests come in."""
    before, deadline = count(), time.monotonic() + max(60, 2 * requests)
    while count() < before + requests:
        assert time.monotonic() < deadline, "nobody polls"
        await asyncio.sleep(0.02)


def kept() -> int:
    """Return the bytes that the package holds, the sandbox left out."""
    gc.collect()
    own = [
        tracemalloc.Filter(True, f"*/airflow_provider_nxlink/{part}/*")
        for part in ("api", "triggers", "hooks")
    ]
    return sum(item.size for item in tracemalloc.take_snapshot().filter_traces(own).statistics("filename"))


@pytest.mark.parametrize(
    ("kind", "values", "requests"),
    [
        ("drop", {}, AWAY),
        pytest.param("drop", {}, LONG_AWAY, marks=pytest.mark.soak),
        pytest.param("status", {"status": 503}, LONG_AWAY, marks=pytest.mark.soak),
        pytest.param(
            "status", {"status": 429, "headers": {"Retry-After": "1"}}, LONG_AWAY, marks=pytest.mark.soak
        ),
        pytest.param("code", {"code": -1}, LONG_AWAY, marks=pytest.mark.soak),
    ],
)
def test_a_thousand_waits_outlive_an_outage_and_come_back_without_a_storm(
    kind: str,
    values: dict[str, Any],
    requests: int,
    sandbox: SandboxServer,
    seed: Callable[..., list[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    seed(*NAMES)

    def lists() -> int:
        return sandbox.count("list")

    async def story() -> tuple[list[Any], dict[str, float]]:
        async with waiting(lists) as tasks:
            assert not any(task.done() for task in tasks)
            sandbox.inject(kind, endpoint="list", times=0, **values)
            tracemalloc.start()
            await polls_over(lists, 6)
            begun, before, held = time.monotonic(), lists(), kept()
            await polls_over(lists, requests)
            away_for, asked, grown = time.monotonic() - begun, lists() - before, kept() - held
            tracemalloc.stop()
            assert not any(task.done() for task in tasks)

            sandbox.state.faults.withdraw()
            begun, before = time.monotonic(), lists()
            await polls_over(lists, 2 * PAGES)
            back_for, back = time.monotonic() - begun, lists() - before
            for name in NAMES:
                sandbox.approve(name, "en_US")
            events = await asyncio.wait_for(asyncio.gather(*tasks), 60)
            return events, {"away": asked / away_for, "back": back / back_for, "grown": grown}

    caplog.set_level(logging.INFO, "airflow_provider_nxlink")
    events, seen = asyncio.run(story())
    assert [read_event(event)[0].ref.name for event in events] == NAMES
    assert {read_event(event)[0].verdict for event in events} == {"done"}
    # A call is sent three times at most, and the pause between two polls is kept while nothing answers.
    assert seen["away"] <= 3 / INTERVAL
    # Back again, a poll is its pages and no more, however many wait.
    assert seen["back"] <= 2 * PAGES / INTERVAL
    assert seen["grown"] < KEPT_BYTES
    assert "(attempt " not in caplog.text, "an outage is told once, and not at every poll"
    assert caplog.text.count("Polling failed") == caplog.text.count("Polling recovered") == 1
    assert PollingTrigger._listeners == {}
