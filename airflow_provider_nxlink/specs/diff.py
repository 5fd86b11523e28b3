"""
What differs between a template as it should be and as NXLink has it.

Only what the user owns is compared: category, content, header text, the kind of header media, footer,
``is_close_auto_flow`` where the spec sets it, and the buttons with their order, texts, targets and events.
Handles, media ids, examples of links, ``payload``, ``tagId``, null against ``""``, numbers against digits and
the blanks that :func:`airflow_provider_nxlink.specs.live.text_of` removes are no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink.specs.live import (
    Compare,
    button_of,
    known_fields,
    not_returned,
    text_of,
)
from airflow_provider_nxlink.specs.violations import shown

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.models import Template
    from airflow_provider_nxlink.specs.model import HeaderMedia, TemplateSpec

# A header media file whose kind only its upload will tell.
ANY_KIND = "MEDIA"


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


def diff(
    spec: TemplateSpec, live: Template, *, compare: Compare = "full", examples: bool = False
) -> list[Difference]:
    """
    Return what an update would change, in the order of the message; empty when nothing.

    What ``live`` does not return is no difference, see :func:`not_told` and :func:`may_be_removed`.

    :param spec: rendered.
    :param live: a template from the details, in either of their shapes, with ``full``; or from the list.
    :param compare: ``full``, or ``content`` for what the list returns.
    :param examples: also the examples of URL buttons, which change with an update and are no reason for one.
    """
    wanted, known = _wanted(spec), known_fields(live, compare)
    found = [
        Difference(path, known[path], wanted[path])
        for path in ("category", "header_text", "header_media", "content", "footer_text")
        if path in known and not _equal(path, known[path], wanted[path])
    ]
    closes = wanted["is_close_auto_flow"]
    if closes is not None and known.get("is_close_auto_flow", closes) != closes:
        found.append(Difference("is_close_auto_flow", not closes, closes))
    if "buttons" in known:
        changes = _button_differences(known["buttons"], wanted["buttons"])
        found += [item for item in changes if examples or not _is_example(item, wanted["buttons"])]
    return found


def not_told(spec: TemplateSpec, live: Template, *, compare: Compare = "full") -> list[str]:
    """Return the fields that the spec sets and ``live`` does not return: they may differ or not."""
    return [name for name in not_returned(live, compare) if _sets(spec, name)]


def may_be_removed(spec: TemplateSpec, live: Template) -> list[str]:
    """Return the fields that the spec does not set and ``live`` does not return: an update removes them."""
    return [name for name in not_returned(live) if not _sets(spec, name)]


def _sets(spec: TemplateSpec, name: str) -> bool:
    if name == "button_events":
        return any(button.events for button in spec.buttons)
    return getattr(spec, name, None) not in (None, [])


def _side(value: Any) -> str:
    return "nothing" if value is None else shown(value)


def _wanted(spec: TemplateSpec) -> dict[str, Any]:
    """Return the comparable form of a spec."""
    return {
        "category": spec.category,
        "content": text_of(spec.content),
        "header_text": text_of(spec.header_text),
        "header_media": _kind(spec.header_media),
        "footer_text": text_of(spec.footer_text),
        "is_close_auto_flow": spec.is_close_auto_flow,
        "buttons": [button_of(button.wire_fields(literal=spec.render is False)) for button in spec.buttons],
    }


def _kind(media: HeaderMedia | None) -> str | None:
    return None if media is None else media.media_type or ANY_KIND


def _button_differences(live: Sequence[Any], wanted: Sequence[Any]) -> Iterator[Difference]:
    for index, (old, new) in enumerate(zip_longest(live, wanted)):
        path = f"buttons[{index}]"
        if old is None or new is None or old["type"] != new["type"]:
            yield Difference(path, old, new)
            continue
        for name in new:
            if name in old and old[name] != new[name]:
                yield Difference(f"{path}.{name}", old[name], new[name])


def _is_example(difference: Difference, buttons: Sequence[Any]) -> bool:
    """Return True for the example of a link; that of a COPY_CODE button is the code itself."""
    index, _, name = difference.path.removeprefix("buttons[").partition("].")
    return name == "example" and bool(buttons[int(index)]["type"] == "URL")


def _equal(path: str, live: Any, wanted: Any) -> bool:
    if path == "header_media" and ANY_KIND in (live, wanted):
        return live is not None and wanted is not None
    return bool(live == wanted)
