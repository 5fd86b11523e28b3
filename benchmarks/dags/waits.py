"""Waits for the templates that the environment names: on the shared poll, and on polls of their own."""

from __future__ import annotations

import os

import pendulum
from airflow.providers.common.compat.sdk import DAG
from plain_wait import PlainTemplateWait

from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor

NAMES = os.environ["NXLINK_BENCHMARK_TEMPLATES"].split(",")
INTERVAL = float(os.environ["NXLINK_BENCHMARK_INTERVAL"])
TIMEOUT = 3600
TEMPLATES = [{"name": name, "language": "en_US"} for name in NAMES]
BEGINNING = pendulum.datetime(2026, 1, 1, tz="UTC")

with DAG("shared", schedule=None, start_date=BEGINNING, max_active_tasks=len(NAMES)):
    NxlinkTemplateSensor.partial(
        task_id="wait", deferrable=True, poke_interval=INTERVAL, timeout=TIMEOUT
    ).expand(template=TEMPLATES)

with DAG("plain", schedule=None, start_date=BEGINNING, max_active_tasks=len(NAMES)):
    PlainTemplateWait.partial(task_id="wait", poll_interval=INTERVAL, timeout=TIMEOUT).expand(
        template=TEMPLATES
    )
