"""Every operator, the sensor and a deferred wait, with secrets planted; one of them fails."""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import BaseOperator, dag, mask_secret

from airflow_provider_nxlink.operators.flow import NxlinkListFlowsOperator
from airflow_provider_nxlink.operators.media import NxlinkUploadMediaOperator
from airflow_provider_nxlink.operators.template import (
    NxlinkApplyTemplateOperator,
    NxlinkCreateTemplateOperator,
    NxlinkDeleteTemplateOperator,
    NxlinkGetTemplateOperator,
    NxlinkListTemplatesOperator,
    NxlinkSyncTemplatesOperator,
    NxlinkUpdateTemplateOperator,
)
from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor

# Looked up when it is needed: what is there when a DAG is parsed becomes a part of it.
LINK = "{{ var.value.planted_link }}"
REF = {"name": "planted", "language": "en_US"}
BODY = {**REF, "category": "MARKETING", "content": "Hello there"}
WITH_LINK = {**BODY, "header_media": {"url": LINK}}


class PlainOperator(BaseOperator):
    """What Airflow makes of a value in a rendered field that is masked as soon as it is there."""

    template_fields = ("shown",)

    def __init__(self, *, shown, **kwargs):
        super().__init__(**kwargs)
        self.shown = shown

    def render_template_fields(self, context, jinja_env=None):
        super().render_template_fields(context, jinja_env)
        mask_secret(self.shown)

    def execute(self, context):
        return "nothing"


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    # The connection that Airflow keeps in its own database.
    default_args={"nxlink_conn_id": "planted"},
)
def planted():
    upload = NxlinkUploadMediaOperator(task_id="upload", media_url=LINK)
    create = NxlinkCreateTemplateOperator(
        task_id="create",
        template={**BODY, "header_media": upload.output},
        wait_for_approval=True,
        deferrable=True,
        poll_interval=1,
    )
    read = [
        NxlinkTemplateSensor(task_id="sensor", template=REF, poke_interval=1),
        NxlinkGetTemplateOperator(task_id="get", template=REF),
        NxlinkListTemplatesOperator(task_id="list"),
        NxlinkListFlowsOperator(task_id="flows"),
    ]
    apply = NxlinkApplyTemplateOperator(task_id="apply", template=WITH_LINK)
    sync = NxlinkSyncTemplatesOperator(task_id="sync", templates=[WITH_LINK])
    update = NxlinkUpdateTemplateOperator(task_id="refused", template={**WITH_LINK, "name": "not_there"})
    delete = NxlinkDeleteTemplateOperator(task_id="delete", template=REF, trigger_rule="all_done")
    PlainOperator(task_id="plain", shown="{{ var.value.planted_plain }}")
    create >> read >> apply >> sync >> update >> delete


planted()
