"""Measure what one poll costs: by templates there are, by waits for them, and by accounts.

    python benchmarks/poll_cost.py --templates 1000,10000

Needs the package installed with its ``sandbox`` extra, and no Airflow running. See docs/scaling.md.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))

from demo import sandbox  # noqa: E402 - from scripts/

from airflow_provider_nxlink.api.account import Account  # noqa: E402 - as above
from airflow_provider_nxlink.api.client import AsyncNxlinkClient  # noqa: E402 - as above
from airflow_provider_nxlink.api.models import TemplateRef  # noqa: E402 - as above
from airflow_provider_nxlink.connection import account_of, read_connection  # noqa: E402 - as above
from airflow_provider_nxlink.triggers.reader import TemplateReader, Wanted  # noqa: E402 - as above

PENDING = 1
WAITS = (1, 10, 100, 1000)
# The first poll finds out what is cheaper, and the second may still learn.
LEARNING_POLLS, MEASURED_POLLS = 2, 3
SEEDED_AT_ONCE = 5000
# Asked for names one by one, the sandbox looks through all it has for each: too long for more than these.
MOST_NAMES, PAGE = 100, 100
# So many accounts are polled by one process, with so many waits on each.
ACCOUNTS, WAITS_EACH = (1, 10, 100, 300), 10
HEADING = "templates  waits  where   first  requests  seconds  CPU ms"


@dataclass(frozen=True)
class Cost:
    """Requests of the first poll, and requests, seconds and CPU seconds of one poll from then on."""

    first_requests: int
    requests: float
    seconds: float
    cpu_seconds: float


def main(arguments: list[str] | None = None) -> None:
    """Print a line for each number of templates and of waits."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--templates",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[1000, 10_000, 100_000],
        metavar="N,…",
        help="how many templates the account has (default: 1000,10000,100000)",
    )
    sizes = parser.parse_args(arguments).templates
    with sandbox() as (url, connection):
        account = account_of(*read_connection(connection, "sandbox"), source="sandbox")
        with httpx.Client(base_url=f"{url}/_sandbox", trust_env=False, timeout=120) as control:
            # First, while there is no memory left over from others.
            seed(control, sizes[0])
            print("accounts  waits each  requests  seconds  CPU ms  more MB")
            for accounts in ACCOUNTS:
                requests, seconds, cpu, more = asyncio.run(
                    measure_accounts(account, accounts, sizes[0], control)
                )
                print(
                    f"{accounts:8}  {WAITS_EACH:10}  {requests:8.0f}  {seconds:7.2f}  {1000 * cpu:6.0f}  "
                    f"{more:7.1f}",
                    flush=True,
                )
            print(f"\n{HEADING}", flush=True)
            for size in sizes:
                seed(control, size)
                for waits, where, wanted in cases(size):
                    cost = asyncio.run(measure(account, wanted, control))
                    print(
                        f"{size:9}  {waits:>5}  {where:6}  {cost.first_requests:5}  {cost.requests:8.0f}  "
                        f"{cost.seconds:7.2f}  {1000 * cost.cpu_seconds:6.0f}",
                        flush=True,
                    )


def cases(size: int) -> Iterator[tuple[str, str, Wanted]]:
    """Return how many wait, for which part of the list, and for what."""
    for waits in WAITS:
        if waits <= size:
            yield str(waits), "newest", refs(range(size - waits, size))
            if min(waits, size // PAGE) <= MOST_NAMES:
                yield str(waits), "spread", refs(range(0, size, size // waits))
    yield "watch", "all", None


def refs(numbers: Iterable[int]) -> frozenset[TemplateRef]:
    """Return what to wait for."""
    return frozenset(TemplateRef(None, _name(number), "en_US") for number in numbers)


def seed(control: httpx.Client, size: int) -> None:
    """Give the account so many templates, the last of them the newest."""
    control.post("/reset").raise_for_status()
    bodies = [
        {"name": _name(number), "language": "en_US", "content": "Hello", "status": PENDING}
        for number in range(size)
    ]
    for first in range(0, size, SEEDED_AT_ONCE):
        control.post("/templates", json=bodies[first : first + SEEDED_AT_ONCE]).raise_for_status()


def counted(control: httpx.Client) -> int:
    """Return how many requests came in."""
    return sum(control.get("/counts").raise_for_status().json().values())


async def measure(account: Account, wanted: Wanted, control: httpx.Client) -> Cost:
    """Poll a few times for ``wanted``."""
    async with AsyncNxlinkClient(account) as client:
        reader = TemplateReader(client)
        before = counted(control)
        await reader.read(wanted)
        first = counted(control) - before
        for _ in range(LEARNING_POLLS - 1):
            await reader.read(wanted)
        before, began, cpu = counted(control), time.perf_counter(), time.process_time()
        for _ in range(MEASURED_POLLS):
            await reader.read(wanted)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        requests = counted(control) - before
    return Cost(first, requests / MEASURED_POLLS, seconds / MEASURED_POLLS, cpu / MEASURED_POLLS)


async def measure_accounts(
    account: Account, accounts: int, size: int, control: httpx.Client
) -> tuple[float, float, float, float]:
    """
    Poll so many accounts, one after the other as their moments in an interval are, each with a client.

    :return: the requests, seconds and CPU seconds of a poll of all, and the memory in MB that they took.
    """
    process = psutil.Process()
    memory = process.memory_info().rss
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(AsyncNxlinkClient(account)) for _ in range(accounts)]
        readers = [TemplateReader(client) for client in clients]
        wanted = refs(range(size - WAITS_EACH, size))
        for reader in readers:
            await reader.read(wanted)
        before, began, cpu = counted(control), time.perf_counter(), time.process_time()
        for _ in range(MEASURED_POLLS):
            for reader in readers:
                await reader.read(wanted)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        requests = counted(control) - before
        more = (process.memory_info().rss - memory) / 1e6
    return requests / MEASURED_POLLS, seconds / MEASURED_POLLS, cpu / MEASURED_POLLS, more


def _name(number: int) -> str:
    # NXLink finds all names that contain what it is asked for: so none may be part of another.
    return f"template_{number:06}"


if __name__ == "__main__":
    # A terminal that is closed and `kill` end the sandbox too, as Ctrl-C does.
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda number, _: sys.exit(128 + number))
    main()
