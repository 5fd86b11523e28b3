"""Header media made ready to be sent: what is only a URL is uploaded first."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.specs.model import TemplateSpec

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import NxlinkClient

log = logging.getLogger(__name__)


def with_media(client: NxlinkClient, spec: TemplateSpec) -> TemplateSpec:
    """Return ``spec`` ready to be sent: a header that names only a URL is uploaded first."""
    media = spec.header_media
    if media is None:
        return spec
    if media.needs_upload:
        uploaded = client.send(calls.upload_media(client.account, str(media.url)))
        log.info("Uploaded the header sample of %s as media %s", spec.name, uploaded.media_id)
        spec = spec.with_header_media(
            {**uploaded.to_dict(), "media_type": uploaded.media_type or media.media_type}
        )
        media = spec.header_media
    if media is not None and not media.h:
        log.warning("The header's media has no handle (h): NXLink may refuse it as a sample")
    elif media is not None and (expiry := media.handle_expires_at) is not None and expiry < time.time():
        log.warning("The header's handle (h) expired at %s: upload the sample anew", _utc(expiry))
    return spec


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
