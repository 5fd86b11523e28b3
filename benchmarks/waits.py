"""What waits cost as they grow in number, behind Airflow's own shared streams in one process.

A whole Airflow takes too long to defer thousands of tasks; ``waiting.py`` does it for up to 500. Here each
measurement is a process with an event loop and Airflow's ``SharedStreamManager``, as a triggerer has them,
against the sandbox in a process of its own. See README.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from demo import sandbox
from rows import Row
from waits_process import template_name

HERE = Path(__file__).resolve().parent

INTERVAL = 5.0
NUMBERS = (10, 100, 1000, 5000)
# The plain polls are measured where the shared one has to be a hundred times better.
COMPARED = 500
PENDING = 1


def measure(
    numbers: tuple[int, ...] = NUMBERS, compared: int = COMPARED, interval: float = INTERVAL
) -> list[Row]:
    """Measure waits on the shared poll in growing number, and as many of both kinds."""
    with sandbox() as (url, connection):

        def cost(kind: str, waits: int, listed: int) -> dict[str, float]:
            seed(url, listed)
            return cost_of(kind, waits, listed, interval, connection)

        growing = {waits: cost("shared", waits, max(numbers)) for waits in numbers}
        shared, plain, kept = (cost(kind, compared, compared) for kind in ("shared", "plain", "open"))
    return [*_beside_plain(compared, shared, plain, kept), *_growing(growing)]


def _beside_plain(
    waits: int, shared: dict[str, float], plain: dict[str, float], kept: dict[str, float]
) -> list[Row]:
    own_poll = "one trigger per task with its own poll"
    compared = (
        ("CPU per interval", "cpu_seconds", own_poll, plain, 0.1, "{:.3f} s against {:.3f} s"),
        ("memory per wait", "bytes_a_wait", own_poll, plain, 1.0, "{:.0f} bytes against {:.0f}"),
        (
            "memory per wait",
            "bytes_a_wait",
            f"{own_poll}, its HTTP client kept open",
            kept,
            1.0,
            "{:.0f} bytes against {:.0f}",
        ),
    )
    return [
        Row(
            what=f"{waits} deferred waits in one process, {what}",
            beside=beside,
            measured=shared[key] / theirs[key],
            target=target,
            note=text.format(shared[key], theirs[key]),
            details={"shared": shared, "beside": theirs},
        )
        for what, key, beside, theirs, target, text in compared
    ]


def _growing(growing: dict[int, dict[str, float]]) -> list[Row]:
    numbers = sorted(growing)
    steps = list(pairwise(numbers))
    requests = [growing[number]["requests"] for number in numbers]
    cpu = [growing[number]["cpu_seconds"] for number in numbers]
    grown = max(growing[b]["cpu_seconds"] / growing[a]["cpu_seconds"] / (b / a) for a, b in steps)
    shown = " → ".join(map(str, numbers))
    return [
        Row(
            what=f"requests per interval as waits grow {shown}",
            beside=f"the pages of the list of {numbers[-1]}, the most that it may ever cost",
            measured=max(requests) / -(-numbers[-1] // 100),
            target=1.0,
            note=" → ".join(f"{value:.4g}" for value in requests),
            details={"growing": {str(number): growing[number] for number in numbers}},
        ),
        Row(
            what=f"CPU per interval as waits grow {shown}, growth in the worst step",
            beside="the growth of the waits",
            measured=grown,
            target=1.0,
            note=" → ".join(f"{value:.3f} s" for value in cpu),
        ),
    ]


def seed(url: str, listed: int) -> None:
    """Put pending templates there."""
    with httpx.Client(base_url=f"{url}/_sandbox", trust_env=False, timeout=60) as http:
        http.post("/reset").raise_for_status()
        templates = [
            {"name": template_name(number), "language": "en_US", "content": "Hello", "status": PENDING}
            for number in range(listed)
        ]
        http.post("/templates", json=templates).raise_for_status()


def cost_of(kind: str, waits: int, listed: int, interval: float, connection: str) -> dict[str, float]:
    """Return what ``waits_process.py`` measures."""
    words: list[Any] = [sys.executable, HERE / "waits_process.py", kind, waits, listed, interval]
    environment = os.environ | {"AIRFLOW_CONN_NXLINK_DEFAULT": connection}
    done = subprocess.run(
        list(map(str, words)), env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told
