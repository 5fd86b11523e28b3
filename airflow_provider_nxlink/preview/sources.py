"""A message out of a spec, a spec file's mapping or a live template, whatever NXLink returned for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.api.redaction import signed_query, without_query
from airflow_provider_nxlink.preview.bubble import Header, Message, MessageButton, http_url
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.spelling import BUTTON, EVENT, MEDIA, SPEC, Spelling, fold_media

Source = TemplateSpec | Template | Mapping[str, Any]

# The components that a message is made of.
KNOWN = ("HEADER", "BODY", "FOOTER", "BUTTONS")
CATEGORY_NAMES = {"1": "MARKETING", "2": "UTILITY"}

# Longer values are nothing that a reviewer reads.
LONGEST_ACTION = 300

ACTIONS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "QUICK_REPLY": lambda button: "sends its text as a reply",
    "URL": lambda button: _does("opens", _target(button)),
    "PHONE_NUMBER": lambda button: _does("calls", _text(button.get("phone_number"))),
    "COPY_CODE": lambda button: _does("copies", _example(button)),
    "FLOW": lambda button: _does("opens flow", _text(button.get("flow_id"))),
}
EVENT_ACTIONS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "tag": lambda event: f"tags the contact {_quoted(event.get('tag_name'))}",
    "text": lambda event: f"answers {_quoted(event.get('text'))}",
    "template": lambda event: f"sends template {_quoted(event.get('template_name'))}",
}


def message_of(source: Source, *, rendered: bool = False) -> Message:
    """
    Return the message of a template.

    :param source: a spec, a mapping of its fields in either spelling (valid or not), or a live template.
    :param rendered: True where Jinja in a spec's texts is rendered, so that what is left is plain text.
    """
    if isinstance(source, Template):
        return _from_live(source)
    fields = source.to_dict() if isinstance(source, TemplateSpec) else source
    return _from_fields(fields, rendered=rendered)


def _from_fields(given: Mapping[str, Any], *, rendered: bool) -> Message:
    folded, _ = fold_media({str(key): value for key, value in given.items()})
    fields = _known(folded, SPEC)
    category = _text(fields.get("category"))
    media = fields.get("header_media")
    header = None
    if media:
        header = _media(_known(media, MEDIA) if isinstance(media, Mapping) else {"url": media})
    elif fields.get("header_text"):
        header = Header("TEXT", _text(fields["header_text"]))
    return Message(
        name=_text(fields.get("name")),
        language=_text(fields.get("language")),
        category=CATEGORY_NAMES.get(category, category),
        header=header,
        body=_text(fields.get("content")),
        footer=_text(fields.get("footer_text")),
        buttons=tuple(_button(button) for button in _items(fields.get("buttons"))),
        jinja=not rendered,
    )


def _from_live(live: Template) -> Message:
    notes: list[str] = []
    header, footer, body = None, "", live.content or ""
    buttons: Iterable[Any] = live.buttons or ()
    if live.components is None:
        unknown = "header and footer" if live.buttons is not None else "header, footer and buttons"
        notes.append(f"The API did not return {unknown}.")
    else:
        by_type: dict[str, Mapping[str, Any]] = {}
        for component in live.components:
            kind = _text(component.get("type")).upper()
            if kind not in KNOWN:
                notes.append(f"Contains {kind or 'a component without a type'}, which is not shown.")
            elif by_type.setdefault(kind, component) is not component:
                notes.append(f"Contains another {kind}, which is not shown.")
        header = _live_header(by_type.get("HEADER"))
        footer = _text(by_type.get("FOOTER", {}).get("text"))
        body = _text(by_type.get("BODY", {}).get("text")) or body
        buttons = _items(by_type.get("BUTTONS", {}).get("buttons"))
    if live.rejected_reason:
        notes.append(f"Rejected: {live.rejected_reason}")
    return Message(
        name=live.name or "",
        language=live.language or "",
        category=live.category or "",
        status="" if live.status is None else live.status_name,
        header=header,
        body=body,
        footer=footer,
        buttons=tuple(_live_button(button) for button in buttons),
        notes=tuple(dict.fromkeys(notes)),
    )


def _live_header(header: Mapping[str, Any] | None) -> Header | None:
    if header is None:
        return None
    kind = _text(header.get("format")).upper() or "TEXT"
    if kind == "TEXT":
        return Header("TEXT", _text(header.get("text")))
    example = header.get("example")
    handles = _items(example.get("header_handle")) if isinstance(example, Mapping) else []
    links = [header.get("url"), *handles]
    url = next((link for link in links if isinstance(link, str) and http_url(link)), None)
    named = {"media_type": kind, "url": url, "original_filename": header.get("filename")}
    return _media({**named, "media_id": header.get("media_id")})


def _media(media: Mapping[str, Any]) -> Header:
    """Return media by kind and name; the query of a link may be a signature."""
    link = _text(media.get("url"))
    path = without_query(link)
    name = _text(media.get("original_filename")) or unquote(path.rpartition("/")[2]) or path
    shown = name or _text(media.get("media_id"))
    url = http_url(link) if link and signed_query(link) is None else None
    return Header(_text(media.get("media_type")).upper() or "MEDIA", "", shown, url)


def _live_button(button: Any) -> MessageButton:
    sent = button.get("buttonReqs") if isinstance(button, Mapping) else None
    return _button({**button, **sent} if isinstance(sent, Mapping) else button)


def _button(button: Any) -> MessageButton:
    if not isinstance(button, Mapping):
        return MessageButton("", _text(button))
    fields = _known(button, BUTTON)
    kind = _text(fields.get("type")).upper()
    action = ACTIONS.get(kind)
    actions = [action(fields) if action else kind]
    for event in _items(fields.get("events")):
        told = _known(event, EVENT) if isinstance(event, Mapping) else {}
        event_action = EVENT_ACTIONS.get(_text(told.get("event")).lower())
        actions += [event_action(told)] if event_action else []
    if _text(fields.get("customize_type")).lower() == "unsubscribe":
        actions.append("unsubscribes the contact")
    return MessageButton(kind, _text(fields.get("text")), tuple(_shortened(item) for item in actions if item))


def _does(verb: str, what: str) -> str:
    return f"{verb} {what}" if what else ""


def _target(button: Mapping[str, Any]) -> str:
    """Return where a link leads; the example may be the whole link, or what stands for the variable."""
    url, example = _text(button.get("url")), _example(button)
    if "{{" not in url or not example:
        return url or example
    return example if http_url(example) else url.partition("{{")[0] + example


def _example(button: Mapping[str, Any]) -> str:
    examples = button.get("example")
    first = next(iter(_items(examples)), None) if isinstance(examples, list | tuple) else examples
    return _text(first)


def _known(fields: Mapping[Any, Any], spelling: Spelling) -> dict[str, Any]:
    """Return the fields that are known, under our names; the first of two spellings counts."""
    found: dict[str, Any] = {}
    for key, value in fields.items():
        name = spelling.canonical(key) if isinstance(key, str) else None
        if name is not None and value is not None:
            found.setdefault(name, value)
    return found


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _text(value: Any) -> str:
    """Return a value as text; what should be one and is not, as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    to_dict = getattr(value, "to_dict", None)
    plain = to_dict() if callable(to_dict) else value
    try:
        return json.dumps(plain, ensure_ascii=False, default=lambda item: type(item).__name__)
    except (ValueError, TypeError, RecursionError):
        return type(value).__name__


def _quoted(value: Any) -> str:
    return f"“{_text(value)}”"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_ACTION else text[: LONGEST_ACTION - 1] + "…"
