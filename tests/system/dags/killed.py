"""A template that is created and deleted, by tasks that are tried again when their worker dies."""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import dag

from airflow_provider_nxlink.operators.template import NxlinkCreateTemplateOperator


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"))
def killed():
    NxlinkCreateTemplateOperator(
        task_id="create",
        template={
            "name": "made_once",
            "language": "en_US",
            "category": "UTILITY",
            "content": "Hello {{1}}, this is made once.",
        },
        if_exists="skip",
        retries=2,
        retry_delay=1,
    )


killed()
