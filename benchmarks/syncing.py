"""Syncing 500 specs with a server that is 50 ms away, beside what the requests alone would take."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import requests
from creating import account_at
from demo import sandbox
from order_templates import body
from rows import Row

from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.provisioning.options import Options
from airflow_provider_nxlink.provisioning.report import Report
from airflow_provider_nxlink.provisioning.sync import sync
from airflow_provider_nxlink.specs.model import TemplateSpec

TURNS = 5
SPECS = 500
LATENCY = 0.05
CONCURRENCY = 8


def measure(turns: int = TURNS, specs: int = SPECS) -> list[Row]:
    """
    Sync to an empty account, and then again with nothing changed.

    The limit of the first is the latency of all requests, ``max_concurrency`` at a time. The fewest requests
    that can know that nothing has changed are the pages of the list and the details of each template.
    """
    wanted = [TemplateSpec(**body(number)) for number in range(specs)]
    times, ratios, firsts, seconds, alone = [], [], [], [], []
    with sandbox() as (url, _):
        for _ in range(turns):
            with far_away(url) as counts:
                took, asked = timed_sync(url, wanted, counts, "created")
                times.append(took)
                firsts.append(asked)
                ratios.append(took / (LATENCY * sum(asked.values()) / CONCURRENCY))
                _, again = timed_sync(url, wanted, counts, "unchanged")
                seconds.append(again)
                alone.append(seconds_alone(url))
    fewest = specs + -(-specs // 100)
    as_answered = statistics.median(ratios) * LATENCY / statistics.median(alone)
    most = max(sum(asked.values()) for asked in seconds)
    return [
        Row(
            what=f"sync of {specs} specs, latency {1000 * LATENCY:.0f} ms, max_concurrency={CONCURRENCY}",
            beside="latency × requests / concurrency",
            measured=statistics.median(ratios),
            target=1.15,
            note=f"{statistics.median(times):.2f} s for {sum(firsts[0].values())} requests; with the "
            f"{1000 * statistics.median(alone):.1f} ms that a bare request alone took it would be "
            f"{as_answered:.2f} ×",
            details={
                "unit": "seconds",
                "seconds": times,
                "ratios": ratios,
                "requests": firsts,
                "a_bare_request_alone": alone,
            },
        ),
        Row(
            what="second sync with nothing changed, requests",
            beside=f"details + pages, {fewest}",
            measured=most / fewest,
            target=1.0,
            note=f"{most} requests",
            details={"requests": seconds},
        ),
    ]


@contextmanager
def far_away(url: str) -> Iterator[httpx.Client]:
    """Empty a sandbox and put it at a distance; give what steers it."""
    with httpx.Client(base_url=f"{url}/_sandbox", trust_env=False, timeout=30) as steering:
        steering.post("/reset").raise_for_status()
        steering.patch("/switches", json={"approve_after": 0}).raise_for_status()
        # The work is done first and its answer held back, so that it leaves so long after the call came in.
        latency = {"kind": "latency", "seconds": LATENCY, "times": 0, "when": "after"}
        steering.post("/faults", json=latency).raise_for_status()
        yield steering


def seconds_alone(url: str, times: int = 10) -> float:
    """Return what a bare request takes that is the only one; it is refused, and as late as any."""
    with requests.Session() as session:
        session.get(f"{url}/_sandbox/health", timeout=30)
        began = time.perf_counter()
        for _ in range(times):
            session.post(f"{url}/saas/wa/template/8613800000000", json={}, timeout=30)
        return (time.perf_counter() - began) / times


def timed_sync(
    url: str, specs: list[TemplateSpec], steering: httpx.Client, outcome: str
) -> tuple[float, dict[str, int]]:
    """Return how long a sync took and what it asked for, by endpoint; see that it did what it should."""
    before = steering.get("/counts").json()
    options = Options(max_concurrency=CONCURRENCY, max_creates_per_hour=0)
    with NxlinkClient(account_at(url), pool_size=CONCURRENCY) as client:
        began = time.perf_counter()
        report: Report = sync(client, specs, options)
        took = time.perf_counter() - began
    if [result.outcome for result in report.results] != [outcome] * len(specs):
        raise RuntimeError(f"not all were {outcome}")
    after = steering.get("/counts").json()
    asked = {endpoint: count - before.get(endpoint, 0) for endpoint, count in after.items()}
    return took, {endpoint: count for endpoint, count in asked.items() if count}
