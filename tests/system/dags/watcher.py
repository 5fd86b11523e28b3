"""A DAG that runs when a template is rejected or paused."""

from __future__ import annotations

import pendulum
from airflow.sdk import Asset, AssetWatcher, dag, task

from airflow_provider_nxlink.triggers.template import NxlinkTemplateChangeTrigger

changed = Asset(
    "nxlink_trouble",
    watchers=[
        AssetWatcher(name="trouble", trigger=NxlinkTemplateChangeTrigger(statuses=[0, 11], poll_interval=2))
    ],
)


@dag(
    schedule=[changed],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    # The test that needs it unpauses it: a watcher polls for its own.
    is_paused_upon_creation=True,
)
def watcher():
    @task(inlets=[changed])
    def tell(triggering_asset_events=None):
        return [event.extra["payload"] for events in triggering_asset_events.values() for event in events]

    tell()


watcher()
