"""What an update must not destroy, what it keeps, and what it costs: the same for every way to send one."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.api.models import Template, TemplateRef, TemplateStatus
from airflow_provider_nxlink.specs.fields import CATEGORIES
from airflow_provider_nxlink.specs.live import known_fields, unmodelled
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.violations import shown

# See https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates.
EDITS = "1 per 24 hours, 10 per 30 days"


class TemplateProtectedError(NxlinkError):
    """An update that would remove what its spec does not express or confirm; nothing was sent."""

    permanent = True


def refuse_unsafe(spec: TemplateSpec, live: Template) -> None:
    """
    Refuse an update that could remove what nobody asked to remove.

    :param live: read with its details where NXLink has them.
    :raises TemplateProtectedError: naming the template, why, and what to do.
    """
    if reason := beyond_specs(live) or not_editable(live) or not_confirmed(spec, live):
        raise TemplateProtectedError(f"{TemplateRef(name=spec.name, language=spec.language)} {reason}")


def beyond_specs(live: Template) -> str:
    """Return why no spec can preserve a template; empty where one can."""
    if found := unmodelled(live):
        return f"contains {', '.join(found)}, which this tool cannot preserve: change it in NXLink's console"
    return ""


def not_editable(live: Template) -> str:
    """Return why the API edits no template of this category; empty where it does."""
    if live.category and live.category.upper() not in CATEGORIES:
        return f"is {live.category} at NXLink, and its API does not edit such templates: use NXLink's console"
    return ""


def not_confirmed(spec: TemplateSpec, live: Template) -> str:
    """Return which fields of a spec have to be confirmed before it may update a template; empty if none."""
    names = spec.still_unconfirmed
    if not names:
        return ""
    known = known_fields(live)
    now = [f"{name} {shown(known[name])}" for name in names if isinstance(known.get(name), str)]
    return (
        f"has a spec that lists {', '.join(names)} as unconfirmed, and an update would remove what it leaves "
        "out: fill in each field, or take its name off the list `unconfirmed` where the template has none"
        + (f". The API now returns {', '.join(now)}" if now else "")
    )


def kept(spec: TemplateSpec, live: Template) -> TemplateSpec:
    """Return the spec to send as an update: what it leaves to the template stays as it is."""
    if spec.is_close_auto_flow is None and live.is_close_auto_flow:
        return spec.model_copy(update={"is_close_auto_flow": True})
    return spec


def update_notes(spec: TemplateSpec, live: Template) -> list[str]:
    """Return what an update of ``live`` costs and needs beside its differences."""
    notes = []
    if live.status == TemplateStatus.IN_USE:
        notes.append(f"takes it out of use until Meta has reviewed it, and uses one of its edits ({EDITS})")
    elif TemplateStatus.name_of(live.status).startswith("UNKNOWN"):
        notes.append(
            f"its status is {live.status_name}: if it is in use, this takes it out of use until Meta has "
            f"reviewed it, and uses one of its edits ({EDITS})"
        )
    if spec.header_media is None:
        return notes
    missing = sample_notes(spec)
    return notes + (missing or ["sends the header sample again: the API returns no file to compare it with"])


def sample_notes(spec: TemplateSpec) -> list[str]:
    """Return what the header's media lack to be sent."""
    media = spec.header_media
    if media is None or media.needs_upload:
        return []
    again = "give the header sample again: a url to upload, or the output of NxlinkUploadMediaOperator"
    if not media.h:
        return [f"header_media has no upload handle (h), without which NXLink may refuse it: {again}"]
    expiry = media.handle_expires_at
    if expiry is not None and expiry < time.time():
        when = datetime.fromtimestamp(expiry, UTC).isoformat(timespec="seconds")
        return [f"the upload handle (h) of header_media expired at {when}: {again}"]
    return []
