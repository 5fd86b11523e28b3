"""What is wrong with a template spec, and the error that says all of it at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Level = Literal["error", "warning"]

SHOWN_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Return the place as editors and terminals link it."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Violation:
    """
    One thing that is wrong, where, and the way out.

    :param rule: the rule's id, e.g. ``url.variable``.
    :param path: the field, e.g. ``buttons[2].url``; empty for the template as a whole.
    :param value: what stands there, shortened; empty when nothing does.
    :param message: what is wrong with it.
    :param fix: what to write instead.
    :param level: ``error`` refuses the template in strict mode, ``warning`` never does.
    :param place: where it stands, if it was read from a file.
    """

    rule: str
    path: str
    value: str
    message: str
    fix: str
    level: Level = "error"
    place: Place | None = None

    def __str__(self) -> str:
        """Return one line: place, field, what is wrong, the value, the fix, the rule."""
        place = f"{self.place}: " if self.place else ""
        return f"{place}{self.text} [{self.rule}]"

    @property
    def text(self) -> str:
        """Field, what is wrong, the value and the fix."""
        shown = f" (got {self.value})" if self.value else ""
        return f"{self.path or 'template'}: {self.message}{shown}. {self.fix}"

    def within(self, parent: str) -> Violation:
        """Return the same violation seen from the part that holds this one."""
        return replace(self, path=join(parent, self.path))


class TemplateSpecError(ValueError):
    """
    A template spec that cannot be used; ``violations`` holds everything that is wrong with it.

    A ``ValueError``: the same spec fails again on every retry.

    :param violations: at least one.
    :param where: what was read, for the first line of the message: a file, a template's name.
    """

    def __init__(self, violations: Iterable[Violation], where: str = "template") -> None:
        self.violations: Sequence[Violation] = tuple(violations)
        self.where = where
        super().__init__(self.violations, where)  # what pickle calls __init__ with again

    def __str__(self) -> str:
        """Return one line for each violation below a line that counts them."""
        count = len(self.violations)
        lines = [f"{self.where} has {count} problem{'s' if count != 1 else ''}:"]
        return "\n".join(lines + [f"  - {violation}" for violation in self.violations])


def join(parent: str, child: str) -> str:
    """Return the path of ``child`` below ``parent``: ``buttons`` and ``[2].url`` make ``buttons[2].url``."""
    dot = "." if parent and child and not child.startswith("[") else ""
    return f"{parent}{dot}{child}"


def shown(value: Any, limit: int = SHOWN_LENGTH) -> str:
    """
    Return a value as a message may show it: shortened, JSON-like, without a memory address.

    The query of a URL that fills the whole value is left out: media URLs are signed there.
    """
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode()
        if text.startswith(("http://", "https://")) and "?" in text and "{{" not in text:
            text = text.partition("?")[0] + "?…"
        if len(text) > limit:
            text = text[: limit - 1] + "…"
        return json.dumps(text, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return str(value) if not isinstance(value, int) or abs(value) < 10**limit else "a huge number"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return f"<{type(value).__name__}>"
