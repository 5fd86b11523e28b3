"""How answers look: rows, details and envelopes, in each form the contract says they vary in."""

import json
from typing import Any
from uuid import uuid4

from airflow_provider_nxlink.sandbox import codes
from airflow_provider_nxlink.sandbox.clock import local_time
from airflow_provider_nxlink.sandbox.languages import LANGUAGE_NAMES
from airflow_provider_nxlink.sandbox.media import HANDLE_SECONDS, TYPES, make_handle, media_url
from airflow_provider_nxlink.sandbox.references import References
from airflow_provider_nxlink.sandbox.reviews import CATEGORIES
from airflow_provider_nxlink.sandbox.store import Template
from airflow_provider_nxlink.sandbox.texts import WHITESPACE

Shape = dict[str, str]

NEVER = "0001-01-01T00:00:00Z"
MIME_TYPES = {media_type: mime for mime, media_type in TYPES.values()}

COMPONENT = dict.fromkeys(
    (
        "type",
        "format",
        "text",
        "buttons",
        "parameters",
        "sub_type",
        "index",
        "example",
        "filename",
        "url",
        "media_id",
        "h",
        "media_type",
    )
)
FLOW_FIELDS = ("flow_id", "navigate_screen", "flow_action")
# What the shapes extra_component and extra_button add to a template's details.
EXTRA_COMPONENTS: dict[str, dict[str, Any]] = {
    "CAROUSEL": {
        "cards": [{"components": [{"type": "BODY", "text": f"Card {number}"}]} for number in (1, 2)]
    },
    "LIMITED_TIME_OFFER": {"limited_time_offer": {"text": "Ends soon", "has_expiration": True}},
    "UNKNOWN": {"text": "A component of a kind that is not known"},
}
EXTRA_BUTTON = {"type": "VOICE_CALL", "text": "Call us"}
EVENT = dict.fromkeys(("event", "tagName", "tagId", "templateName", "templateId", "text"))


def envelope(code: int, data: Any, shape: Shape, detail: str = "") -> dict[str, Any]:
    """Return the answer around ``data``, with a traceId of its own."""
    message: str | None = codes.message_for(code, detail, shape["error_text"])
    if code == codes.SUCCESS and shape["message"] == "null":
        message = None
    return {
        "code": str(code) if shape["code"] == "string" else code,
        "message": message,
        "data": data,
        "traceId": uuid4().hex,
    }


def encoded(content: Any) -> bytes:
    """Return an answer's bytes."""
    # A lone surrogate, which JSON's escapes can spell, comes back as "?", as from Java.
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def row(template: Template, shape: Shape, offset: float = 0.0) -> dict[str, Any]:
    """Return a template as a row of the list; ``offset`` is the UTC offset of times, in hours."""
    category = template.category_type
    answer = {
        "id": shaped_id(template.id, shape),
        "channel": 2,
        "name": template.name,
        "content": _text(template.body["content"], shape),
        "created_at": _time(template.created_at, shape, offset),
        "updated_at": _time(template.updated_at, shape, offset),
        "status": str(template.status) if shape["status"] == "string" else template.status,
        "language": template.language,
        "language_name": LANGUAGE_NAMES.get(template.language, template.language),
        "unsubscribe": "",
        "additional": None,
        "quality": template.quality,
        "category": CATEGORIES.get(category, ""),
        "category_type": str(category) if shape["category_type"] == "string" else category,
        "waRejectedReason" if shape["reason_key"] == "camel" else "wa_rejected_reason": template.reason
        or ("NONE" if shape["no_reason"] == "none" else ""),
        "is_close_auto_flow": template.body.get("is_close_auto_flow") or 0,
    }
    if shape["status"] == "missing":
        del answer["status"]
    return answer


def page(templates: list[Template], total: int, *, more: bool, shape: Shape, offset: float = 0.0) -> Any:
    """Return one page of the list."""
    rows: list[dict[str, Any]] | None = [row(template, shape, offset) for template in templates]
    if shape["list"] == "array":
        return rows
    if shape["list"] == "null_when_empty" and not rows:
        rows = None
    return {"list": rows, "total": total, "has_next_page": more}


def written(template: Template, form: str, shape: Shape, offset: float = 0.0) -> Any:
    """Return what create, update or delete answers in one of its forms."""
    forms: dict[str, Any] = {
        "null": None,
        "int": template.id,
        "string": str(template.id),
        "object": {"id": shaped_id(template.id, shape)},
        "template_id": {"template_id": shaped_id(template.id, shape)},
    }
    return row(template, shape, offset) if form == "whole" else forms[form]


