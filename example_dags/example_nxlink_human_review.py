"""
A person looks at changed templates before anything goes to Meta, where a mistake costs a day of review.

The plan is made without sending anything. Where it has changes, somebody is asked in Airflow (*Required
Actions*) to approve them, and sees what the plan returned: the differences, and each template as it will be
sent, with Airflow's Jinja rendered. After the approval the same folder is synced. Without changes nobody is
asked.

Needs ``ApprovalOperator`` of the standard provider, from Airflow 3.1 on; without it there is no DAG here.
"""

from __future__ import annotations

import json
import os
import re
from datetime import timedelta
from difflib import ndiff
from pathlib import Path
from typing import Any

import pendulum
from airflow.providers.common.compat.sdk import AirflowOptionalProviderFeatureException

from airflow_provider_nxlink.operators.template import NxlinkSyncTemplatesOperator

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
    """Return what the plan would do as Markdown: each change, and each template as the phone will show it."""
    return "\n\n".join(shown(row) for row in planned["plan"] if row["action"] != "unchanged")


def shown(row: dict[str, Any]) -> str:
    """Return one template of the plan: what happens and why, what changes, and the rendered text."""
    parts = [f"**{row['action']} {row['name']} ({row['language']})** {row['reason']}".rstrip()]
    changes = [
        line
        for difference in row["differences"]
        for line in (
            f"{difference['path']}:",
            *ndiff(lines(difference["live"]), lines(difference["wanted"])),
        )
    ]
    if changes:
        parts.append(block("diff", "\n".join(changes)))
    if row["preview"]:
        parts.append(block("text", row["preview"]))
    return "\n\n".join(parts)


def lines(value: Any) -> list[str]:
    """Return one side of a difference, line by line."""
    if value is None:
        return []
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).splitlines()


def block(language: str, text: str) -> str:
    """Return a code block, with a fence that the text does not hold."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


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
