"""The rules that need nothing but one text of a template: a table, and a short function that applies it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from airflow_provider_nxlink.specs import languages
from airflow_provider_nxlink.specs.limits import LIMITS
from airflow_provider_nxlink.specs.placeholders import (
    BARE,
    PlaceholderError,
    has_jinja,
    positional,
)
from airflow_provider_nxlink.specs.plain import has_braces
from airflow_provider_nxlink.specs.violations import Level, Violation, shown

NAME = re.compile(f"[a-z0-9_]{{1,{LIMITS['name']}}}")
NOT_META_VARIABLE = re.compile(r"\{\{(?!\s*(?:[0-9]+|[a-z_][a-z0-9_]*)\s*\}\})[^{}]*\}\}")
NAMED = re.compile(r"\{\{\s*(?![0-9]+\s*\}\})\w+\s*\}\}")


@dataclass(frozen=True, slots=True)
class TextRule:
    """
    One row: a text in ``field`` breaks it when ``broken`` says so.

    ``fix`` may be a function of the text, for a suggestion.
    """

    id: str
    field: str
    broken: Callable[[str], object]
    message: str
    fix: str | Callable[[str], str]
    level: Level = "error"


def longer_than(limit: int) -> Callable[[str], bool]:
    """Return the test for texts of more characters than that."""
    return lambda text: len(text) > limit


def more_variables_than(limit: int) -> Callable[[str], bool]:
    """Return the test for texts with more variables than that."""
    return lambda text: len(BARE.findall(text)) > limit


def has_gap(text: str) -> bool:
    """Return True unless the positional variables are {{1}} … {{n}}, each at least once."""
    numbers = set(positional(text))
    return numbers != set(range(1, len(numbers) + 1))


def slug(name: str) -> str:
    """Return the template name nearest to a text."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "_", ascii_name.lower()).strip("_")[: LIMITS["name"]]


def _too_long(field: str, key: str, unit: str = "characters") -> str:
    return f"Shorten the {field} to {LIMITS[key]} {unit}."


def _suggest_name(name: str) -> str:
    suggestion = f": {slug(name)!r} would do" if slug(name) else ""
    return f"Use 1 to {LIMITS['name']} of a-z, 0-9 and _{suggestion}."


def _suggest_language(code: str) -> str:
    suggestion = languages.suggest(code)
    return f"Did you mean {suggestion!r}?" if suggestion else "Give a code such as 'de' or 'pt_BR'."


GAPLESS = (
    "has numbered variables that do not run from {{1}} without gaps",
    "Number them {{1}}, {{2}}, … again.",
)

