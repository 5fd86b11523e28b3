"""
What differs between a template as it should be and as NXLink has it.

Only what the user owns is compared: category, content, header text, the kind of header media, footer, and the
buttons with their order, texts, targets and events. Handles, media ids, ``payload``, ``tagId``, examples of
links, blanks at the ends, null against ``""`` and numbers against digits are no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_nxlink.specs.buttons import EVENT_NEEDS
from airflow_provider_nxlink.specs.spelling import BUTTON, EVENT
from airflow_provider_nxlink.specs.violations import shown

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.models import Template
    from airflow_provider_nxlink.specs.model import HeaderMedia, TemplateSpec

Compare = Literal["full", "content"]

# A header media file whose kind only its upload will tell.
ANY_KIND = "MEDIA"
# What NXLink takes a quick reply for when nothing is said.
PLAIN_REPLY = "conventional"


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One field that differs.

    :param path: as in violations, e.g. ``buttons[0].url``.
    :param live: what NXLink has; None for nothing.
    :param wanted: what the spec says; None for nothing.
    """

    path: str
    live: Any
    wanted: Any

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)

    def __str__(self) -> str:
        """Return one line for a log."""
        live, wanted = (_side(value) for value in (self.live, self.wanted))
        return f"{self.path}: {live} → {wanted}"


def diff(spec: TemplateSpec, live: Template, *, compare: Compare = "full") -> list[Difference]:
    """
    Return what an update would change, in the order of the message; empty when nothing.

    What ``live`` does not tell is no difference, see :func:`not_told`.

    :param spec: rendered.
    :param live: a template from the details, in either of their shapes, with ``full``; or from the list.
    :param compare: ``full``, or ``content`` for what the list tells: category and content.
    """
    wanted, known = _wanted(spec), _live(live, compare)
    found = [
        Difference(path, known[path], wanted[path])
        for path in ("category", "header_text", "header_media", "content", "footer_text")
        if path in known and not _equal(path, known[path], wanted[path])
    ]
    if "buttons" in known:
        found += _button_differences(known["buttons"], wanted["buttons"])
    return found


def not_told(spec: TemplateSpec, live: Template, *, compare: Compare = "full") -> list[str]:
    """Return the fields that the spec sets and ``live`` says nothing about: they may differ or not."""
    known = _live(live, compare)
    return [path for path, value in _wanted(spec).items() if value and path not in known]


def _side(value: Any) -> str:
    return "nothing" if value is None else shown(value)


def _wanted(spec: TemplateSpec) -> dict[str, Any]:
    """Return the comparable form of a spec."""
    return {
        "category": spec.category,
        "content": _text(spec.content),
        "header_text": _text(spec.header_text),
        "header_media": _kind(spec.header_media),
        "footer_text": _text(spec.footer_text),
        "buttons": [_button(button.wire_fields(literal=spec.render is False)) for button in spec.buttons],
    }


def _kind(media: HeaderMedia | None) -> str | None:
    return None if media is None else media.media_type or ANY_KIND


def _live(live: Template, compare: Compare) -> dict[str, Any]:
    """Return the comparable form of a live template: only what it tells."""
    known: dict[str, Any] = {
        "category": live.category and live.category.upper(),
        "content": _text(live.content),
    }
    if compare == "full" and live.components is not None:
        known |= _from_components(live.components)
    elif compare == "full":
        # The flat details say null for no buttons, and nothing at all of header and footer.
        known["buttons"] = [_button(button) for button in live.buttons or []]
    always = ("header_text", "header_media", "footer_text", "buttons")
    return {path: value for path, value in known.items() if value is not None or path in always}


def _from_components(components: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what details like Meta's tell; a component that is not there is not in the template."""
    by_type = {str(component.get("type")).upper(): component for component in components}
    header, body, footer = (by_type.get(kind, {}) for kind in ("HEADER", "BODY", "FOOTER"))
    kind = str(header.get("format") or "TEXT").upper()
    told = {
        "header_text": _text(header.get("text")) if kind == "TEXT" else None,
        "header_media": None if kind == "TEXT" else kind,
        "footer_text": _text(footer.get("text")),
        "buttons": [
            _component_button(button) for button in _mappings(by_type.get("BUTTONS", {}).get("buttons"))
        ],
    }
    content = _text(body.get("text"))
    return told if content is None else {**told, "content": content}


def _component_button(button: Mapping[str, Any]) -> dict[str, Any]:
    """Return a button of details like Meta's: they keep what was sent under ``buttonReqs``."""
    sent = button.get("buttonReqs")
    if isinstance(sent, Mapping):
        return _button({**button, **sent})
    # Meta's own half of a button knows nothing of what NXLink does with it.
    told = _button(button)
    return {name: value for name, value in told.items() if name not in ("customize_type", "events")}


def _button(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the comparable form of a button."""
    given, _ = BUTTON.read(fields)
    kind = str(given.get("type", "")).upper()
    out: dict[str, Any] = {"type": kind, "text": _text(given.get("text"))}
    out |= {name: normal(given[name]) for name, normal in TARGETS.get(kind, {}).items() if name in given}
    if kind == "QUICK_REPLY":
        out["customize_type"] = str(given.get("customize_type") or PLAIN_REPLY).lower()
    out["events"] = [_event(event) for event in _mappings(given.get("events"))]
    return out


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the JSON objects of an array; what NXLink should send there, and nothing holds it to."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def _event(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event of its type needs; the rest has no effect."""
    given, _ = EVENT.read(fields)
    kind = str(given.get("event", "")).lower()
    return {"event": kind, **{name: _text(given.get(name)) for name in EVENT_NEEDS.get(kind, ())}}


def _button_differences(live: Sequence[Any], wanted: Sequence[Any]) -> Iterator[Difference]:
    for index, (old, new) in enumerate(zip_longest(live, wanted)):
        path = f"buttons[{index}]"
        if old is None or new is None or old["type"] != new["type"]:
            yield Difference(path, old, new)
            continue
        for name in new:
            if name in old and old[name] != new[name]:
                yield Difference(f"{path}.{name}", old[name], new[name])


def _equal(path: str, live: Any, wanted: Any) -> bool:
    if path == "header_media" and ANY_KIND in (live, wanted):
        return live is not None and wanted is not None
    return bool(live == wanted)


def _text(value: Any) -> str | None:
    """Return a text without what changes on the way: blanks at the ends, kinds of line ends."""
    return None if value is None else str(value).replace("\r\n", "\n").replace("\r", "\n").strip() or None


def _digits(value: Any) -> str | None:
    return "".join(letter for letter in str(value or "") if letter.isdigit()) or None


def _first(value: Any) -> str | None:
    values = value if isinstance(value, list | tuple) else [value]
    return _text(values[0]) if values else None


# Where a button of each type leads.
TARGETS: Mapping[str, Mapping[str, Callable[[Any], str | None]]] = {
    "URL": {"url": _text},
    "PHONE_NUMBER": {"phone_number": _digits},
    "FLOW": {"flow_id": _text},
    "COPY_CODE": {"example": _first},
}
