"""What was measured, as a table for people and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from waits_measured import MEASURED_INTERVALS, PARALLELISM, Measured

KINDS = ("shared", "plain")

# What is expected of the shared poll, from this many waits on; the delay is that of a status changed alone.
EXPECTED_FROM_WAITS = 500
EXPECTED_REQUESTS = 5
EXPECTED_SECONDS_OVER_INTERVAL = 3

# Heading and width of each column, and how to read it from what was measured.
COLUMNS = (
    ("waits", 5, lambda m: str(m.waits)),
    ("poll", 6, lambda m: m.kind),
    ("requests", 8, lambda m: f"{m.requests_per_interval:.1f}"),
    ("CPU s", 6, lambda m: f"{m.cpu_seconds_per_interval:.2f}"),
    ("(idle)", 6, lambda m: f"{m.idle_cpu_seconds_per_interval:.2f}"),
    ("peak MB", 7, lambda m: f"{m.peak_memory_mb:.0f}"),
    ("(idle)", 6, lambda m: f"{m.idle_memory_mb:.0f}"),
    ("fired s", 11, lambda m: f"{m.fired.median:.1f} / {m.fired.longest:.1f}"),
    ("success s", 11, lambda m: f"{m.succeeded.median:.1f} / {m.succeeded.longest:.1f}"),
    ("together s", 11, lambda m: f"{m.fired_together.median:.1f} / {m.fired_together.longest:.1f}"),
)


def table(measured: Sequence[Measured]) -> str:
    """Return a line for each measurement, under headings."""
    lines = ["  ".join(f"{heading:>{width}}" for heading, width, _ in COLUMNS)]
    lines += ["  ".join(f"{read(item):>{width}}" for _, width, read in COLUMNS) for item in measured]
    return "\n".join(lines)


def ratios(measured: Sequence[Measured]) -> dict[str, dict[str, float | None]]:
    """
    Return, by number of waits, how many times as much the plain polls cost as the shared one.

    CPU and memory are what is used beyond the idle triggerer. None where the shared poll's is too little to
    be told from nothing: below 10 ms of CPU time an interval, or 1 MB.
    """
    by_kind = {(item.waits, item.kind): item for item in measured}
    pairs = {
        item.waits: (by_kind[item.waits, "plain"], item)
        for item in measured
        if item.kind == "shared" and (item.waits, "plain") in by_kind
    }
    return {
        str(waits): {
            "requests": _ratio(plain.requests_per_interval, shared.requests_per_interval, 0.1),
            "cpu_beyond_idle": _ratio(plain.cpu_beyond_idle, shared.cpu_beyond_idle, 0.01),
            "memory_beyond_idle": _ratio(plain.memory_beyond_idle, shared.memory_beyond_idle, 1),
        }
        for waits, (plain, shared) in pairs.items()
    }


def expectations(measured: Sequence[Measured], interval: float) -> list[str]:
    """Return a sentence for each expectation of the shared poll: what was expected, and what was measured."""
    longest = interval + EXPECTED_SECONDS_OVER_INTERVAL
    sentences = []
    for item in measured:
        if item.kind != "shared" or item.waits < EXPECTED_FROM_WAITS:
            continue
        for what, value, limit in (
            ("requests per interval", item.requests_per_interval, EXPECTED_REQUESTS),
            ("seconds from the change to the task's success", item.succeeded.longest, longest),
        ):
            word = "met" if value <= limit else "NOT MET"
            sentences.append(f"{item.waits} waits, at most {limit:g} {what}: {value:g}, {word}")
    return sentences


def write_json(path: Path, measured: Sequence[Measured], interval: float) -> None:
    """Write everything, and what it was measured on, into a file."""
    content: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cpus": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "airflow": version("apache-airflow"),
        },
        "interval_seconds": interval,
        "measured_intervals": MEASURED_INTERVALS,
        "parallelism": PARALLELISM,
        "measured": [asdict(item) for item in measured],
        "plain_over_shared": ratios(measured),
        "expectations": expectations(measured, interval),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _ratio(plain: float, shared: float, least: float) -> float | None:
    return round(plain / shared, 1) if shared >= least else None
