"""What happens in the cluster, step by step, and what is measured on the way."""

from __future__ import annotations

import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import httpx
from deployment import DEFAULTS, SETTINGS, TRIGGERERS, WORKERS, Deployment
from meters import Meters, Reading, used
from outages import TriggererOutage, WorkerOutage, kill_triggerer, kill_worker, triggers_held
from services import PrivateServices
from telling import table
from verdicts import DAG_ID, IN_USE, REJECTED, Verdicts, expected, judged, read_ends

# Longer than any run: nothing is decided at the sandbox but by us.
FAR_OFF = 1e9
STEADY_INTERVALS = 6
# Seconds that a step may take, for each wait and beside.
SECONDS_PER_WAIT, SECONDS_BESIDE = 4, 300
STATES = "select state, count(*) from task_instance where task_id = ? and map_index >= 0 group by 1"


class Story:
    """
    Run the example once.

    :param airflow: the deployment, running.
    :param control: a client of the sandbox's control API.
    :param waits: how many templates are created and waited for.
    :param interval: seconds between two polls.
    """

    def __init__(
        self,
        airflow: Deployment,
        services: PrivateServices,
        control: httpx.Client,
        waits: int,
        interval: float,
    ) -> None:
        self._airflow, self._control = airflow, control
        self._waits, self._interval = waits, interval
        self._wanted = expected(waits)
        processes = services.processes | airflow.processes
        pids = {name: process.pid for name, process in processes.items()}
        self._meters = Meters(pids, control, airflow.rows)
        self._began = time.monotonic()
        self._steps: dict[str, dict[str, Any]] = {}

    def tell(self) -> dict[str, Any]:
        """Run it to its end, and return the figures."""
        self._control.patch("/switches", json={"approve_after": FAR_OFF}).raise_for_status()
        load_before = os.getloadavg()[0]
        idle = self._idle()
        run_id = self._airflow.trigger(DAG_ID, {"names": sorted({want.name for want in self._wanted})})
        created = self._create(idle)
        worker_outage, deferred = self._defer(created)
        held, waited = self._wait(deferred)
        triggerer_outage = self._decide(waited, worker_outage)
        state = self._airflow.wait_for_run(DAG_ID, run_id, self._patience())
        print(table(self._steps), flush=True)
        verdicts = self._judge(run_id)
        self._say(
            f"right: {verdicts.approved} approved, {verdicts.rejected} rejected with their reason; "
            f"wrong: {len(verdicts.wrong)}"
        )
        for problem in verdicts.wrong[:20]:
            print(f"           {problem}", flush=True)
        return {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {
                "cpus": os.cpu_count(),
                "system": f"{platform.system()} {platform.machine()}",
                "python": platform.python_version(),
                "airflow": version("apache-airflow"),
                "load_average_before": round(load_before, 2),
            },
            "waits": self._waits,
            "interval_seconds": self._interval,
            "settings": DEFAULTS | SETTINGS,
            "right_approved": verdicts.approved,
            "right_rejected": verdicts.rejected,
            "wrong": verdicts.wrong,
            "run_state": state,
            "tries": self._tries(),
            "steps": self._steps,
            "worker_outage": asdict(worker_outage),
            "triggerer_outage": asdict(triggerer_outage),
            "triggers_held_while_waiting": held,
            "triggerer_mb_idle": _triggerers(idle),
            "triggerer_mb_waiting": _triggerers(waited),
            "resident_mb_waiting": {name: round(mb) for name, mb in waited.resident_mb.items()},
        }

    def _idle(self) -> Reading:
        """Let some intervals pass in which there is nothing to do."""
        self._airflow.until(self._is_known, SECONDS_BESIDE, f"Airflow does not know {DAG_ID}")
        before = self._meters.read()
        time.sleep(STEADY_INTERVALS * self._interval)
        return self._step("idle", before, "so long there was nothing to do")

    def _is_known(self) -> bool | None:
        return bool(self._airflow.rows("select 1 from dag where dag_id = ?", DAG_ID)) or None

    def _create(self, before: Reading) -> Reading:
        self._until("create", lambda states: states["success"] == self._waits)
        return self._step("create", before, f"{self._waits} templates created")

    def _defer(self, before: Reading) -> tuple[WorkerOutage, Reading]:
        """See all waits deferred; half of them are when a worker is killed."""
        outage: WorkerOutage | None = None

        def reached(states: Mapping[str | None, int]) -> bool:
            nonlocal outage
            if outage is None and states["deferred"] >= self._waits // 2:
                # For the last time before its process is gone.
                self._meters.read()
                outage = kill_worker(self._airflow, WORKERS[0])
                if outage is not None:
                    self._say(
                        f"{states['deferred']} wait; killed {WORKERS[0]} and the "
                        f"{len(outage.lost)} tasks that ran on it"
                    )
            elif outage is not None:
                outage.look(self._airflow)
            return states["deferred"] == self._waits

        self._until("approved", reached)
        if outage is None:
            raise RuntimeError("no task was seen running on the worker that was to be killed")
        outage.look(self._airflow)
        after = [task.seconds_until_run_again for task in outage.lost]
        self._say(f"its tasks ran again after {after} s; {outage.requeued} that waited there were requeued")
        return outage, self._step("defer", before, f"{self._waits} waits deferred")

    def _wait(self, before: Reading) -> tuple[dict[int, int], Reading]:
        """Let some intervals pass in which nothing happens."""
        # The last ones join, and a shared poll adapts to who is there.
        time.sleep(2 * self._interval)
        before = self._meters.read()
        time.sleep(STEADY_INTERVALS * self._interval)
        held = triggers_held(self._airflow)
        reading = self._step("wait", before, f"waiting; the triggerers held {held} triggers")
        asked = self._steps["wait"]["requests"].get("list", 0)
        intervals = (reading.moment - before.moment) / self._interval
        self._steps["wait"]["requests_per_interval"] = round(asked / intervals, 1)
        return held, reading

    def _decide(self, before: Reading, worker_outage: WorkerOutage) -> TriggererOutage:
        """Decide on half of the templates, kill a triggerer while it tells of them, decide on the rest."""
        half = self._waits // 2
        self._decide_on(range(half))
        ended = self._waits // 10
        self._until("approved", lambda states: self._waits - states["deferred"] >= ended)
        self._meters.read()
        outage = kill_triggerer(self._airflow, TRIGGERERS[0])
        self._decide_on(range(half, self._waits))
        self._say(f"killed {TRIGGERERS[0]}; the triggerers held {dict(outage.held_before)} triggers")

        def reached(states: Mapping[str | None, int]) -> bool:
            outage.look(self._airflow)
            return states["success"] + states["failed"] == self._waits

        self._until("approved", reached)
        self._say(f"its {outage.held} triggers were taken over {outage.seconds_until_taken_over} s later")
        worker_outage.look(self._airflow)
        self._step("decide", before, f"{self._waits} waits ended")
        return outage

    def _decide_on(self, indexes: Iterable[int]) -> None:
        for index in indexes:
            want = self._wanted[index]
            change: dict[str, Any] = {"name": want.name, "language": want.language, "status": IN_USE}
            if want.reason is not None:
                change |= {"status": REJECTED, "reason": want.reason}
            self._control.post("/status", json=change).raise_for_status()

    def _judge(self, run_id: str) -> Verdicts:
        at_nxlink: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for template in self._control.get("/templates").raise_for_status().json():
            at_nxlink.setdefault((template["name"], template["language"]), []).append(template)
        return judged(self._wanted, read_ends(self._airflow.rows, self._airflow.home, run_id), at_nxlink)

    def _tries(self) -> dict[str, dict[int, int]]:
        """Return how many tasks of each kind needed how many tries."""
        query = "select task_id, try_number, count(*) from task_instance group by 1, 2 order by 1, 2"
        tries: dict[str, dict[int, int]] = {}
        for task, number, tasks in self._airflow.rows(query):
            tries.setdefault(task, {})[number] = tasks
        return tries

    def _until(self, task: str, reached: Callable[[Counter[str | None]], bool]) -> None:
        def look() -> bool | None:
            return reached(Counter(dict(self._airflow.rows(STATES, task)))) or None

        self._airflow.until(look, self._patience(), f"{task}: not all of the {self._waits} came so far")

    def _patience(self) -> float:
        return SECONDS_BESIDE + SECONDS_PER_WAIT * self._waits

    def _step(self, name: str, before: Reading, text: str) -> Reading:
        reading = self._meters.read()
        self._steps[name] = used(before, reading)
        self._say(f"{text} ({self._steps[name]['seconds']:.0f} s)")
        return reading

    def _say(self, text: str) -> None:
        print(f"  {time.monotonic() - self._began:6.0f} s  {text}", flush=True)


def _triggerers(reading: Reading) -> dict[str, float]:
    return {name: round(reading.resident_mb[name], 1) for name in TRIGGERERS}
