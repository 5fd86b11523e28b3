"""What must not be seen, taken out of text before it reaches a log, an exception or an XCom."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

MASK = "***"

# Of a template's components: where links to media stand, and where the user's own text does.
_MEDIA = {"url", "header_handle"}
_OWN = {"text", "buttons", "body_text", "header_text", "body_text_named_params", "header_text_named_params"}
SHOWN_CHARACTERS = 200
_LOOKED_AT = 2**20

_URL = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)
# Alibaba's, Amazon's and Azure's signed links, and our own header.
_SIGNED = re.compile(r"[?&](?:Signature|OSSAccessKeyId|X-Amz-[A-Za-z-]+|sig|sign|token)=", re.IGNORECASE)
# The same where no URL can be made out: JSON and HTML write & and / in ways of their own.
_PARAMETER = re.compile(
    r"((?:(?<![A-Z])|(?<=%3F))(?:Signature|OSSAccessKeyId|X-Amz-[A-Z-]+|sig|sign|token)(?:=|%3D))[^\s\"'<>\\&]+",
    re.IGNORECASE,
)
_SIGN_HEADER = re.compile(r"(?i)(\bsign\b[\"']?\s*[:=]\s*[\"']?)[0-9a-f]{32,64}")


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
        if secret:
            text = text.replace(secret, MASK)
    text = _URL.sub(lambda url: without_query(url[0]) if _SIGNED.search(url[0]) else url[0], text)
    text = _PARAMETER.sub(rf"\1{MASK}", text)
    return _SIGN_HEADER.sub(rf"\1{MASK}", text)


def excerpt(text: str, secrets: Iterable[str] = (), shown: int = SHOWN_CHARACTERS) -> str:
    """Return the beginning of ``text`` for an error message: redacted, on one line, short."""
    # Redact first: a cut through the middle of a secret would leave half of it standing.
    # What is shown stands far before the end of what is looked at, and no answer takes long to look at.
    clean = redact(text[:_LOOKED_AT], secrets)[: 50 * shown]
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
