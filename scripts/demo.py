"""Run the lifecycle example on a throwaway Airflow against the sandbox, and tell what happens.

Leaves nothing behind but `.airflow/` (Airflow's home and this run's log) and `.venv/`, also after Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
DAG_FILE = ROOT / "example_dags" / "example_nxlink_template_lifecycle.py"
# Says of each process which demo it belongs to.
MARK = {"NXLINK_DEMO_PID": str(os.getpid())}
READY_PREFIX = "AIRFLOW_CONN_NXLINK_DEFAULT="
STATUS_WORDS = {0: "rejected", 1: "pending", 2: "in use", 9: "pending deletion", 14: "deleted"}
ENDPOINT_WORDS = {
    "upload": "uploads the picture",
    "create": "creates the template",
    "update": "replaces the template",
    "details": "reads the details",
    "delete": "deletes the template",
}


def main(home: Path) -> int:
    """Run the demo with Airflow's home in ``home``; return 0 when every task succeeded."""
    log_file, results = home / "demo.log", home / "demo.json"
    home.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    print("Starting the sandbox …")
    with sandbox() as (url, connection):
        print(f"  it listens on {url}, checks every signature, and approves after 4 seconds")
        environment = airflow_environment(home, connection)
        with log_file.open("w", encoding="utf-8") as log:
            print(f"Preparing Airflow in {home} …")
            command([sys.executable, "-m", "airflow", "db", "migrate"], environment, log)
            print(f"Running {DAG_FILE.name} (its log: {log_file})\n")
            with watching(url):
                runner = [sys.executable, "scripts/run_dag.py", str(DAG_FILE), str(results)]
                code = command(runner, environment, log, check=False)
    return report(results, log_file, code)


@contextmanager
def sandbox() -> Iterator[tuple[str, str]]:
    """Run the sandbox on a free port; give its URL and the connection to it as JSON."""
    module = ["-m", "airflow_provider_nxlink.sandbox", "--port", "0", "--approve-after", "4"]
    process = subprocess.Popen(
        [sys.executable, "-u", *module],
        cwd=ROOT,
        env=os.environ | MARK,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        lines = process.stdout or ()
        connection = next((line for line in lines if line.startswith(READY_PREFIX)), None)
        if connection is None:
            raise SystemExit("the sandbox did not start")
        # Nobody reads on, so that its pipe must not fill.
        threading.Thread(target=lambda: [None for _ in lines], daemon=True).start()
        connection = connection.removeprefix(READY_PREFIX).strip().strip("'")
        yield json.loads(connection)["host"], connection
    finally:
        end(process)


def airflow_environment(home: Path, connection: str) -> dict[str, str]:
    """Return the environment of an Airflow that knows nothing of the user's own."""
    mine = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    return (
        mine
        | MARK
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "example_dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
            "AIRFLOW_CONN_NXLINK_DEFAULT": connection,
            "NXLINK_EXAMPLE_POLL_SECONDS": "1",
        }
    )


def command(words: list[str], environment: dict[str, str], log: Any, *, check: bool = True) -> int:
    """Run a command to its end, its output in the log; end it when we are ended."""
    process = subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        code = process.wait()
    finally:
        end(process)
    if check and code:
        raise SystemExit(f"{' '.join(words[1:])} failed; see {log.name}")
    return code


def end(process: subprocess.Popen[Any]) -> None:
    """End a process and all it started; a second Ctrl-C does not keep us from it."""
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
                return
    finally:
        signal.signal(signal.SIGINT, interrupt)


@contextmanager
def watching(url: str) -> Iterator[None]:
    """Print what the sandbox receives, and the walk of the template's status, as they happen."""
    done = threading.Event()
    thread = threading.Thread(target=watch, args=(url, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(5)


def watch(url: str, done: threading.Event) -> None:
    """Look at the sandbox four times a second."""
    began, seen, walk = time.monotonic(), 0, None
    with httpx.Client(base_url=f"{url}/_sandbox", trust_env=False) as http:
        last = False
        while not last:
            last = done.wait(0.25)
            received = http.get("/received").json()
            for call in received[seen:]:
                if text := ENDPOINT_WORDS.get(call["endpoint"]):
                    verdict = "signature verified" if call["verified"] else "SIGNATURE REFUSED"
                    answer = f"answered code {call['code']}"
                    tell(began, f"Airflow {text}: {call['method']} {call['path']} ({verdict}, {answer})")
            seen = len(received)
            templates = http.get("/templates").json()
            status = templates[-1]["status"] if templates else None
            if status != walk:
                gone = "gone from NXLink" if status is None else f"{STATUS_WORDS.get(status)} ({status})"
                tell(began, f"    the template is {gone}")
                walk = status


def tell(began: float, text: str) -> None:
    """Print a line with the seconds since the run began."""
    print(f"  {time.monotonic() - began:5.1f} s  {text}", flush=True)


def report(results: Path, log_file: Path, code: int) -> int:
    """Print how each task ended; return the demo's exit code."""
    tasks = json.loads(results.read_text(encoding="utf-8")) if code == 0 else []
    print("\nTasks as Airflow saw them:")
    for task in tasks:
        print(f"  {task['state']:<8} {task['task_id']:<15} {summary(task['result'])}")
    if tasks and all(task["state"] == "success" for task in tasks):
        print("\nEvery task succeeded.")
        return 0
    print(f"\nThe run failed; see {log_file}")
    return 1


def summary(result: Any) -> str:
    """Return what a task returned, in a few words."""
    if not isinstance(result, dict):
        return ""
    shown = ("id", "name", "status_name", "media_id", "original_filename", "content", "deleted")
    return ", ".join(f"{key}={result[key]!r}" for key in shown if key in result)[:150]


if __name__ == "__main__":
    # A terminal that is closed and `kill` end the run as Ctrl-C does.
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda number, _: sys.exit(128 + number))
    try:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--home", type=Path, default=ROOT / ".airflow", help="Airflow's home")
        sys.exit(main(parser.parse_args().home.resolve()))
    except KeyboardInterrupt:
        print("\nStopped.")
        sys.exit(130)
