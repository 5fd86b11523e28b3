"""Measure N waits of one kind on an Airflow of their own."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from process_load import ProcessLoad
from running_airflow import RunningAirflow

HERE = Path(__file__).resolve().parent

PENDING, IN_USE = 1, 2
# Over how many intervals the steady state and the idle triggerer are averaged.
MEASURED_INTERVALS = 5
IDLE_INTERVALS = 2
# How many statuses change one at a time, and after which part of an interval the next one does: the golden
# ratio spreads them over all moments of the interval.
SINGLE_CHANGES = 10
CHANGE_PAUSE = 0.382
# Tasks that run at once; more only slow each other down on few cores.
PARALLELISM = max(4, 2 * (os.cpu_count() or 1))


@dataclass(frozen=True)
class Delays:
    """Seconds from a status change at the server, over several waits: the middle one and the longest."""

    waits: int
    median: float
    longest: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Delays:
        """Return what ``seconds``, at least one, come to."""
        values = list(seconds)
        return cls(len(values), round(statistics.median(values), 2), round(max(values), 2))


@dataclass(frozen=True)
class Measured:
    """
    What N waits of one kind cost, and how soon they ended.

    CPU seconds and memory are those of the triggerer's whole process tree. ``fired`` ends when the trigger's
    event was written to Airflow's database, ``succeeded`` when the task did; both are of statuses that
    changed one at a time. ``fired_together`` is of all the others, changed at the same moment.
    """

    kind: str
    waits: int
    requests_per_interval: float
    cpu_seconds_per_interval: float
    idle_cpu_seconds_per_interval: float
    peak_memory_mb: float
    idle_memory_mb: float
    fired: Delays
    succeeded: Delays
    fired_together: Delays
    seconds_to_defer: float
    load_average_before: float

    @property
    def cpu_beyond_idle(self) -> float:
        """CPU seconds an interval that the waits cost."""
        return self.cpu_seconds_per_interval - self.idle_cpu_seconds_per_interval

    @property
    def memory_beyond_idle(self) -> float:
        """Megabytes that the waits cost at the most."""
        return self.peak_memory_mb - self.idle_memory_mb


def measure(kind: str, waits: int, interval: float, sandbox_url: str, connection: str) -> Measured:
    """
    Run the waits from their start to the end of the last trigger.

    :param kind: ``"shared"`` or ``"plain"``.
    :param waits: how many, at least 2.
    :param interval: seconds between two polls.
    :raises TimeoutError: when something did not come to pass; Airflow's home, with its logs, is then kept.
    """
    load_before = os.getloadavg()[0]
    home = Path(tempfile.mkdtemp(prefix="nxlink-benchmark-"))
    options = {
        "PYTHONPATH": str(HERE),
        "NXLINK_BENCHMARK_TEMPLATES": ",".join(map(_template_name, range(waits))),
        "NXLINK_BENCHMARK_INTERVAL": str(interval),
        "AIRFLOW__CORE__PARALLELISM": str(PARALLELISM),
    }
    with (
        httpx.Client(base_url=f"{sandbox_url}/_sandbox", trust_env=False, timeout=30) as sandbox,
        RunningAirflow(home, HERE / "dags", connection, options) as airflow,
    ):
        measured = _Run(kind, waits, interval, sandbox, airflow).measure(load_before)
    shutil.rmtree(home, ignore_errors=True)
    return measured


class _Run:
    def __init__(
        self, kind: str, waits: int, interval: float, sandbox: httpx.Client, airflow: RunningAirflow
    ) -> None:
        self._kind, self._waits, self._interval = kind, waits, interval
        self._sandbox, self._airflow = sandbox, airflow
        self._load = ProcessLoad(airflow.processes["triggerer"].pid)
        # When the status of each wait's template changed, by map index.
        self._changed: dict[int, float] = {}

    def measure(self, load_before: float) -> Measured:
        with self._load.watching_memory():
            idle_cpu = self._cpu_over_intervals(IDLE_INTERVALS)
            idle_bytes = self._load.resident_bytes()
            seconds_to_defer = self._defer_all()
            since = time.time()
            cpu = self._cpu_over_intervals(MEASURED_INTERVALS)
            requests = requests_of_whole_polls(self._queries(since)) / MEASURED_INTERVALS
            single = range(min(SINGLE_CHANGES, self._waits // 2))
            self._change_one_at_a_time(single)
            together = range(len(single), self._waits)
            self._change_together(together)
        return Measured(
            kind=self._kind,
            waits=self._waits,
            requests_per_interval=round(requests, 1),
            cpu_seconds_per_interval=round(cpu, 3),
            idle_cpu_seconds_per_interval=round(idle_cpu, 3),
            peak_memory_mb=round(self._load.peak_bytes / 1e6, 1),
            idle_memory_mb=round(idle_bytes / 1e6, 1),
            fired=self._delays("scheduled_dttm", single),
            succeeded=self._delays("end_date", single),
            fired_together=self._delays("scheduled_dttm", together),
            seconds_to_defer=round(seconds_to_defer, 1),
            load_average_before=round(load_before, 2),
        )

    def _cpu_over_intervals(self, intervals: int) -> float:
        """Let some intervals pass, and return the CPU seconds of one of them."""
        began, cpu = time.monotonic(), self._load.cpu_seconds()
        time.sleep(intervals * self._interval)
        return (self._load.cpu_seconds() - cpu) / ((time.monotonic() - began) / self._interval)

    def _queries(self, since: float) -> list[dict[str, str]]:
        """Return what was asked for since a moment."""
        calls = self._sandbox.get("/received").raise_for_status().json()
        return [call["query"] for call in calls if call["time"] >= since]

    def _defer_all(self) -> float:
        """Start the waits, see all of them deferred and polled for, and return how many seconds it took."""
        self._sandbox.post("/reset").raise_for_status()
        templates = [
            {"name": _template_name(number), "language": "en_US", "content": "Hello", "status": PENDING}
            for number in range(self._waits)
        ]
        self._sandbox.post("/templates", json=templates).raise_for_status()
        began = time.monotonic()
        self._airflow.trigger(self._kind)
        self._until(lambda state: state == "deferred", range(self._waits), 120 + 3 * self._waits, "began")
        passed = time.monotonic() - began
        # The last ones join, and a shared poll adapts to who is there.
        time.sleep(2 * self._interval)
        return passed

    def _change_one_at_a_time(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._approve(number)
            time.sleep(CHANGE_PAUSE * self._interval)
        self._until(lambda state: state == "success", numbers, 3 * self._interval + 60, "succeeded")

    def _change_together(self, numbers: Iterable[int]) -> None:
        """Approve many at once, and see their triggers fire; what the workers do then is Airflow's own."""
        for number in numbers:
            self._approve(number)
        self._until(lambda state: state != "deferred", numbers, 3 * self._interval + 60, "fired")

    def _approve(self, number: int) -> None:
        self._changed[number] = time.time()
        change = {"name": _template_name(number), "language": "en_US", "status": IN_USE}
        self._sandbox.post("/status", json=change).raise_for_status()

    def _until(
        self, reached: Callable[[str | None], bool], numbers: Iterable[int], seconds: float, goal: str
    ) -> None:
        def look() -> bool | None:
            states = dict(self._airflow.rows("select map_index, state from task_instance"))
            if "failed" in states.values():
                raise RuntimeError(f"{self._kind}: a wait failed; see {self._airflow.home}")
            return all(reached(states.get(number)) for number in numbers) or None

        self._airflow.until(look, seconds, f"{self._kind}: not all of the {self._waits} waits {goal}")

    def _delays(self, column: str, numbers: Iterable[int]) -> Delays:
        """Return the seconds from each change to the moment in a column of the task instances."""
        query = f"select map_index, {column} from task_instance"  # noqa: S608 - the columns are our own
        moments = dict(self._airflow.rows(query))
        return Delays.of(_seconds(moments[number]) - self._changed[number] for number in numbers)


def requests_of_whole_polls(queries: Iterable[Mapping[str, str]]) -> float:
    """
    Return how many requests came, had each of those asked come as often as most of them did.

    A poll asks for the same pages or names each time. Those that come just before or after a window of time
    would make a part of a poll of it.

    :param queries: the query of each request in the window.
    """
    times = Counter(tuple(sorted(query.items())) for query in queries)
    return len(times) * statistics.median(times.values()) if times else 0.0


def _template_name(number: int) -> str:
    # NXLink finds all names that contain what it is asked for: so none may be part of another.
    return f"wait_{number:04}"


def _seconds(moment: str) -> float:
    """Return the seconds since the epoch; Airflow keeps UTC, and SQLite no zone."""
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
