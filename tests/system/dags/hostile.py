"""Deferred waits for templates of which one has a hostile answer."""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import dag

from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"))
def hostile():
    for name in ("hostile", "good_one", "good_two"):
        NxlinkTemplateSensor(
            task_id=name,
            template={"name": name, "language": "en_US"},
            deferrable=True,
            poke_interval=2,
            timeout=300,
        )


hostile()
