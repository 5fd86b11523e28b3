"""Where the Jinja of a text begins and ends, as Jinja's own lexer sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from jinja2 import Environment, TemplateSyntaxError

from airflow_provider_nxlink.specs.plain import has_braces
from airflow_provider_nxlink.specs.violations import shown

BARE = re.compile(r"\{\{\s*\w+\s*\}\}")

Kind = Literal["data", "raw", "bare", "jinja"]


class PlaceholderError(ValueError):
    """A text whose braces Jinja cannot read, or whose placeholders did not survive rendering."""


@dataclass(frozen=True, slots=True)
class Span:
    """
    A piece of a text.

    :param kind: ``bare`` for a bare placeholder, ``raw`` for what a raw block shows, ``jinja`` for any other
        Jinja (and for the blanks it strips), ``data`` for the rest.
    :param optional: True inside a block that may not be shown.
    """

    kind: Kind
    start: int
    end: int
    optional: bool


def spans(text: str) -> Iterator[Span]:
    """Split a text at its Jinja. The spans follow each other without gaps and cover the whole text."""
    if not has_braces(text) or not re.search("[{}]", BARE.sub("", text)):
        yield from _bare_and_data(text)
        return
    # Same length, and no line end that the lexer would rewrite, so that positions stay those of the text.
    source = text.replace("\r", " ")
    cursor = position = 0
    blocks = _Blocks()
    raw = False
    for kind, value in _lex(text, source):
        begin = source.index(value, position)  # the blanks that a "{%-" strips are not among the tokens
        position = begin + len(value)
        if kind == "data" or kind.endswith("_begin"):
            if cursor < begin:
                yield Span("jinja", cursor, begin, optional=False)
            cursor = begin
        if kind == "data":
            yield Span("raw" if raw else "data", cursor, position, optional=blocks.optional)
        elif kind == "variable_end" and BARE.fullmatch(text, cursor, position):
            yield Span("bare", cursor, position, optional=blocks.optional)
        elif kind in ("variable_end", "block_end", "comment_end", "raw_begin", "raw_end"):
            raw = kind == "raw_begin"
            yield Span("jinja", cursor, position, optional=False)
        else:
            blocks.see(kind, value)
            continue
        blocks.close(kind)
        cursor = position
    if cursor < len(text):
        yield Span("jinja", cursor, len(text), optional=False)


def unreadable(text: str, error: TemplateSyntaxError) -> PlaceholderError:
    """Return the error that shows the line Jinja stumbled over."""
    lines = text.split("\n")
    line = lines[min(error.lineno, len(lines)) - 1]
    return PlaceholderError(
        f"Jinja cannot read line {error.lineno}, {shown(line, 80)}: {error.message}; close every brace, or "
        "put text that should keep its braces between {% raw %} and {% endraw %}"
    )


def _bare_and_data(text: str) -> Iterator[Span]:
    """Split a text without any other Jinja. Most are such, and the lexer takes several times as long."""
    cursor = 0
    for match in BARE.finditer(text):
        if cursor < match.start():
            yield Span("data", cursor, match.start(), optional=False)
        yield Span("bare", match.start(), match.end(), optional=False)
        cursor = match.end()
    if cursor < len(text):
        yield Span("data", cursor, len(text), optional=False)


class _Blocks:
    """Which ``{% … %}`` blocks are open, from the words of their tags."""

    OPTIONAL = frozenset({"if", "for"})
    OPENING = OPTIONAL | {"set", "filter", "macro", "call", "with", "autoescape", "block"}

    def __init__(self) -> None:
        self.open: list[str] = []
        self.words: list[str] = []

    @property
    def optional(self) -> bool:
        return any(name in self.OPTIONAL for name in self.open)

    def see(self, kind: str, value: str) -> None:
        if kind == "block_begin":
            self.words = []
        elif kind in ("name", "operator"):
            self.words.append(value)

    def close(self, kind: str) -> None:
        if kind != "block_end" or not self.words:
            return
        name = self.words[0]
        if name.startswith("end"):
            self.open = self.open[:-1]
        elif name in self.OPENING and not (name == "set" and "=" in self.words):
            self.open.append(name)


def _lex(text: str, source: str) -> Iterator[tuple[str, str]]:
    try:
        for _, kind, value in _environment().lexer.tokeniter(source, None):
            yield kind, value
    except TemplateSyntaxError as error:
        raise unreadable(text, error) from None


@cache
def _environment() -> Environment:
    return Environment(keep_trailing_newline=True)  # noqa: S701  # only its lexer is used
