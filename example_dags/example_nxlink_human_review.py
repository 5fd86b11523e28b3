"""
A person looks at changed templates before anything goes to Meta, where a mistake costs a day of review.

The plan is made without sending anything. Where it has changes, their previews wait for somebody's approval
in Airflow (*Required Actions*); after it the same folder is synced. Where nothing changed nobody is asked.

Needs ``ApprovalOperator`` of the standard provider, from Airflow 3.1 on; without it there is no DAG here.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pendulum
from airflow.providers.common.compat.sdk import AirflowOptionalProviderFeatureException

from airflow_provider_nxlink.operators.template import NxlinkSyncTemplatesOperator
from airflow_provider_nxlink.specs.files import load_file, spec_files
from airflow_provider_nxlink.specs.model import TemplateSpec

try:
    from airflow.providers.standard.operators.hitl import ApprovalOperator
except (ImportError, AirflowOptionalProviderFeatureException):
    ApprovalOperator = None

FOLDER = Path(__file__).parent / "nxlink_templates"
POLL = timedelta(seconds=float(os.environ.get("NXLINK_EXAMPLE_POLL_SECONDS", "60")))


def changed(planned: dict[str, Any]) -> bool:
    """Say whether there is anything to look at."""
    return any(row["action"] != "unchanged" for row in planned["plan"])


def previews(planned: dict[str, Any]) -> str:
    """Return what is to be done as Markdown, with each template as the phone shows it; Jinja as written."""
    specs = [TemplateSpec.from_mapping(one) for file in spec_files(FOLDER) for one in load_file(file)]
    shown = {(spec.name, spec.language): spec.preview() for spec in specs}
    parts = []
    for row in planned["plan"]:
        if row["action"] != "unchanged":
            text = shown.get((row["name"], row["language"]), "")
            parts.append(f"**{row['action']} {row['name']} ({row['language']})**\n\n```text\n{text}\n```")
    return "\n\n".join(parts)


if ApprovalOperator is not None:
    from airflow.sdk import DAG, task

    with DAG(
        dag_id="example_nxlink_human_review",
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        params={"discount": "20"},
        doc_md=__doc__,
        tags=["example", "nxlink"],
    ) as dag:
        # [START plan_and_review]
        plan = NxlinkSyncTemplatesOperator(task_id="plan", templates=FOLDER.name, dry_run=True)

        review = ApprovalOperator(
            task_id="review",
            subject="Send these templates to Meta?",
            body="{{ ti.xcom_pull(task_ids='previews') }}",
        )

        sync = NxlinkSyncTemplatesOperator(
            task_id="sync",
            templates=FOLDER.name,
            wait_for_approval=True,
            deferrable=True,
            poll_interval=POLL,
        )

        (
            task.short_circuit(task_id="changed")(changed)(plan.output)
            >> task(task_id="previews")(previews)(plan.output)
            >> review
            >> sync
        )
        # [END plan_and_review]
