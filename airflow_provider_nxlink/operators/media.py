"""Upload a header sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink import api
from airflow_provider_nxlink.api.reach import OUT_OF_REACH, out_of_reach
from airflow_provider_nxlink.exceptions import failing_without_retry
from airflow_provider_nxlink.operators.base import NxlinkOperator
from airflow_provider_nxlink.rendering import mask_signed_url

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

_HTTP_URL = re.compile(r"https?://[^/\s?#]+\S*", re.IGNORECASE)


class NxlinkUploadMediaOperator(NxlinkOperator):
    """
    Have NXLink fetch a picture, video or document to show with a template's review.

    .. code-block:: python

        picture = NxlinkUploadMediaOperator(task_id="picture", media_url="https://shop.example/spring.jpg")
        NxlinkCreateTemplateOperator(task_id="create", template={**texts, "header_media": picture.output})

    Returns ``{"media_id", "original_filename", "media_type", "h", "url"}``, which ``header_media`` takes as
    it is; ``url`` is without its signed query. The handle ``h`` expires some days later, so upload and create
    belong in one run. Raises ``AirflowFailException`` for what a retry would meet again.

    :param media_url: http(s) address that NXLink's own servers can reach. Meta takes JPEG and PNG up to 5 MB,
        MP4 up to 16 MB and PDF up to 100 MB.
    """

    template_fields: Sequence[str] = ("media_url", *NxlinkOperator.template_fields)

    def __init__(self, *, media_url: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.media_url = media_url
        if isinstance(media_url, str) and "{{" not in media_url and "{%" not in media_url:
            _check(media_url)

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Render the fields, and keep a signed link's query out of what is shown of them."""
        super().render_template_fields(context, jinja_env)
        mask_signed_url(self.media_url)

    def execute(self, context: Context) -> dict[str, Any]:
        """Upload, and return what NXLink made of it."""
        with failing_without_retry():
            _check(self.media_url)
            media = self.hook.upload_media(self.media_url)
        if not media.h:
            self.log.warning(
                "NXLink gave no handle (h) for media %s; a create may be refused", media.media_id
            )
        self.log.info("Uploaded %s as media %s", api.redaction.without_query(self.media_url), media.media_id)
        return media.to_dict()


def _check(url: object) -> None:
    if isinstance(url, str) and _HTTP_URL.fullmatch(url):
        if out_of_reach(url):
            raise ValueError(f"media_url: {api.redaction.without_query(url)!r} {OUT_OF_REACH}")
        return
    shown = api.redaction.without_query(url) if isinstance(url, str) else repr(url)
    raise ValueError(
        f"media_url: {shown!r} is not an http(s) URL; NXLink fetches the file itself, so put it where its "
        "servers can reach it and give the address"
    )
