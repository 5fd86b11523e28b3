"""
What an API response says about a template, and what it leaves open.

A field that a response does not return is unknown, which is not the same as empty. Everything that compares,
plans or pulls a template reads it through this module.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_nxlink.specs.buttons import BUTTON_NEEDS, EVENT_NEEDS
from airflow_provider_nxlink.specs.spelling import BUTTON, EVENT
from airflow_provider_nxlink.specs.violations import shown

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.models import Template

Compare = Literal["full", "content"]

# No call returns these.
NEVER_RETURNED = ("tag_name", "syn_meta")
# Further fields of a template, in the order of the message. ``button_events`` are the events of buttons that
# are returned without what was sent for them; ``other_components`` those of a type that a spec can't express.
FIELDS = (
    "category",
    "header_text",
    "header_media",
    "content",
    "footer_text",
    "is_close_auto_flow",
    "buttons",
    "button_events",
    "other_components",
)
COMPONENT_TYPES = ("HEADER", "BODY", "FOOTER", "BUTTONS")
HEADER_FORMATS = ("TEXT", "IMAGE", "VIDEO", "DOCUMENT")

# What NXLink takes a quick reply for when nothing is said.
PLAIN_REPLY = "conventional"
# Buttons that can have events.
WITH_EVENTS = ("QUICK_REPLY", "URL")

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"[^\S\n]+")
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def has_details(live: Template) -> bool:
    """Return True if the template was read with its details, in either of their shapes."""
    return live.components is not None or live.buttons_returned


def known_fields(live: Template, compare: Compare = "full") -> dict[str, Any]:
    """
    Return the fields that a response returned, in the form they are compared in; None for "has none".

    :param compare: ``content`` for what the list returns: category, content and ``is_close_auto_flow``.
    """
    known: dict[str, Any] = {
        "category": live.category and live.category.upper(),
        "content": text_of(live.content),
        "is_close_auto_flow": live.is_close_auto_flow,
    }
    known = {name: value for name, value in known.items() if value is not None}
    if compare == "content":
        return known
    if live.components:
        known |= _from_components(live.components)
    elif live.buttons_returned:
        known["buttons"] = [button_of(button) for button in live.buttons or []]
    if all("events" in button for button in known.get("buttons", [])):
        known["button_events"] = True
    if live.components:
        known["other_components"] = True
    return known


def not_returned(live: Template, compare: Compare = "full") -> tuple[str, ...]:
    """Return the names of ``FIELDS`` that the response does not return: the template may have them or not."""
    known = known_fields(live, compare)
    if "buttons" not in known:
        known["button_events"] = True  # part of what is unknown of the buttons
    return tuple(name for name in FIELDS if name not in known)


def unmodelled(live: Template) -> tuple[str, ...]:
    """
    Return what a template contains that a spec can't express, so that an update would destroy it.

    >>> from airflow_provider_nxlink.api.models import Template
    >>> unmodelled(Template.model_validate({"components": [{"type": "BODY"}, {"type": "CAROUSEL"}]}))
    ('CAROUSEL',)
    """
    components = live.components or []
    types = [_word(component.get("type")) for component in components]
    found = [name or "a component without a type" for name in types if name not in COMPONENT_TYPES]
    counts = Counter(types)
    found += [f"{counts[name]} {name} components" for name in COMPONENT_TYPES if counts[name] > 1]
    for component, name in zip(components, types, strict=True):
        kind = _word(component.get("format"))
        if name == "HEADER" and kind and kind not in HEADER_FORMATS:
            found.append(f"a {kind} header")
        if name == "BUTTONS" and not isinstance(component.get("buttons"), list):
            found.append("buttons of an unknown form")
        elif name == "BUTTONS":
            found += _unmodelled_buttons(_objects(component.get("buttons")), sent_is_apart=True)
    found += _unmodelled_buttons(live.buttons or [], sent_is_apart=False)
    return tuple(dict.fromkeys(found))


def text_of(value: Any) -> str | None:
    """
    Return a text without what changes on its way to NXLink and back; None for an empty one.

    Equal are: all kinds of line ends; one blank and several, of any kind; blanks at the ends of lines and of
    the text, and none; ``{{ 1 }}`` and ``{{1}}``.
    """
    if value is None:
        return None
    text = _BLANKS.sub(" ", _LINE_ENDS.sub("\n", str(value)))
    return _PLACEHOLDER.sub(r"{{\1}}", text.replace(" \n", "\n").strip()) or None


def button_of(fields: Mapping[str, Any], *, complete: bool = True) -> dict[str, Any]:
    """
    Return a button in the form it is compared in.

    :param complete: False where what NXLink does with it is not among ``fields``.
    """
    given, _ = BUTTON.read(fields)
    kind = _word(given.get("type"))
    out: dict[str, Any] = {"type": kind, "text": text_of(given.get("text"))}
    out |= {name: normal(given[name]) for name, normal in TARGETS.get(kind, {}).items() if name in given}
    if kind == "URL" and (complete or "example" in given):
        out["example"] = [text_of(item) for item in _list(given.get("example"))]
    if kind == "FLOW" and complete:
        out |= {name: text_of(given.get(name)) for name in FLOW_EXTRAS}
    if kind == "QUICK_REPLY" and complete:
        out["customize_type"] = str(given.get("customize_type") or PLAIN_REPLY).lower()
    if complete or kind not in WITH_EVENTS:
        out["events"] = [_event(event) for event in _objects(given.get("events"))]
    return out


def sent_fields(button: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what was sent for a button of a component; None where the response does not return it."""
    sent = button.get("buttonReqs")
    return {**button, **sent} if isinstance(sent, Mapping) and sent else None


