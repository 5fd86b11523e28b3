"""Many templates created by one task."""

from __future__ import annotations

import os

import pendulum
from airflow.sdk import DAG
from order_templates import body

from airflow_provider_nxlink.operators.template import NxlinkSyncTemplatesOperator

with DAG("synced", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")):
    NxlinkSyncTemplatesOperator(
        task_id="sync",
        templates=[body(number) for number in range(int(os.environ["NXLINK_BENCHMARK_SPECS"]))],
        max_concurrency=int(os.environ["NXLINK_BENCHMARK_CONCURRENCY"]),
        max_creates_per_hour=0,
    )
