"""A live template as the spec that would make it, so that an account in use can be brought under code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.specs.buttons import EVENT_NEEDS
from airflow_provider_nxlink.specs.live import FLOW_EXTRAS, not_returned, sent_fields
from airflow_provider_nxlink.specs.model import UNCONFIRMABLE
from airflow_provider_nxlink.specs.placeholders import changes_when_rendered
from airflow_provider_nxlink.specs.spelling import BUTTON, EVENT

# What a button of each type needs; NXLink fills others in by itself.
BUTTON_FIELDS: Mapping[str, tuple[str, ...]] = {
    "QUICK_REPLY": ("customize_type", "events"),
    "URL": ("url", "example", "events"),
    "PHONE_NUMBER": ("phone_number",),
    "FLOW": ("flow_id", *FLOW_EXTRAS),
    "COPY_CODE": ("example",),
}


def spec_fields(live: Template) -> dict[str, Any]:
    """
    Return the fields of the spec file for a template that was read with its details.

    What the API did not return of it is listed under ``unconfirmed``, so that no update removes it unseen.
    Where Jinja would read anything in any of them, ``render: false`` is among the fields: what NXLink returns
    is data and is never evaluated.
    """
    fields: dict[str, Any] = {
        "name": live.name,
        "language": live.language,
        "category": live.category,
        "content": live.content,
    }
    if live.components:
        fields |= _from_components(live.components)
    else:
        fields["buttons"] = [_button(button) for button in live.buttons or []]
    # Off is what a template is without it.
    fields["is_close_auto_flow"] = live.is_close_auto_flow or None
    fields["unconfirmed"] = [name for name in not_returned(live) if name in UNCONFIRMABLE]
    given = {name: value for name, value in fields.items() if value not in (None, "", [])}
    return given | {"render": False} if changes_when_rendered(given) else given


def _from_components(components: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    by_type = {str(component.get("type")).upper(): component for component in components}
    header, body, footer = (by_type.get(kind, {}) for kind in ("HEADER", "BODY", "FOOTER"))
    is_text = str(header.get("format") or "TEXT").upper() == "TEXT"
    found = {
        "header_text": header.get("text") if is_text else None,
        "header_media": None if is_text else _media(header),
        "footer_text": footer.get("text"),
        "buttons": [_button(button) for button in by_type.get("BUTTONS", {}).get("buttons") or []],
    }
    return found | ({"content": body["text"]} if body.get("text") else {})


def _media(header: Mapping[str, Any]) -> dict[str, Any]:
    """Return the header's media; without the handle, which expires after some days."""
    named = {"media_type": header["format"], "original_filename": header.get("filename")}
    if header.get("media_id"):
        named["media_id"] = str(header["media_id"])
    else:
        named["h"] = header.get("h")
    return {name: value for name, value in named.items() if value}


def _button(button: Mapping[str, Any]) -> dict[str, Any]:
    given, _ = BUTTON.read(sent_fields(button) or button)
    kind = str(given.get("type", "")).upper()
    names = ("type", "text", *BUTTON_FIELDS.get(kind, ()))
    found = {name: given[name] for name in names if name in given}
    if "events" in found:
        found["events"] = [_event(event) for event in found["events"] if isinstance(event, Mapping)]
    return found


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    given, _ = EVENT.read(event)
    names = ("event", *EVENT_NEEDS.get(str(given.get("event", "")).lower(), ()))
    return {name: given[name] for name in names if name in given}
