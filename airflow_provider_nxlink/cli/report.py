"""Violations as lines for people, as JSON, and as annotations of GitHub's workflows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from airflow_provider_nxlink.specs.violations import Violation


def report(violations: Sequence[Violation], form: str) -> str:
    """
    Return what is printed, without a line end behind it; empty when there is nothing to say.

    :param form: ``text``, ``json`` (a list, also when empty) or ``github``.
    """
    return FORMS[form](violations)


def _lines(violations: Iterable[Violation]) -> str:
    return "\n".join(_one_line(violation) for violation in violations)


def _one_line(violation: Violation) -> str:
    level = "warning: " if violation.level == "warning" else ""
    return f"{violation.place}: {violation.rule}: {level}{violation.text}"


def _json(violations: Iterable[Violation]) -> str:
    # Escapes of a stream with another encoding would not be JSON's.
    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps([_plain(violation) for violation in violations], indent=2, ensure_ascii=not is_unicode)


def _plain(violation: Violation) -> dict[str, Any]:
    place = violation.place
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "rule": violation.rule,
        "level": violation.level,
        "path": violation.path,
        "value": violation.value,
        "message": violation.message,
        "fix": violation.fix,
    }


def _github(violations: Iterable[Violation]) -> str:
    # https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    return "\n".join(_annotation(violation) for violation in violations)


def _annotation(violation: Violation) -> str:
    place = violation.place
    where = {"file": place.file, "line": str(place.line), "col": str(place.column)} if place else {}
    properties = {**where, "title": violation.rule}
    written = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::{violation.level} {written}::{_escaped(violation.text)}"


def _escaped(text: str, also: str = "") -> str:
    """Escape what GitHub reads as the end of a property or of the command."""
    for letter in f"%\r\n{also}":
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text


FORMS: Mapping[str, Callable[[Sequence[Violation]], str]] = {
    "text": _lines,
    "json": _json,
    "github": _github,
}
