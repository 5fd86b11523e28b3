"""The rules that need nothing but one text of a template: a table, and a short function that applies it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

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
LEADING_ZERO = re.compile(r"\{\{\s*0[0-9]+\s*\}\}")
IN_BRACES = re.compile(r"\{\{[^{}]*\}\}")
STRAY_BRACES = re.compile(r"\{\s*\w+\s*\}|\{\{|\}\}")
NEWLINE = re.compile(r"[\r\n\x85]")
# Of the control characters, a body may have line breaks and tabs; the line breaks of other texts have a rule.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
CONTROL_OR_TAB = re.compile(rf"{CONTROL.pattern[:-1]}\t]")
EMOJI = re.compile("[\u203c\u2049\u20e3\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff]")
FORMATTING = re.compile(r"\*|```|(?<!\w)([_~])\S(?:.*\S)?\1(?!\w)")
# Scripts that put no blanks between words: Thai, Lao, Burmese, Khmer, Japanese and Chinese.
WITHOUT_BLANKS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
# Meta writes whom a link of these leads to as "direct link to WhatsApp", and as "URL shortener".
WHATSAPP_HOSTS = r"(?:wa\.me|wa\.link|(?:[a-z0-9-]+\.)?whatsapp\.(?:com|net))"
SHORTENERS = r"(?:bit\.ly|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|cutt\.ly|rebrand\.ly|shorturl\.at)"
PHONE = re.compile(r"\+?[0-9][0-9 ().-]*")
PHONE_DIGITS = 3
FORMATTING_MARKS = frozenset("*_~`")


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


def has_edge_variable(text: str) -> bool:
    """Return True if a text begins or ends with a variable, blanks and punctuation left out of account."""
    spans = [match.span() for match in BARE.finditer(text)]
    return bool(spans) and (_is_bare_edge(text[: spans[0][0]]) or _is_bare_edge(text[spans[-1][1] :]))


def has_many_variables(text: str) -> bool:
    """
    Return True if a text has too few words for its variables.

    A placeholder counts as a word, and a numbered one that is repeated as one variable. What is written
    without blanks between words cannot be counted, and passes.
    """
    if WITHOUT_BLANKS.search(text):
        return False
    variables = len(set(positional(text))) + len(NAMED.findall(text))
    words = sum(1 for word in IN_BRACES.sub(" x ", text).split() if re.search(r"\w", word))
    return bool(variables) and words < LIMITS["content_words_per_variable"] * variables + 1


def has_stray_braces(text: str) -> bool:
    """Return True if a text has braces that look like a placeholder and are none: ``{1}``, ``{1}}``."""
    return bool(STRAY_BRACES.search(IN_BRACES.sub("", text)))


def has_style(text: str) -> bool:
    """Return True if a text has an emoji or WhatsApp's formatting, where Meta takes plain text only."""
    plain = IN_BRACES.sub("", text)
    return bool(EMOJI.search(plain) or FORMATTING.search(plain))


def is_blank(text: str) -> bool:
    """Return True if nothing but blanks stands in a text."""
    return not text.strip()


