"""Many deferrable waits at once, over the names that the run's configuration gives."""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import dag, task

from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), max_active_tasks=500)
def mapped_waits():
    @task
    def templates(params=None, dag_run=None):
        names = dag_run.conf["names"]
        return [{"name": name, "language": "en_US"} for name in names]

    NxlinkTemplateSensor.partial(
        task_id="approved", deferrable=True, poke_interval=5, timeout=600, retries=1
    ).expand(template=templates())


mapped_waits()
