"""
A template's whole life: upload its picture, create it, wait for WhatsApp, read, change and delete it.

Runs against the sandbox as it stands (``make demo``), and against the real service with a connection
``nxlink_default``. The braces in the texts stay as they are: ``{{1}}`` is WhatsApp's placeholder, filled in
when a message is sent. Where WhatsApp has no placeholders, as in a name, all Jinja is Airflow's.
"""

from __future__ import annotations

import os
from datetime import timedelta

import pendulum

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG

from airflow_provider_nxlink.operators.media import NxlinkUploadMediaOperator
from airflow_provider_nxlink.operators.template import (
    NxlinkCreateTemplateOperator,
    NxlinkDeleteTemplateOperator,
    NxlinkGetTemplateOperator,
    NxlinkUpdateTemplateOperator,
)
from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor
from airflow_provider_nxlink.specs.buttons import QuickReply, UrlButton

# A review takes minutes to a day, and the default of a minute suits it; the sandbox reviews in seconds.
POLL = timedelta(seconds=float(os.environ.get("NXLINK_EXAMPLE_POLL_SECONDS", "60")))

# [START spec]
TEMPLATE = {
    "name": "order_shipped_{{ dag_run.start_date.strftime('%Y%m%d_%H%M%S') }}",
    "language": "en_US",
    "category": "UTILITY",
    "content": "Hello {{1}}, your order *{{2}}* has left us and will be with you soon.",
    "footer_text": "Example Shop",
    "buttons": [
        UrlButton("Track it", "https://shop.example/track/{{1}}", example="https://shop.example/track/42"),
        QuickReply("Thanks!"),
    ],
}
# [END spec]

with DAG(
    dag_id="example_nxlink_template_lifecycle",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 2, "retry_delay": timedelta(seconds=5)},
    doc_md=__doc__,
    tags=["example", "nxlink"],
) as dag:
    # [START upload]
    upload = NxlinkUploadMediaOperator(task_id="upload", media_url="https://shop.example/pictures/parcel.jpg")
    # [END upload]

    # [START create]
    create = NxlinkCreateTemplateOperator(
        task_id="create", template={**TEMPLATE, "header_media": upload.output}
    )
    # [END create]

    # [START wait_reschedule]
    approved = NxlinkTemplateSensor(
        task_id="approved", template=create.output, poke_interval=POLL, mode="reschedule"
    )
    # [END wait_reschedule]

    # [START get]
    read = NxlinkGetTemplateOperator(task_id="read", template=create.output)
    # [END get]

    # [START update]
    update = NxlinkUpdateTemplateOperator(
        task_id="update",
        template={
            **TEMPLATE,
            "content": "Hello {{1}}, your order *{{2}}* is on its way. It arrives on {{3}}.",
            "header_media": upload.output,
        },
    )
    # [END update]

    approved_again = NxlinkTemplateSensor(
        task_id="approved_again", template=update.output, poke_interval=POLL, mode="reschedule"
    )

    # [START delete]
    delete = NxlinkDeleteTemplateOperator(
        task_id="delete", template=create.output, wait_until_gone=True, poll_interval=POLL
    )
    # [END delete]

    create >> approved >> read >> update >> approved_again >> delete