def is_web_address(url: str) -> bool:
    """Return True for an absolute http(s) URL whose host is written out."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "{" not in parts.netloc
    except ValueError:
        return False


def is_phone_number(text: str) -> bool:
    """Return True for digits, with or without a plus sign and the usual separators."""
    return bool(PHONE.fullmatch(text)) and sum(map(str.isdecimal, text)) >= PHONE_DIGITS


def _is_bare_edge(text: str) -> bool:
    """Return True if there is no letter, digit or symbol in what stands before or after a variable."""
    return all(letter in FORMATTING_MARKS or unicodedata.category(letter)[0] in "PZC" for letter in text)


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

ONE_LINE = ("has a line break", "Write it in one line.")
NO_CONTROL = ("has a control character", "Remove it.")
BRACES = (
    "has braces that make no variable, which Meta rejects",
    "Write variables with two braces on each side, as in {{1}}.",
)
ZERO = ("has a variable whose number begins with 0", "Write {{1}} for {{01}}.")

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
    TextRule("header.newline", "header_text", NEWLINE.search, *ONE_LINE),
    TextRule("header.blank", "header_text", is_blank, "holds blanks only", "Write a text, or leave it out."),
    TextRule("header.control", "header_text", CONTROL_OR_TAB.search, *NO_CONTROL),
    TextRule(
        "header.style",
        "header_text",
        has_style,
        "has emoji or formatting, which Meta refuses in a text header",
        "Write plain text.",
        "warning",
    ),
    TextRule("header.braces", "header_text", has_stray_braces, *BRACES, "warning"),
    TextRule("header.leading-zero", "header_text", LEADING_ZERO.search, *ZERO, "warning"),
    TextRule(
        "body.required",
        "content",
        is_blank,
        "holds blanks only",
        "Write the message's text.",
    ),
    TextRule("body.control", "content", CONTROL.search, *NO_CONTROL),
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
        has_edge_variable,
        "starts or ends with a variable, which Meta often rejects",
        "Put some words before and after it; punctuation does not count.",
        "warning",
    ),
    TextRule(
        "body.many-variables",
        "content",
        has_many_variables,
        "has too many variables for its length, which Meta often rejects",
        f"Write at least {LIMITS['content_words_per_variable']} words for each variable, and one more.",
        "warning",
    ),
    TextRule(
        "body.adjacent-variables",
        "content",
        re.compile(rf"{BARE.pattern} *{BARE.pattern}").search,
        "has two variables next to each other, which Meta often rejects",
        "Put a word between them, or make one variable of the two.",
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
    TextRule("body.braces", "content", has_stray_braces, *BRACES, "warning"),
    TextRule("body.leading-zero", "content", LEADING_ZERO.search, *ZERO, "warning"),
    TextRule(
        "body.short-link",
        "content",
        re.compile(rf"(?<![\w.-]){SHORTENERS}/", re.IGNORECASE).search,
        "has a link of a URL shortener, which Meta rejects",
        "Write the whole link.",
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
    TextRule("footer.blank", "footer_text", is_blank, "holds blanks only", "Write a text, or leave it out."),
    TextRule("footer.control", "footer_text", CONTROL_OR_TAB.search, *NO_CONTROL),
    TextRule("footer.newline", "footer_text", NEWLINE.search, *ONE_LINE, "warning"),
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
    TextRule("button.text-blank", "text", is_blank, "holds blanks only", "Write what the button does."),
    TextRule("button.text-newline", "text", NEWLINE.search, *ONE_LINE),
    TextRule("button.text-control", "text", CONTROL_OR_TAB.search, *NO_CONTROL),
    TextRule(
        "button.text-style",
        "text",
        has_style,
        "has emoji or formatting, which Meta refuses in a button",
        "Write plain text.",
        "warning",
    ),
    TextRule(
        "url.address",
        "url",
        lambda url: not is_web_address(url),
        "is not a web address",
        "Begin with https:// and the host, as in https://shop.example/t/{{1}}.",
    ),
    TextRule(
        "url.control", "url", re.compile(rf"{CONTROL_OR_TAB.pattern}|{NEWLINE.pattern}").search, *NO_CONTROL
    ),
    TextRule("url.leading-zero", "url", LEADING_ZERO.search, *ZERO, "warning"),
    TextRule(
        "url.whatsapp-link",
        "url",
        re.compile(rf"https?://{WHATSAPP_HOSTS}(?![\w.-])", re.IGNORECASE).match,
        "leads to WhatsApp itself, which Meta refuses in a button",
        "Lead to a page of your own.",
        "warning",
    ),
    TextRule(
        "url.short-link",
        "url",
        re.compile(rf"https?://{SHORTENERS}(?![\w.-])", re.IGNORECASE).match,
        "is a link of a URL shortener, which Meta rejects",
        "Write the whole link.",
        "warning",
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
    TextRule(
        "phone.format",
        "phone_number",
        lambda text: not is_phone_number(text) and not has_braces(text),
        "is not a phone number",
        "Give its digits with the country code, as in +4930123456.",
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
            except PlaceholderError:  # told by jinja_syntax
                is_known[field] = False
        if is_known[field] and rule.broken(text):
            fix = rule.fix if isinstance(rule.fix, str) else rule.fix(text)
            yield Violation(rule.id, path(rule.field), shown(text), rule.message, fix, rule.level)


def is_unknown(text: str, *, message: bool) -> bool:
    """Return True for a text whose Jinja Airflow has still to render."""
    return has_jinja(text) if message else has_braces(text)
