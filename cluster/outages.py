"""Kill a part of the cluster, and see who takes over what it held, and when."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]
from deployment import Deployment

# What waited at the killed worker for its turn, and was given to the broker anew.
REQUEUED = "select count(*) from log where event = 'stuck in queued reschedule'"
TRIGGERERS = "select id, extract(epoch from latest_heartbeat) from job where job_type = 'TriggererJob'"
RUNNING = "select task_id, map_index, try_number, pid from task_instance where state = 'running'"
TRIES = "select task_id, map_index, try_number, state from task_instance"
BEGUN = ("running", "deferred", "success", "failed")


@dataclass
class LostTask:
    """A task that ran on a worker when that was killed."""

    task_id: str
    map_index: int
    try_number: int
    seconds_until_run_again: float | None = None


@dataclass
class WorkerOutage:
    """A killed worker: the tasks that ran on it, and those that waited there for their turn."""

    moment: float
    lost: list[LostTask]
    requeued: int = 0

    def look(self, airflow: Deployment) -> None:
        """Note which of its tasks run again by now, in their next try."""
        now = {(task, index): (tries, state) for task, index, tries, state in airflow.rows(TRIES)}
        passed = round(time.time() - self.moment, 1)
        for task in self.lost:
            tries, state = now[task.task_id, task.map_index]
            if task.seconds_until_run_again is None and tries > task.try_number and state in BEGUN:
                task.seconds_until_run_again = passed
        ((self.requeued,),) = airflow.rows(REQUEUED)


def kill_worker(airflow: Deployment, worker: str) -> WorkerOutage | None:
    """Kill a worker on which tasks run; return None, and kill nothing, while there are none."""
    root = psutil.Process(airflow.processes[worker].pid)
    pids = {process.pid for process in root.children(recursive=True)}
    if not any(pid in pids for *_, pid in airflow.rows(RUNNING)):
        return None
    moment = time.time()
    airflow.kill(worker)
    # Its tasks can't tell their end any more: what is running now is what was lost.
    lost = [LostTask(task, index, tries) for task, index, tries, pid in airflow.rows(RUNNING) if pid in pids]
    return WorkerOutage(moment, lost)


@dataclass
class TriggererOutage:
    """A killed triggerer, and the triggers it held."""

    moment: float
    held_before: Mapping[int, int] = field(default_factory=dict)
    held: int = 0
    dead: int | None = None
    seconds_until_taken_over: float | None = None

    def look(self, airflow: Deployment) -> None:
        """Note whether the other triggerer has all triggers by now."""
        if self.dead is None:
            self.dead = self._who_is_silent(airflow)
            self.held = self.held_before.get(self.dead or 0, 0)
        if self.dead is None or self.seconds_until_taken_over is not None:
            return
        if not triggers_held(airflow).get(self.dead):
            self.seconds_until_taken_over = round(time.time() - self.moment, 1)

    def _who_is_silent(self, airflow: Deployment) -> int | None:
        """Return the id of the triggerer that has given no sign since, once the other one has."""
        beats = dict(airflow.rows(TRIGGERERS))
        silent = [job for job, moment in beats.items() if moment < self.moment]
        return silent[0] if len(beats) == 2 and len(silent) == 1 else None


def kill_triggerer(airflow: Deployment, triggerer: str) -> TriggererOutage:
    """Kill a triggerer."""
    held = triggers_held(airflow)
    moment = time.time()
    airflow.kill(triggerer)
    return TriggererOutage(moment, held)


def triggers_held(airflow: Deployment) -> dict[int, int]:
    """Return how many triggers each triggerer holds, by its job's id."""
    query = "select triggerer_id, count(*) from trigger where triggerer_id is not null group by 1"
    return dict(airflow.rows(query))
