"""
Templates as code: NXLink's templates are made what the spec files of a folder say, every day.

The files are beside this one, in ``nxlink_templates/``. Where nothing changed nothing is sent. To see what a
change to a file would do, before it is deployed::

    python -m airflow_provider_nxlink plan example_dags/nxlink_templates --param discount=20

Runs against the sandbox as it stands, and against the real service with a connection ``nxlink_default``.
"""

from __future__ import annotations

import os
from datetime import timedelta

import pendulum

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG

from airflow_provider_nxlink.operators.template import NxlinkSyncTemplatesOperator

# A review takes minutes to a day, and the default of a minute suits it; the sandbox reviews in seconds.
POLL = timedelta(seconds=float(os.environ.get("NXLINK_EXAMPLE_POLL_SECONDS", "60")))

with DAG(
    dag_id="example_nxlink_sync_folder",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1)},
    params={"discount": "20"},
    doc_md=__doc__,
    tags=["example", "nxlink"],
) as dag:
    # [START sync]
    NxlinkSyncTemplatesOperator(
        task_id="sync",
        templates="nxlink_templates",
        # Nobody else's templates begin like this; what is no file any more is deleted.
        prune=True,
        prune_pattern="spring_*",
        wait_for_approval=True,
        deferrable=True,
        poll_interval=POLL,
    )
    # [END sync]
