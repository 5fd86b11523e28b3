"""An Airflow deployment in a throwaway home on loopback: real processes that can be killed one by one."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import psutil  # type: ignore[import-untyped]

T = TypeVar("T")

# Airflow 2 has another server for its pages and another API, and its scheduler reads the DAG files.
HAS_API_SERVER = importlib.util.find_spec("airflow.api_fastapi") is not None
WEB_SERVER = "api-server" if HAS_API_SERVER else "webserver"
COMPONENTS = (WEB_SERVER, "scheduler", *(["dag-processor"] if HAS_API_SERVER else []), "triggerer")
API = "/api/v2" if HAS_API_SERVER else "/api/v1"
HEALTH = "/monitor/health" if HAS_API_SERVER else "/health"
START_SECONDS = 120


class RunningAirflow:
    """
    Run Airflow's components as processes of their own, on SQLite, for the DAGs of one folder.

        with RunningAirflow(home, dags, connection_json) as airflow:
            run_id = airflow.trigger("my_dag")
            airflow.wait_for_run("my_dag", run_id, seconds=60)

    :param home: Airflow's home; made if it is not there. Logs of the components are ``<component>.out``.
    :param dags: the folder of DAG files.
    :param connection: ``nxlink_default`` as JSON.
    :param options: further environment of all components.
    """

    components: tuple[str, ...] = COMPONENTS

    def __init__(
        self, home: Path, dags: Path, connection: str, options: Mapping[str, str] | None = None
    ) -> None:
        self.home = home
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._token: str | None = None
        home.mkdir(parents=True, exist_ok=True)
        mine = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
        self.environment = mine | {
            # Airflow 2's executor looks for `airflow` there.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            # Airflow 2 takes no other with SQLite.
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor" if HAS_API_SERVER else "SequentialExecutor",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__FERNET_KEY": "",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            # Airflow 3.0 names none by itself, which PyJWT no longer takes.
            "AIRFLOW__API_AUTH__JWT_ISSUER": "airflow",
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{self.port}",
            # What Airflow 2 goes by: who may use its API, and how often its scheduler reads the DAG files.
            "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.default",
            "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "5",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
            "AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "5",
            # A triggerer that was killed counts as gone after this many seconds.
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "AIRFLOW_CONN_NXLINK_DEFAULT": connection,
            **(options or {}),
        }

    def __enter__(self) -> Self:
        try:
            self._open_to_everybody()
            self.command("db", "migrate")
            for component in self.components:
                self.start(component)
            self.until(self._is_healthy, START_SECONDS, "the API server did not answer")
        except BaseException:
            self.stop_all()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()

    def command(self, *words: str) -> str:
        """Run an ``airflow`` command to its end and return what it prints."""
        with (self.home / "commands.out").open("ab") as log:
            done = subprocess.run(
                [sys.executable, "-m", "airflow", *words],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                check=True,
            )
        return done.stdout.decode()

    def words(self, component: str) -> list[str]:
        """Return the ``airflow`` command that a component is."""
        if component == WEB_SERVER:
            host = "--host" if component == "api-server" else "--hostname"
            return [component, host, "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        return [component]

    def start(self, component: str) -> None:
        """Start a component."""
        with (self.home / f"{component}.out").open("ab") as log:
            self.processes[component] = subprocess.Popen(
                [sys.executable, "-m", "airflow", *self.words(component)],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def serve_pages(self) -> None:
        """Start the web server alone; everybody is an administrator."""
        self._open_to_everybody()
        self.command("db", "migrate")
        self.start(WEB_SERVER)

        def answers() -> bool | None:
            with suppress(httpx.HTTPError), httpx.Client(trust_env=False, timeout=5) as http:
                return http.get(f"http://127.0.0.1:{self.port}/").status_code < 500 or None
            return None

        self.until(answers, START_SECONDS, "the web server did not answer")

    def _open_to_everybody(self) -> None:
        # What Airflow 2 and FAB look at, as SIMPLE_AUTH_MANAGER_ALL_ADMINS says nothing to them.
        (self.home / "webserver_config.py").write_text('AUTH_ROLE_PUBLIC = "Admin"\n', encoding="utf-8")

    def kill(self, component: str) -> None:
        """End a component and all it started with SIGKILL, as a machine that loses power does."""
        process = self.processes.pop(component)
        started = _tree(process)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        # A task has a process group of its own.
        _kill_all(started)
        process.wait()

    def stop_all(self) -> None:
        """End everything."""
        processes = list(self.processes.values())
        self.processes.clear()
        # What a component started may outlive it; a task has a process group of its own.
        started = [child for process in processes for child in _tree(process)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        _kill_all(started)

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run of a DAG, as soon as Airflow knows it, and return the run's id."""

        def started() -> str | None:
            # Asked for by Airflow 3, and of Airflow 2 no date.
            when = {"logical_date": None} if HAS_API_SERVER else {}
            answer = self._api("POST", f"/dags/{dag_id}/dagRuns", {**when, "conf": conf or {}})
            return str(answer.json()["dag_run_id"]) if answer.status_code == 200 else None

        return self.until(started, START_SECONDS, f"Airflow does not know {dag_id}")

    def wait_for_run(self, dag_id: str, run_id: str, seconds: float) -> str:
        """Wait until a run has ended, and return its state."""

        def ended() -> str | None:
            rows = self.rows("select state from dag_run where dag_id = ? and run_id = ?", dag_id, run_id)
            state = rows[0][0] if rows else None
            return state if state in ("success", "failed") else None

        return self.until(ended, seconds, f"{dag_id} did not end")

    def task_states(self, dag_id: str, run_id: str) -> dict[tuple[str, int], str]:
        """Return the state of each task instance, by task and map index."""
        query = "select task_id, map_index, state from task_instance where dag_id = ? and run_id = ?"
        return {(task, index): state for task, index, state in self.rows(query, dag_id, run_id)}

    def wait_until_deferred(self, dag_id: str, run_id: str, number: int, seconds: float = 120) -> None:
        """
        Wait until so many tasks of a run are deferred, and the scheduler has heard of it from the executor.

        Where it hears later than the trigger fires, Airflow takes that for the end of the task's second
        half, which it then fails or tries again ("finished with state success, but the task instance's
        state attribute is queued").
        """

        def deferred() -> bool | None:
            states = self.task_states(dag_id, run_id)
            waiting = {task for task, state in states.items() if state == "deferred"}
            return (len(waiting) == number and waiting <= self._heard_of(dag_id, run_id)) or None

        try:
            self.until(deferred, seconds, f"not every one of {number} tasks was deferred")
        except TimeoutError as error:
            states, heard = self.task_states(dag_id, run_id), self._heard_of(dag_id, run_id)
            raise TimeoutError(f"{error}; states {states}, and the scheduler heard of {heard}") from error

    def _heard_of(self, dag_id: str, run_id: str) -> set[tuple[str, int]]:
        """Return which tasks of a run the executor has told the scheduler of."""
        told = re.compile(
            r"Received executor event with state success for task instance TaskInstanceKey\("
            rf"dag_id='{re.escape(dag_id)}', task_id='(.+?)', run_id='{re.escape(run_id)}'"
            r".*, map_index=(-?\d+)\)"
        )
        log = (self.home / "scheduler.out").read_text(encoding="utf-8", errors="replace")
        return {(task_id, int(index)) for task_id, index in told.findall(log)}

    def extra_links(
        self, dag_id: str, run_id: str, task_id: str, map_index: int = -1
    ) -> dict[str, str | None]:
        """Return the links that the page of a task instance shows, by their names."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/links?map_index={map_index}"
        links: dict[str, str | None] = self._api("GET", path).raise_for_status().json()["extra_links"]
        return links

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read Airflow's database."""
        with closing(sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True, timeout=30)) as db:
            return db.execute(query, values).fetchall()

    def logs(self, dag_id: str) -> str:
        """Return all task logs of a DAG, the triggerer's included."""
        folder = self.home / "logs" / f"dag_id={dag_id}"
        return "\n".join(
            path.read_text(encoding="utf-8", errors="replace")
            for path in sorted(folder.rglob("*.log*"))
            if path.is_file()
        )

    def until(self, look: Callable[[], T | None], seconds: float, failure: str) -> T:
        """Look twice a second until there is something to see, and return it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (seen := look()) is not None:
                return seen
            time.sleep(0.5)
        raise TimeoutError(f"{failure} within {seconds:.0f} s; see {self.home}")

    def _is_healthy(self) -> bool | None:
        with suppress(httpx.HTTPError):
            health = self._api("GET", HEALTH).raise_for_status().json()
            parts = ["scheduler", "triggerer", *(["dag_processor"] if "dag-processor" in COMPONENTS else [])]
            return all(health[part]["status"] == "healthy" for part in parts) or None
        return None

    def _api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        base = f"http://127.0.0.1:{self.port}"
        with httpx.Client(base_url=base, trust_env=False, timeout=30) as http:
            if self._token is None and HAS_API_SERVER and path != HEALTH:
                self._token = str(http.get("/auth/token").raise_for_status().json()["access_token"])
            headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
            return http.request(method, f"{API}{path}", json=body, headers=headers)


def _tree(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return a process and all it started."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(process.pid)
        return [root, *root.children(recursive=True)]
    return []


def _kill_all(processes: list[psutil.Process]) -> None:
    for process in processes:
        # Psutil knows a process by its start too, and kills no other that was given its number since.
        with suppress(psutil.NoSuchProcess):
            process.kill()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
