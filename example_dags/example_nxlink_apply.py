"""
One template is made what its spec file says, every day, and what there is at NXLink is listed.

``apply`` sends nothing where nothing changed, so that it may run as often as it likes. The rest of this DAG
reads: templates and flows by an operator, and with the hook in a task of one's own.
"""

from __future__ import annotations

import os
from datetime import timedelta

import pendulum

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

from airflow_provider_nxlink.api.models import TemplateStatus
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.operators.flow import NxlinkListFlowsOperator
from airflow_provider_nxlink.operators.template import (
    NxlinkApplyTemplateOperator,
    NxlinkListTemplatesOperator,
)

POLL = timedelta(seconds=float(os.environ.get("NXLINK_EXAMPLE_POLL_SECONDS", "60")))

with DAG(
    dag_id="example_nxlink_apply",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=5)},
    doc_md=__doc__,
    tags=["example", "nxlink"],
) as dag:
    # [START apply]
    apply = NxlinkApplyTemplateOperator(
        task_id="apply",
        template="nxlink_templates/order_shipped.yaml#de",
        wait_for_approval=True,
        deferrable=True,
        poll_interval=POLL,
    )
    # [END apply]

    # [START list]
    in_use = NxlinkListTemplatesOperator(task_id="in_use", name="order_shipped", statuses=["IN_USE"])
    # [END list]

    # [START flows]
    flows = NxlinkListFlowsOperator(task_id="flows", status="PUBLISHED")
    # [END flows]

    # [START hook]
    @task
    def rejected() -> dict[str, str | None]:
        """Return why WhatsApp rejected which template."""
        templates = NxlinkHook().list_templates()
        return {
            f"{template.name} ({template.language})": template.rejected_reason
            for template in templates
            if template.status == TemplateStatus.REJECTED
        }

    # [END hook]

    apply >> in_use
    apply >> rejected()
