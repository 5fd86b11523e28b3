"""What each part of a cluster has used so far, and what it used between two moments."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
from process_load import ProcessLoad

# Bytes that PostgreSQL wrote to its log ahead, its commits, and the rows it inserted, updated and deleted.
DATABASE = """
select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'), xact_commit, tup_inserted + tup_updated + tup_deleted
from pg_stat_database where datname = current_database()
"""


@dataclass(frozen=True)
class Reading:
    """All meters at one moment."""

    moment: float
    cpu_seconds: Mapping[str, float]
    resident_mb: Mapping[str, float]
    requests: Mapping[str, int]
    log_ahead_mb: float
    commits: int
    rows_changed: int


class Meters:
    """
    Read the meters of processes, of the sandbox and of PostgreSQL.

    A process that was killed keeps the CPU seconds it had when it was last read.

    :param pids: the processes, by name; each with what it started.
    :param sandbox: a client of the sandbox's control API.
    :param rows: reads the database.
    """

    def __init__(
        self, pids: Mapping[str, int], sandbox: httpx.Client, rows: Callable[[str], list[tuple[Any, ...]]]
    ) -> None:
        self._loads = {name: ProcessLoad(pid) for name, pid in pids.items()}
        self._sandbox, self._rows = sandbox, rows
        self._cpu: dict[str, float] = {}

    def read(self) -> Reading:
        """Return what all meters show now."""
        memory = {}
        for name, load in self._loads.items():
            with suppress(psutil.NoSuchProcess):
                # Those that ended since the last look leave their CPU seconds to their parent.
                self._cpu[name] = max(load.cpu_seconds(), self._cpu.get(name, 0.0))
                memory[name] = load.resident_bytes() / 1e6
        ((written, commits, changed),) = self._rows(DATABASE)
        requests = self._sandbox.get("/counts").raise_for_status().json()
        return Reading(
            time.time(), dict(self._cpu), memory, requests, float(written) / 1e6, int(commits), int(changed)
        )


def used(before: Reading, after: Reading) -> dict[str, Any]:
    """Return what was used between two readings, rounded for people."""
    requests = {
        name: number - before.requests.get(name, 0)
        for name, number in after.requests.items()
        if number != before.requests.get(name, 0)
    }
    return {
        "seconds": round(after.moment - before.moment, 1),
        "cpu_seconds": {
            name: round(seconds - before.cpu_seconds.get(name, 0.0), 1)
            for name, seconds in after.cpu_seconds.items()
        },
        "requests": requests,
        "log_ahead_mb": round(after.log_ahead_mb - before.log_ahead_mb, 1),
        "commits": after.commits - before.commits,
        "rows_changed": after.rows_changed - before.rows_changed,
    }
