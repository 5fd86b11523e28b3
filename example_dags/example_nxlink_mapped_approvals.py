"""
One wait mapped over many templates: campaigns go out when WhatsApp has approved all of their languages.

The run's parameter ``names`` says which. The waits are deferred, so they hold no worker, and from Airflow 3.3
on they share one poll of NXLink's list, however many they are.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pendulum

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

from airflow_provider_nxlink.operators.template import NxlinkCreateTemplateOperator
from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor

POLL = timedelta(seconds=float(os.environ.get("NXLINK_EXAMPLE_POLL_SECONDS", "60")))

TEXTS = {
    "en_US": "Hello {{1}}, our spring collection is here. Have a look around!",
    "de": "Hallo {{1}}, unsere Frühjahrskollektion ist da. Schau dich um!",
    "es": "Hola {{1}}, ya está aquí nuestra colección de primavera. ¡Echa un vistazo!",
    "pt_BR": "Olá {{1}}, a nossa coleção de primavera chegou. Dê uma olhada!",
}

with DAG(
    dag_id="example_nxlink_mapped_approvals",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 2, "retry_delay": timedelta(seconds=5)},
    params={"names": ["spring_collection"]},
    doc_md=__doc__,
    tags=["example", "nxlink"],
) as dag:
    # [START mapped]
    @task
    def texts(params: Any = None) -> list[dict[str, str]]:
        """Return each campaign's text in each language."""
        return [
            {"name": name, "language": language, "category": "MARKETING", "content": text}
            for name in params["names"]
            for language, text in TEXTS.items()
        ]

    create = NxlinkCreateTemplateOperator.partial(
        task_id="create",
        # The second run of this DAG finds the templates of the first.
        if_exists="skip",
    ).expand(template=texts())

    approved = NxlinkTemplateSensor.partial(
        task_id="approved", deferrable=True, poke_interval=POLL, timeout=timedelta(days=2)
    ).expand(template=create.output)
    # [END mapped]

    @task
    def send_campaigns(templates: list[dict[str, object]]) -> list[str]:
        """Stand for whatever sends the messages."""
        return sorted(f"sending {template['name']} in {template['language']}" for template in templates)

    send_campaigns(approved.output)
