"""A deferred wait for a template that is rejected meanwhile, with retries that must not be used."""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import dag

from airflow_provider_nxlink.operators.template import NxlinkCreateTemplateOperator


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"))
def rejected():
    NxlinkCreateTemplateOperator(
        task_id="create",
        template={
            "name": "never_right",
            "language": "en_US",
            "category": "UTILITY",
            "content": "Hello {{1}}, this will not do.",
        },
        wait_for_approval=True,
        deferrable=True,
        poll_interval=1,
        retries=3,
        retry_delay=1,
    )


rejected()
