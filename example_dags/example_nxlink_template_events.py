"""
A DAG that runs when WhatsApp rejects or pauses a template. Needs Airflow 3.0 or newer.

A watcher in the triggerer compares each poll of NXLink's list with the one before. From Airflow 3.3 on it
remembers what it saw over a restart, so that no change is lost or told twice.
"""

from __future__ import annotations

import os
from typing import Any

import pendulum
from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_nxlink.api.models import TemplateStatus
from airflow_provider_nxlink.triggers.template import NxlinkTemplateChangeTrigger

# [START watch]
refused = Asset(
    "nxlink_refused_templates",
    watchers=[
        AssetWatcher(
            name="refused",
            trigger=NxlinkTemplateChangeTrigger(
                statuses=[TemplateStatus.REJECTED, TemplateStatus.PAUSED],
                poll_interval=float(os.environ.get("NXLINK_EXAMPLE_POLL_SECONDS", "60")),
            ),
        )
    ],
)

with DAG(
    dag_id="example_nxlink_template_events",
    schedule=[refused],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    doc_md=__doc__,
    tags=["example", "nxlink"],
) as dag:

    @task
    def tell(triggering_asset_events: Any = None) -> list[str]:
        """Say which templates changed, and why; a real DAG would tell somebody."""
        changes = [event.extra["payload"] for events in triggering_asset_events.values() for event in events]
        return [
            f"{change['template']['name']} ({change['template']['language']}) is now "
            f"{change['template']['status_name']}: {change['template']['rejected_reason']}"
            for change in changes
        ]

    tell()
# [END watch]