def _from_components(components: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what components say. One that is not there is not in the template; one without a text may be."""
    by_type = {_word(component.get("type")): component for component in components}
    header, body, footer, buttons = (by_type.get(kind) for kind in COMPONENT_TYPES)
    told: dict[str, Any] = {}
    if header is None:
        told |= {"header_text": None, "header_media": None}
    elif (kind := _word(header.get("format")) or "TEXT") != "TEXT":
        told |= {"header_text": None, "header_media": kind}
    elif header.get("text"):
        told |= {"header_text": text_of(header["text"]), "header_media": None}
    elif _word(header.get("format")):
        told["header_media"] = None
    if body is not None and body.get("text"):
        told["content"] = text_of(body["text"])
    if footer is None or footer.get("text"):
        told["footer_text"] = None if footer is None else text_of(footer["text"])
    told["buttons"] = [_component_button(item) for item in _objects((buttons or {}).get("buttons"))]
    return told


def _component_button(button: Mapping[str, Any]) -> dict[str, Any]:
    sent = sent_fields(button)
    return button_of(button, complete=False) if sent is None else button_of(sent)


def _unmodelled_buttons(buttons: Sequence[Mapping[str, Any]], *, sent_is_apart: bool) -> list[str]:
    found = []
    for button in buttons:
        kind = _word(button.get("type"))
        if kind not in BUTTON_NEEDS:
            found.append(f"a {kind or 'broken'} button")
        elif kind == "QUICK_REPLY" and sent_is_apart and sent_fields(button) is None:
            found.append(
                f"the quick reply {shown(button.get('text'))} whose events are not known (no buttonReqs)"
            )
    return found


def _event(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event of its type needs; the rest has no effect."""
    given, _ = EVENT.read(fields)
    kind = str(given.get("event", "")).lower()
    return {"event": kind, **{name: text_of(given.get(name)) for name in EVENT_NEEDS.get(kind, ())}}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """Return an array's items; one that is no JSON object as an empty one, which nothing takes for known."""
    if not isinstance(value, list | tuple):
        return []
    return [item if isinstance(item, Mapping) else {} for item in value if item is not None]


def _word(value: Any) -> str:
    """Return one of the API's keywords in upper case, short enough for a message."""
    return str(value or "").strip().upper()[:40]


def _digits(value: Any) -> str | None:
    return "".join(letter for letter in str(value or "") if letter.isdigit()) or None


def _first(value: Any) -> str | None:
    return text_of(next(iter(_list(value)), None))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


# Where a button of each type leads.
TARGETS: Mapping[str, Mapping[str, Callable[[Any], str | None]]] = {
    "URL": {"url": text_of},
    "PHONE_NUMBER": {"phone_number": _digits},
    "FLOW": {"flow_id": text_of},
    "COPY_CODE": {"example": _first},
}
# Fields of a FLOW button that the vendor's page does not list, and the details return.
FLOW_EXTRAS = ("navigate_screen", "flow_action")
