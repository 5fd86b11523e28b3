"""Wait for templates in this process as a triggerer does, and print as JSON what an interval costs.

python waits_process.py {shared,plain,open} WAITS LISTED INTERVAL
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from plain_wait import OpenTemplateTrigger, PlainTemplateTrigger

from airflow_provider_nxlink.triggers.template import NxlinkTemplateTrigger

SETTLING = 3
MEASURED = 4


async def main(kind: str, waits: int, listed: int, interval: float) -> dict[str, float]:
    """
    Return requests and CPU seconds of an interval, and the bytes of each wait.

    :param kind: ``"shared"``, ``"plain"``, or ``"open"`` for plain ones that keep their client open.
    :param waits: how many, spread evenly over the list.
    :param listed: how many templates the list has.
    :param interval: seconds between two polls.
    """
    names = [template_name(number * listed // waits) for number in range(waits)]
    begin = {"shared": _shared, "plain": _plain, "open": _open}[kind]
    url = json.loads(os.environ["AIRFLOW_CONN_NXLINK_DEFAULT"])["host"]
    # Without TLS, whose CA files alone take as much memory as a hundred waits.
    async with httpx.AsyncClient(base_url=url, verify=False, trust_env=False, timeout=30) as steering:  # noqa: S501
        async with begin(names[:1], interval):
            # What the first wait loads, all have; what counting takes is no wait's.
            await asyncio.sleep(1.5 * interval)
            await _requests(steering)
        empty = _own_bytes()
        async with begin(names, interval):
            await asyncio.sleep(SETTLING * interval)
            requests, began, cpu = await _requests(steering), time.monotonic(), time.process_time()
            await asyncio.sleep(MEASURED * interval)
            cpu, passed = time.process_time() - cpu, (time.monotonic() - began) / interval
            # Polls come once an interval and how long they take: the number that was begun is a whole one.
            requests = await _requests(steering) - requests
            held = _own_bytes() - empty
    return {
        "waits": waits,
        "requests": requests / MEASURED,
        "cpu_seconds": cpu / passed,
        "bytes_a_wait": held / waits,
    }


def template_name(number: int) -> str:
    """Return a name that is part of no other, as NXLink finds all that contain what it is asked for."""
    return f"wait_{number:05}"


@contextlib.asynccontextmanager
async def _shared(names: list[str], interval: float) -> AsyncIterator[None]:
    from airflow.triggers.shared_stream import SharedStreamManager  # noqa: PLC0415 - Airflow 3.3 and newer

    streams = SharedStreamManager()

    async def wait(number: int, name: str) -> None:
        trigger = NxlinkTemplateTrigger([{"name": name, "language": "en_US"}], poll_interval=interval)
        key = trigger.shared_stream_key()
        stream = streams.subscribe(trigger_id=number, trigger=trigger, key=key)
        async for event in trigger.filter_shared_stream(stream):
            raise RuntimeError(f"a wait ended: {event.payload}")

    tasks = [asyncio.create_task(wait(number, name)) for number, name in enumerate(names)]
    yield
    await _end(tasks)
    await streams.stop_all()


@contextlib.asynccontextmanager
async def _plain(
    names: list[str], interval: float, kind: type[PlainTemplateTrigger] = PlainTemplateTrigger
) -> AsyncIterator[None]:
    async def wait(number: int, name: str) -> None:
        # As tasks are deferred one after the other, their polls are spread over the interval.
        await asyncio.sleep(interval * number / len(names))
        trigger = kind(name, "en_US", time.time() + 86400, interval)
        async for event in trigger.run():
            raise RuntimeError(f"a wait ended: {event.payload}")

    tasks = [asyncio.create_task(wait(number, name)) for number, name in enumerate(names)]
    yield
    await _end(tasks)


@contextlib.asynccontextmanager
async def _open(names: list[str], interval: float) -> AsyncIterator[None]:
    async with _plain(names, interval, OpenTemplateTrigger):
        yield


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    if over := [task for task in tasks if task.done()]:
        raise RuntimeError(f"{len(over)} waits ended: {over[0]}")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _requests(steering: httpx.AsyncClient) -> float:
    answer = await steering.get("/_sandbox/counts")
    return float(sum(answer.json().values()))


def _own_bytes() -> int:
    """
    Return the memory that this process has written to.

    What is read from files, as libraries are, is left out: it counts as a process's own until another that
    happens to run beside it reads the same file.
    """
    gc.collect()
    (kilobytes,) = re.findall(r"^RssAnon:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return 1024 * int(kilobytes)


if __name__ == "__main__":
    kind, waits, listed, interval = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="nxlink-benchmark-") as home:
        os.environ["AIRFLOW_HOME"] = home
        print(json.dumps(asyncio.run(main(kind, int(waits), int(listed), float(interval)))))
