"""A plan as people read it: one paragraph for each change, coloured where the terminal shows colours."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator
from difflib import ndiff
from pathlib import Path
from typing import Any, TextIO

from airflow_provider_nxlink.provisioning.plan import Action
from airflow_provider_nxlink.provisioning.report import Plan
from airflow_provider_nxlink.specs.diff import Difference

RED, GREEN, YELLOW, BOLD, PLAIN = "\033[31m", "\033[32m", "\033[33m", "\033[1m", "\033[0m"

# Kind of action: its mark, its colour, what is counted at the end.
KINDS = {
    "create": ("+", GREEN, "to create"),
    "update": ("~", YELLOW, "to update"),
    "blocked": ("!", RED, "blocked"),
    "delete": ("-", RED, "to delete"),
    "unchanged": ("=", PLAIN, "unchanged"),
}


def is_coloured(stream: TextIO) -> bool:
    """Say whether to colour: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def show_plan(plan: Plan, *, colours: bool) -> str:
    """Return the plan as text."""
    lines = [line for action in plan.actions for line in _action(action)]
    counts = [f"{plan.counts[kind]} {words}" for kind, (_, _, words) in KINDS.items() if kind in plan.counts]
    lines.append(BOLD + ", ".join(counts or ["nothing to do"]) + "." + PLAIN)
    if plan.refusal:
        lines.append(RED + plan.refusal + PLAIN)
    text = "\n".join(lines)
    return text if colours else _uncoloured(text)


def _action(action: Action) -> Iterator[str]:
    mark, colour, _ = KINDS[action.kind]
    title = f"{action.ref.name} ({action.ref.language})"
    status = (
        f", {action.live.status_name}" if action.live is not None and action.live.status is not None else ""
    )
    notes = [f"    {item.path}: {item.live} at NXLink, {item.wanted} in its spec" for item in action.drift]
    if action.kind == "unchanged" and not notes:
        return
    yield f"{colour}{mark} {title}{status}{PLAIN}"
    yield from notes
    if action.reason:
        yield f"    {action.reason}"
    for difference in action.differences:
        yield f"    {difference.path}:"
        yield from _sides(difference)


def _sides(difference: Difference) -> Iterator[str]:
    """Yield the lines of both sides, those that differ marked."""
    colours = {"-": RED, "+": GREEN, " ": PLAIN}
    for line in ndiff(list(_lines(difference.live)), list(_lines(difference.wanted))):
        if line[0] in colours:
            yield f"      {colours[line[0]]}{line}{PLAIN}"


def _lines(value: Any) -> Iterable[str]:
    if value is None:
        return []
    if isinstance(value, dict):
        return [printable(f"{name}: {item}") for name, item in value.items() if item not in (None, [])]
    if isinstance(value, list):
        return [printable(str(item)) for item in value]
    return [printable(line) for line in str(value).split("\n")]


def printable(text: str) -> str:
    """Return a text without what would steer a terminal."""
    return "".join("�" if unicodedata.category(letter) == "Cc" else letter for letter in text)


def write_page(name: str, page: str) -> None:
    """
    Write a page of HTML.

    :raises ValueError: the file cannot be written.
    """
    try:
        Path(name).write_text(page, encoding="utf-8")
    except OSError as error:
        raise ValueError(f"--html: {name} cannot be written: {error.strerror}") from None


def _uncoloured(text: str) -> str:
    for colour in (RED, GREEN, YELLOW, BOLD, PLAIN):
        text = text.replace(colour, "")
    return text
