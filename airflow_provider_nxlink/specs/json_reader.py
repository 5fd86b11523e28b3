"""JSON spec files with places; duplicate keys, which JSON parsers pass over, are errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from airflow_provider_nxlink.specs.nodes import MAX_DEPTH, Node, duplicate, file_error, too_deep
from airflow_provider_nxlink.specs.violations import Place

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\],:"]+', re.DOTALL)


def read_json(text: str, file: str) -> Node:
    """
    Return what a JSON text holds.

    :raises TemplateSpecError: with file, line and column, for anything that is not JSON.
    """
    start = Place(file, 1, 1)
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = Place(file, error.lineno, error.colno)
        fix = "Correct it; JSON has no comments and no comma behind the last item."
        raise file_error(place, "file.syntax", f"is not valid JSON: {error.msg}", fix) from None
    except RecursionError:
        raise too_deep(start) from None
    except ValueError as error:  # NaN, or a number of more digits than Python reads
        raise file_error(start, "file.syntax", f"is not valid JSON: {error}", "Put it in quotes.") from None
    return _build(_tokens(text, file), 0)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _tokens(text: str, file: str) -> Iterator[tuple[str, Place]]:
    line, line_start, seen = 1, 0, 0
    for match in TOKEN.finditer(text):
        newlines = text.count("\n", seen, match.start())
        if newlines:
            line += newlines
            line_start = text.rfind("\n", seen, match.start()) + 1
        seen = match.start()
        yield match[0], Place(file, line, match.start() - line_start + 1)


def _build(tokens: Iterator[tuple[str, Place]], depth: int, at: Place | None = None) -> Node:
    """Read one value; that the text is JSON is known already."""
    word, place = next(tokens)
    return _value(word, at or place, tokens, depth)


def _value(word: str, place: Place, tokens: Iterator[tuple[str, Place]], depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise too_deep(place)
    if word == "{":
        return Node(_object(tokens, depth), place)
    if word == "[":
        return Node(_array(tokens, depth), place)
    return Node(json.loads(word), place, None if word.startswith('"') else word)


def _object(tokens: Iterator[tuple[str, Place]], depth: int) -> dict[str, Node]:
    out: dict[str, Node] = {}
    while (entry := next(tokens))[0] != "}":
        key: Any = json.loads(entry[0])
        if key in out:
            raise duplicate(entry[1], key)
        out[key] = _build(tokens, depth + 1, entry[1])
    return out


def _array(tokens: Iterator[tuple[str, Place]], depth: int) -> list[Node]:
    out: list[Node] = []
    while (entry := next(tokens))[0] != "]":
        out.append(_value(*entry, tokens, depth + 1))
    return out
