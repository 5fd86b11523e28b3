"""How the service changes texts: as it shows them (whitespace), and as it stores them."""

import re
from collections.abc import Callable
from typing import Any

Change = Callable[[str], str]

BLANKS = re.compile("[ \t\u00a0\u2000-\u200a\u3000]+")
BLANKS_AT_LINE_END = re.compile("[ \t\u00a0]+(?=[\r\n]|$)")
PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def _collapsed(text: str) -> str:
    return BLANKS.sub(" ", text)


def _trimmed(text: str) -> str:
    return BLANKS_AT_LINE_END.sub("", text)


def _crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def _tight(text: str) -> str:
    return PLACEHOLDER.sub(r"{{\1}}", text)


# The forms of the shape `whitespace`.
WHITESPACE: dict[str, Change] = {
    "kept": lambda text: text,
    "changed": lambda text: text.strip().replace("\n", "\r\n"),
    "collapsed": _collapsed,
    "trimmed": _trimmed,
    "crlf": _crlf,
    "tight": _tight,
    "loose": lambda text: PLACEHOLDER.sub(r"{{ \1 }}", text),
    "nel": lambda text: text.replace("\n", "\x85"),
    "separators": lambda text: text.replace("\n", "\u2028"),
    "nbsp": lambda text: text.replace(" ", "\u00a0"),
    "all": lambda text: _crlf(_trimmed(_collapsed(_tight(text)))),
}

# The forms of the shape `stored`.
STORED: dict[str, Change] = {
    "as_sent": lambda text: text,
    "quotes": lambda text: text.replace("'", "\u2019").replace('"', "\u201d"),
    "cut": lambda text: text[:-1] or text,
    "suffixed": lambda text: f"{text} *",
}
STORED_TEXTS = ("content", "headerText", "footerText")


def stored(body: dict[str, Any], form: str) -> dict[str, Any]:
    """Return a request body as the service stores it under a form of the shape ``stored``."""
    changed = {key: STORED[form](body[key]) for key in STORED_TEXTS if body.get(key)}
    return {**body, **changed}
