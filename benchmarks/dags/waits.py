"""As many deferrable waits as the environment says: on the shared poll, and on polls of their own."""

from __future__ import annotations

import os

import pendulum
from airflow.sdk import DAG
from plain_wait import PlainTemplateWait

from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor

WAITS = int(os.environ["NXLINK_BENCHMARK_WAITS"])
INTERVAL = float(os.environ["NXLINK_BENCHMARK_INTERVAL"])
TIMEOUT = 3600
TEMPLATES = [{"name": f"wait_{number}", "language": "en_US"} for number in range(WAITS)]
BEGINNING = pendulum.datetime(2026, 1, 1, tz="UTC")

with DAG("shared", schedule=None, start_date=BEGINNING, max_active_tasks=WAITS):
    NxlinkTemplateSensor.partial(
        task_id="wait", deferrable=True, poke_interval=INTERVAL, timeout=TIMEOUT
    ).expand(template=TEMPLATES)

with DAG("plain", schedule=None, start_date=BEGINNING, max_active_tasks=WAITS):
    PlainTemplateWait.partial(task_id="wait", poll_interval=INTERVAL, timeout=TIMEOUT).expand(
        template=TEMPLATES
    )
