"""What must not be seen, taken out of text before it reaches a log, an exception or an XCom."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

MASK = "***"

# Of a template's components: where links to media stand, and where the user's own text does.
_MEDIA = {"url", "header_handle"}
_OWN = {"text", "buttons", "body_text", "header_text", "body_text_named_params", "header_text_named_params"}
SHOWN_CHARACTERS = 200
_LOOKED_AT = 8 * 1024
# What a cut through a signature or a link's parameter leaves of it.
_CUT = 256

# Every pattern here is applied to foreign text, so each must be linear: a repetition is bounded, or ends at
# the first character that cannot begin another match.
_URL = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)
# Alibaba's, Amazon's and Azure's signed links, and our own header.
_NAMES = r"(?:Signature|OSSAccessKeyId|X-Amz-[A-Z-]{1,40}|sig|sign|token)"
_SIGNED = re.compile(rf"[?&]{_NAMES}=", re.IGNORECASE)
# The same where no URL can be made out: JSON and HTML write & and / in ways of their own.
_PARAMETER = re.compile(
    rf"((?:(?<![A-Z])|(?<=%3F)|(?<=\\[nrt])){_NAMES}(?:=|%3D))[^\s\"'<>\\&]+",
    re.IGNORECASE,
)
# Quotes and blanks around a JSON key, as they are and as encoders escape them, also more than once.
_QUOTES = r"(?:[\\\"'\s]|u0022|u0027|%22|%27|%20|%5C|&quot;|&#34;|&#39;)"
_SEPARATOR = r"(?:[:=]|%3A|%3D)"
_SIGN_HEADER = re.compile(
    rf"(sign(?:ature)?{_QUOTES}{{0,16}}{_SEPARATOR}{_QUOTES}{{0,16}})[0-9a-f]{{32,64}}", re.IGNORECASE
)
_KEY = re.compile(
    rf"({_NAMES}{_QUOTES}{{1,16}}{_SEPARATOR}{_QUOTES}{{1,16}})(?<=[\\\"'27;])[^\s\"'<>\\&%]+", re.IGNORECASE
)


def without_query(url: str) -> str:
    """Return ``url`` without user, password, query and fragment: a media link's secret part."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))
    except ValueError:
        return url.partition("?")[0].partition("#")[0]


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` with ``secrets``, signatures and the queries of signed links replaced."""
    for secret in secrets:
        if secret.isalnum():
            text = text.replace(secret, MASK)
        elif secret:
            text = _spellings(secret).sub(MASK, text)
    text = _URL.sub(lambda url: without_query(url[0]) if _SIGNED.search(url[0]) else url[0], text)
    text = _PARAMETER.sub(rf"\1{MASK}", text)
    text = _SIGN_HEADER.sub(rf"\1{MASK}", text)
    return _KEY.sub(rf"\1{MASK}", text)


@lru_cache(maxsize=128)
def _spellings(secret: str) -> re.Pattern[str]:
    """Return what finds ``secret`` as it is, and as JSON, URLs and HTML escape its punctuation."""
    return re.compile("".join(map(_spelling, secret)))


def _spelling(letter: str) -> str:
    plain, code = re.escape(letter), ord(letter)
    if letter.isalnum():
        return plain
    json, url = rf"\\{{0,8}}{plain}|\\{{1,8}}(?i:u{code:04x})", f"(?i:%{code:02x})"
    html = rf"&#0{{0,4}}{code};|(?i:&#x0{{0,4}}{code:x};)"
    named = {"&": "|&amp;", "<": "|&lt;", ">": "|&gt;", '"': "|&quot;"}.get(letter, "")
    return f"(?:{json}|{url}|{html}{named})"


def excerpt(text: str, secrets: Iterable[str] = (), shown: int = SHOWN_CHARACTERS) -> str:
    """
    Return the beginning of ``text`` for an error message: redacted, on one line, short.

    Only the first 8 KiB are looked at, so that a long text takes no time.
    """
    secrets = tuple(secrets)
    clean = redact(text[:_LOOKED_AT], secrets)
    if len(text) > _LOOKED_AT:
        # Half of a secret at the cut was not recognised: it is not shown either.
        clean = clean[: -max(_CUT, *(8 * len(secret) for secret in secrets))] if secrets else clean[:-_CUT]
    line = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in clean).split())
    return line if len(line) <= shown else line[: shown - 1] + "…"


def without_media_secrets(component: dict[str, Any]) -> dict[str, Any]:
    """
    Return a template's component with the links to its media cut back to what is not secret.

    Texts and buttons are the user's own, links in them included, and stay as they are.
    """
    return {key: _cut(key, item) for key, item in component.items()}


def _cut(key: str, value: Any) -> Any:
    if isinstance(value, dict) and key not in _OWN:
        return without_media_secrets(value)
    if isinstance(value, list) and key not in _OWN:
        return [_cut(key, item) for item in value]
    if isinstance(value, str) and key not in _OWN and _URL.match(value):
        return without_query(value) if key in _MEDIA or _SIGNED.search(value) else value
    return value


def signed_query(url: str) -> str | None:
    """Return the query of a signed link, the part of it that is secret; None of any other URL."""
    return url.partition("?")[2] if _SIGNED.search(url) else None
