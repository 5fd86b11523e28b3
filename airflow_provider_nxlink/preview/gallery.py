"""A page of many messages: grouped by name, languages side by side, what is wrong at its field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_nxlink.preview.bubble import Message, Problem, card_html, page_html


@dataclass(frozen=True)
class Entry:
    """
    One message of a gallery.

    :param message: what is shown.
    :param problems: what is wrong with it.
    """

    message: Message
    problems: Sequence[Problem] = field(default=())


def gallery_html(
    entries: Iterable[Entry],
    examples: Mapping[str, str] | None = None,
    *,
    problems: Sequence[Problem] = (),
    title: str = "Template preview",
    show_media: bool = False,
) -> str:
    """
    Return a self-contained page.

    :param examples: what placeholders are filled with, by number or name.
    :param problems: what is wrong beside the entries, e.g. files that cannot be read.
    :param show_media: load the pictures of image headers, see ``bubble_html``.
    """
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.message.name or "(no name)", []).append(entry)
    found = [*problems, *(item for group in groups.values() for entry in group for item in entry.problems)]
    errors = sum(item.level != "warning" for item in found)
    counts = (
        (sum(map(len, groups.values())), "template"),
        (errors, "error"),
        (len(found) - errors, "warning"),
    )
    return page_html(
        "gallery.html",
        title,
        show_media=show_media,
        summary=", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts),
        problems=problems,
        groups=[_group(name, groups[name], examples, show_media=show_media) for name in sorted(groups)],
    )


def _group(
    name: str, entries: list[Entry], examples: Mapping[str, str] | None, *, show_media: bool
) -> dict[str, Any]:
    entries = sorted(entries, key=lambda entry: entry.message.language)
    return {
        "name": name,
        "errors": sum(item.level != "warning" for entry in entries for item in entry.problems),
        "cards": [
            card_html(entry.message, examples, problems=entry.problems, show_media=show_media)
            for entry in entries
        ],
    }
