"""A plan as people read it: one paragraph for each change, coloured where the terminal shows colours."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
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
    "postponed": ("-", YELLOW, "to delete later"),
    "keep": ("=", PLAIN, "kept"),
    "unchanged": ("=", PLAIN, "unchanged"),
}


def is_coloured(stream: TextIO) -> bool:
    """Say whether to colour: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def show_plan(plan: Plan, *, colours: bool, brief: bool = False) -> str:
    """
    Return the plan as text.

    :param brief: one line for each template that is to be created, instead of its preview.
    """
    lines = [line for action in plan.actions for line in _action(action, brief=brief)]
    lines += plan.notes
    lines.append(BOLD + ", ".join(_counts(plan) or ["nothing to do"]) + "." + PLAIN)
    if plan.creations is not None and plan.creations.waits:
        lines.append(f"{plan.creations}.")
    if plan.refusal:
        lines.append(RED + plan.refusal + PLAIN)
    text = "\n".join(lines)
    return text if colours else _uncoloured(text)


def _counts(plan: Plan) -> list[str]:
    """Return how many templates each kind concerns; what is unchanged only as far as is known, apart."""
    counts = []
    for kind, (_, _, words) in KINDS.items():
        of_kind = [action for action in plan.actions if action.kind == kind]
        groups = Counter(f"{words}{_qualified(action)}" for action in of_kind)
        counts += [f"{count} {text}" for text, count in groups.items()]
    return counts


def _qualified(action: Action) -> str:
    if action.kind != "unchanged":
        return ""
    if action.compared == "content":
        return " in category and content"
    text = "" if action.is_certain else " in what the API returns"
    return f"{text} but {_in_words(action)}" if action.status_reason else text


def _in_words(action: Action) -> str:
    return "" if action.live is None else action.live.status_name.replace("_", " ").lower()


def _action(action: Action, *, brief: bool) -> Iterator[str]:
    mark, colour, _ = KINDS[action.kind]
    title = f"{action.ref.name} ({action.ref.language})"
    live = action.live
    status = f", {live.status_name}" if live is not None and live.status is not None else ""
    details = [f"{item.path}: {item.live} at NXLink, {item.wanted} in its spec" for item in action.drift]
    details += [action.reason] if action.reason else []
    details += action.notes
    if action.not_compared:
        details.append(f"not compared, as the API did not return it: {', '.join(action.not_compared)}")
    if action.may_be_removed:
        details.append(
            "may be removed, as the API did not return it and the spec does not set it: "
            + ", ".join(action.may_be_removed)
        )
    unseen = [name for name in action.not_returned if name not in action.not_compared]
    if action.kind == "unchanged" and unseen:
        details.append(f"not in the spec, and the API did not return it: {', '.join(unseen)}")
    if action.kind == "unchanged" and not details:
        return
    certain = "" if action.kind != "unchanged" else f": unchanged{_qualified(action)}"
    yield f"{colour}{mark} {printable(title + status + certain)}{PLAIN}"
    yield from (f"    {printable(line)}" for line in details)
    if action.kind == "create" and action.spec is not None and not brief:
        yield from (f"    {line}" for line in action.spec.preview().split("\n"))
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


def printable(text: str, *, keep_lines: bool = False) -> str:
    """
    Return a text without what would steer a terminal.

    :param keep_lines: keep line ends.
    """
    return "".join(
        "�" if unicodedata.category(letter) == "Cc" and not (keep_lines and letter == "\n") else letter
        for letter in text
    )


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