def shaped_id(number: int, shape: Shape) -> int | str:
    """Return an id as the switch says."""
    return str(number) if shape["ids"] == "string" else number


def details(
    template: Template, shape: Shape, references: References, now: float, offset: float = 0.0
) -> dict[str, Any]:
    """Return a template's details: A is like Meta's; B is flat, without header and footer."""
    flat = row(template, shape, offset)
    if shape["details"] == "B":
        buttons = [
            {**button, "text": _text(button["text"], shape)}
            if isinstance(button.get("text"), str)
            else button
            for button in template.body.get("buttonComponents") or []
        ]
        return {**flat, "buttonComponents": [*buttons, *_extra_buttons(shape)] or None}
    return {
        "namespace": None,
        "name": template.name,
        "category": flat["category"],
        "category_type": flat["category_type"],
        "components": _components(template, shape, references, now),
    }


def _components(template: Template, shape: Shape, references: References, now: float) -> list[dict[str, Any]]:
    if template.components is not None:
        return template.components
    body = template.body
    parts = [_header(body, shape, now), {"type": "BODY", "text": _text(body["content"], shape)}]
    if body.get("footerText"):
        parts.append({"type": "FOOTER", "text": _text(body["footerText"], shape)})
    buttons = [
        _button(button, f"{template.id}{index}", references, shape)
        for index, button in enumerate([*(body.get("buttonComponents") or []), *_extra_buttons(shape)])
    ]
    if buttons:
        parts.append({"type": "BUTTONS", "buttons": buttons})
    if shape["extra_component"] != "none":
        parts.append({"type": shape["extra_component"], **EXTRA_COMPONENTS[shape["extra_component"]]})
    return [{**COMPONENT, **part} for part in parts if part]


def _header(body: dict[str, Any], shape: Shape, now: float) -> dict[str, Any]:
    if body.get("headerText"):
        return {"type": "HEADER", "format": "TEXT", "text": _text(body["headerText"], shape)}
    if not body.get("mediaType"):
        return {}
    media_id = body.get("mediaId") or ""
    name = body.get("mediaName") or ""
    return {
        "type": "HEADER",
        "format": body["mediaType"],
        "example": {
            "header_handle": media_url(media_id, now, signed=shape["media_url"] == "signed"),
            "file_name": name,
        },
        "filename": name,
        "media_id": media_id,
        # The handle that comes back is never the one that was sent.
        "h": make_handle(name, MIME_TYPES[body["mediaType"]], int(now + HANDLE_SECONDS)),
    }


def _extra_buttons(shape: Shape) -> list[dict[str, Any]]:
    return [dict(EXTRA_BUTTON)] if shape["extra_button"] == "unknown" else []


def _button(button: dict[str, Any], payload: str, references: References, shape: Shape) -> dict[str, Any]:
    text = _text(button["text"], shape)
    flow = {key: button.get(key) for key in FLOW_FIELDS}
    events = [
        {**EVENT, **event, "tagId": references.tag_id(event.get("tagName"))}
        for event in button.get("buttonEvents") or []
    ]
    sent = {
        "type": button["type"],
        "customizeType": button.get("customizeType"),
        "text": text,
        "phoneNumber": button.get("phoneNumber"),
        "url": button.get("url"),
        # The service fills the payload of a quick reply in itself.
        "payload": payload if button["type"] == "QUICK_REPLY" else button.get("payload"),
        "buttonEvents": events or None,
        **flow,
    }
    if button.get("example"):
        sent["example"] = button["example"]
    answer = {
        "type": button["type"],
        "text": text,
        "payload": None,
        "url": button.get("url"),
        "phone_number": button.get("phoneNumber"),
        **flow,
        "buttonReqs": sent,
    }
    if button["type"] == "QUICK_REPLY" and shape["button_reqs"] != "given":
        answer["buttonReqs"] = None
        if shape["button_reqs"] == "missing":
            del answer["buttonReqs"]
    return answer


def _time(moment: float, shape: Shape, offset: float) -> str:
    if shape["times"] == "never":
        return NEVER
    if shape["times"] == "zulu":
        return f"{local_time(moment, 0).isoformat()}Z"
    return local_time(moment, offset).isoformat(sep=" ")


def _text(text: str, shape: Shape) -> str:
    return WHITESPACE[shape["whitespace"]](text)
