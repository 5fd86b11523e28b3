"""500 templates by one sync task, beside mapped HttpOperator tasks, on a whole Airflow."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from demo import sandbox
from rows import Row
from running_airflow import RunningAirflow
from syncing import CONCURRENCY, LATENCY, SPECS, far_away

HERE = Path(__file__).resolve().parent

TURNS = 5
MAPPED = 50


def measure(turns: int = TURNS, mapped: int = MAPPED, specs: int = SPECS) -> list[Row]:
    """
    Compare the time from the start to the end of a DAG run.

    One run syncs all the specs in one task; the other creates fewer, one ``HttpOperator`` task each, and what
    all of them would take is extrapolated: tasks of their own cost the same each.
    """
    synced, mapped_runs = [], []
    with sandbox() as (url, connection):
        address = urlsplit(url)
        options = {
            "PYTHONPATH": str(HERE),
            # The first turn leaves bytecode for the others, as an installation does.
            "PYTHONDONTWRITEBYTECODE": "",
            "NXLINK_BENCHMARK_SPECS": str(specs),
            "NXLINK_BENCHMARK_MAPPED": str(mapped),
            "NXLINK_BENCHMARK_CONCURRENCY": str(CONCURRENCY),
            "AIRFLOW__CORE__PARALLELISM": str(max(4, 2 * (os.cpu_count() or 1))),
            "AIRFLOW_CONN_NXLINK_HTTP": f"http://sandbox-key:sandbox-secret@{address.netloc}",
        }
        home = Path(tempfile.mkdtemp(prefix="nxlink-benchmark-"))
        with RunningAirflow(home, HERE / "dags_syncing", connection, options) as airflow:
            for _ in range(turns):
                with far_away(url) as steering:
                    synced.append(run_seconds(airflow, "synced"))
                    created(steering, specs)
                with far_away(url) as steering:
                    mapped_runs.append(run_seconds(airflow, "mapped"))
                    created(steering, mapped)
        shutil.rmtree(home, ignore_errors=True)
    ours, theirs = statistics.median(synced), statistics.median(mapped_runs)
    extrapolated = theirs * specs / mapped
    return [
        Row(
            what=f"{specs} mapped HttpOperator tasks (extrapolated from {mapped}), time of the DAG run",
            beside=f"one NxlinkSyncTemplatesOperator with {specs} specs, max_concurrency={CONCURRENCY}",
            measured=extrapolated / ours,
            target=50,
            more_is_better=True,
            note=f"{mapped} took {theirs:.1f} s, so {specs} would take {extrapolated:.0f} s; the sync took "
            f"{ours:.1f} s; server latency {1000 * LATENCY:.0f} ms",
            details={"unit": "seconds", "synced": synced, "mapped": mapped_runs, "cpus": os.cpu_count()},
        )
    ]


def run_seconds(airflow: RunningAirflow, dag_id: str) -> float:
    """Run a DAG, and return the seconds from the start of its run to the end."""
    run_id = airflow.trigger(dag_id)
    if airflow.wait_for_run(dag_id, run_id, 600) != "success":
        raise RuntimeError(f"{dag_id} failed; see {airflow.home}")
    query = "select start_date, end_date from dag_run where dag_id = ? and run_id = ?"
    ((began, ended),) = airflow.rows(query, dag_id, run_id)
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()


def created(steering: httpx.Client, count: int) -> None:
    """See that this many templates are there."""
    there = len(steering.get("/templates").json())
    if there != count:
        raise RuntimeError(f"{there} templates instead of {count}")