TEXT_RULES: tuple[TextRule, ...] = (
    TextRule(
        "name.pattern", "name", lambda text: not NAME.fullmatch(text), "is not a template name", _suggest_name
    ),
    TextRule(
        "language.malformed",
        "language",
        lambda text: not languages.is_well_formed(text) and not languages.is_known(text),
        "is not a language code",
        _suggest_language,
    ),
    TextRule(
        "language.unknown",
        "language",
        lambda text: languages.is_well_formed(text) and not languages.is_known(text),
        "is not among the languages of WhatsApp or NXLink that we know",
        _suggest_language,
        "warning",
    ),
    TextRule(
        "header.length",
        "header_text",
        longer_than(LIMITS["header_text"]),
        "is too long",
        _too_long("header", "header_text"),
    ),
    TextRule(
        "header.variables",
        "header_text",
        more_variables_than(LIMITS["header_variables"]),
        "has more than one variable",
        "Keep one, and move the others to the content.",
    ),
    TextRule("header.gaps", "header_text", has_gap, *GAPLESS),
    TextRule(
        "header.newline",
        "header_text",
        re.compile(r"[\r\n]").search,
        "has a line break",
        "Write it in one line.",
    ),
    TextRule(
        "body.required",
        "content",
        lambda text: not text.strip(),
        "holds blanks only",
        "Write the message's text.",
    ),
    TextRule(
        "body.length",
        "content",
        longer_than(LIMITS["content"]),
        "is too long",
        _too_long("content", "content"),
    ),
    TextRule("body.gaps", "content", has_gap, *GAPLESS),
    TextRule(
        "body.edge-variable",
        "content",
        re.compile(rf"\A\s*{BARE.pattern}|{BARE.pattern}\s*\Z").search,
        "starts or ends with a variable, which Meta often rejects",
        "Put some words before and after it.",
        "warning",
    ),
    TextRule(
        "body.adjacent-variables",
        "content",
        re.compile(rf"{BARE.pattern}{BARE.pattern}").search,
        "has two variables next to each other, which Meta often rejects",
        "Put a word or a blank between them.",
        "warning",
    ),
    TextRule(
        "body.newlines",
        "content",
        re.compile(rf"(?:\r?\n|\r(?!\n)){{{LIMITS['content_newlines'] + 1},}}").search,
        "has more than two line breaks in a row",
        "Leave one empty line at most.",
        "warning",
    ),
    TextRule(
        "body.spaces",
        "content",
        re.compile(rf" {{{LIMITS['content_spaces'] + 1},}}").search,
        "has more than four blanks in a row",
        "Use fewer.",
        "warning",
    ),
    TextRule(
        "body.tabs", "content", re.compile("\t").search, "has a tab", "Use blanks or a line break.", "warning"
    ),
    TextRule(
        "body.named-variable",
        "content",
        NOT_META_VARIABLE.search,
        "has a variable that is not lower case and underscores, as Meta asks for",
        "Fine for a contact field that NXLink fills, such as {{WhatsApp}}; else number it.",
        "warning",
    ),
    TextRule(
        "body.mixed-variables",
        "content",
        lambda text: positional(text) and NAMED.search(text),
        "has numbered and named variables",
        "Use one kind in one text.",
        "warning",
    ),
    TextRule(
        "footer.length",
        "footer_text",
        longer_than(LIMITS["footer_text"]),
        "is too long",
        _too_long("footer", "footer_text"),
    ),
    TextRule(
        "footer.variables",
        "footer_text",
        BARE.search,
        "has a variable",
        "Write the footer without variables.",
    ),
)

BUTTON_TEXT_RULES: tuple[TextRule, ...] = (
    TextRule(
        "button.text-length",
        "text",
        longer_than(LIMITS["button_text"]),
        "is too long",
        _too_long("text", "button_text"),
    ),
    TextRule(
        "button.text-variables",
        "text",
        BARE.search,
        "has a variable",
        "Write the button's text without variables.",
    ),
    TextRule("url.length", "url", longer_than(LIMITS["url"]), "is too long", _too_long("link", "url")),
    TextRule(
        "url.variables",
        "url",
        more_variables_than(LIMITS["url_variables"]),
        "has more than one variable",
        "Keep one, at the very end.",
    ),
    TextRule(
        "url.variable-end",
        "url",
        lambda text: BARE.search(text) and not re.search(rf"{BARE.pattern}\Z", text),
        "has a variable that is not at its very end",
        "Move the variable to the end, as in https://shop.example/t/{{1}}.",
    ),
    TextRule("url.gaps", "url", has_gap, *GAPLESS),
    TextRule(
        "phone.length",
        "phone_number",
        longer_than(LIMITS["phone_number"]),
        "is too long",
        _too_long("number", "phone_number"),
    ),
)

# Fields that are the message's own text; in the others all Jinja is Airflow's.
MESSAGE_TEXTS = frozenset({"header_text", "content", "footer_text", "text", "url"})


def broken_rules(
    part: Any, rules: tuple[TextRule, ...], path: Callable[[str], str], *, rendered: bool
) -> Iterator[Violation]:
    """Yield the violation of each row of ``rules`` that a text field of ``part`` breaks."""
    is_known: dict[str, bool] = {}
    for rule in rules:
        field, text = rule.field, getattr(part, rule.field)
        if field not in is_known:
            try:
                is_known[field] = isinstance(text, str) and (
                    rendered or not is_unknown(text, message=field in MESSAGE_TEXTS)
                )
            except PlaceholderError as error:
                is_known[field] = False
                yield Violation("text.unreadable", path(field), shown(text), str(error), "See its braces.")
        if is_known[field] and rule.broken(text):
            fix = rule.fix if isinstance(rule.fix, str) else rule.fix(text)
            yield Violation(rule.id, path(rule.field), shown(text), rule.message, fix, rule.level)


def is_unknown(text: str, *, message: bool) -> bool:
    """Return True for a text whose Jinja Airflow has still to render."""
    return has_jinja(text) if message else has_braces(text)
