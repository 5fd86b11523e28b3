"""Where the Jinja of a text begins and ends, as Jinja's own lexer sees it, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from jinja2 import (
    Environment,
    TemplateAssertionError,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)

from airflow_provider_nxlink.specs.plain import has_braces
from airflow_provider_nxlink.specs.violations import shown

BARE = re.compile(r"\{\{\s*\w+\s*\}\}")

Kind = Literal["data", "raw", "bare", "jinja"]


# What a wrong expression in a template raises. Other errors, such as a failed look-up of a variable, are not
# the template's fault and may pass.
PYTHON_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
LONGEST_REASON = 200

JINJA_FIX = (
    "Correct the Jinja; or, if its braces are plain text, put it between {% raw %} and {% endraw %}, or set "
    "render: false for the whole template."
)


class PlaceholderError(ValueError):
    """
    A text whose braces Jinja cannot read or render, or whose placeholders did not survive rendering.

    :param shown: the line that is meant, as a message may show it; empty for the whole text.
    :param at_run_time: True where Jinja could read the text and its expressions failed.
    """

    def __init__(self, message: str, *, shown: str = "", at_run_time: bool = False) -> None:
        super().__init__(message)
        self.shown = shown
        self.at_run_time = at_run_time


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


def is_template_error(error: BaseException) -> bool:
    """Return True for what a wrong template raises when it is compiled or rendered, on every retry again."""
    if isinstance(error, TemplateError):
        return True
    # Subclasses from elsewhere may mean anything.
    return isinstance(error, PYTHON_ERRORS) and type(error).__module__ == "builtins"


def template_error(text: str, error: BaseException, restored: Callable[[str], str] = str) -> PlaceholderError:
    """
    Return the error that names the line of ``text`` and what Jinja says about it.

    :param text: what the user wrote.
    :param error: what :func:`is_template_error` is true for.
    :param restored: puts the user's own words back into Jinja's message.
    """
    if isinstance(error, TemplateSyntaxError) and not isinstance(error, TemplateAssertionError):
        return unreadable(text, error, restored)
    lines = text.split("\n")
    number = error.lineno if isinstance(error, TemplateSyntaxError) else _line_number(error)
    line = shown(lines[min(number or 1, len(lines)) - 1], 80)
    if isinstance(error, TemplateNotFound):
        reason = f"there is no file {error.name!r} to include"
    elif isinstance(error, TemplateError):
        reason = error.message or type(error).__name__
    else:
        reason = f"{type(error).__name__}: {error}".removesuffix(": ")
    reason = " ".join(restored(reason).split())
    if len(reason) > LONGEST_REASON:
        reason = reason[: LONGEST_REASON - 1] + "…"
    where = f" in line {number}" if number and len(lines) > 1 else ""
    return PlaceholderError(f"cannot be rendered{where}: {reason}", shown=line, at_run_time=True)


def unreadable(
    text: str, error: TemplateSyntaxError, restored: Callable[[str], str] = str
) -> PlaceholderError:
    """Return the error that shows the line Jinja stumbled over."""
    lines = text.split("\n")
    line = lines[min(error.lineno, len(lines)) - 1]
    return PlaceholderError(
        f"Jinja cannot read line {error.lineno}, {shown(line, 80)}: {restored(error.message or '')}; close "
        "every brace, or put text that should keep its braces between {% raw %} and {% endraw %}"
    )


def _line_number(error: BaseException) -> int | None:
    """Return the line of the template where ``error`` was raised; None when Jinja does not say."""
    traceback = error.__traceback__
    while traceback is not None:
        known = traceback.tb_frame.f_globals
        if (template := known.get("__jinja_template__")) is not None:
            return int(template.get_corresponding_lineno(traceback.tb_lineno))
        if "__jinja_exception__" in known:  # a frame that Jinja has rewritten to point to the template
            return traceback.tb_lineno
        traceback = traceback.tb_next
    return None


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
        self.open_optional = 0

    @property
    def optional(self) -> bool:
        return self.open_optional > 0

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
            if self.open:
                self.open_optional -= self.open.pop() in self.OPTIONAL
        elif name in self.OPENING and not (name == "set" and "=" in self.words):
            self.open.append(name)
            self.open_optional += name in self.OPTIONAL


def _lex(text: str, source: str) -> Iterator[tuple[str, str]]:
    try:
        for _, kind, value in _environment().lexer.tokeniter(source, None):
            yield kind, value
    except TemplateSyntaxError as error:
        raise unreadable(text, error) from None


@cache
def _environment() -> Environment:
    return Environment(keep_trailing_newline=True)  # noqa: S701  # only its lexer is used
