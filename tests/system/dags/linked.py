"""Deferred waits behind a connection to one of NXLink's own regions."""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor

with DAG("linked", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")):
    NxlinkTemplateSensor.partial(
        task_id="approved",
        nxlink_conn_id="nxlink_indonesia",
        deferrable=True,
        poke_interval=1,
        timeout=600,
    ).expand(template=[{"name": name, "language": "en_US"} for name in ("first", "second")])
