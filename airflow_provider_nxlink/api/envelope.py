"""From an HTTP answer to what the call asked for, or to the error that stands for it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from airflow_provider_nxlink.api.body import OversizedBody, UnreadableBody, read_json
from airflow_provider_nxlink.api.calls import Call
from airflow_provider_nxlink.api.dates import http_date
from airflow_provider_nxlink.api.errors import (
    KINDS,
    SERVER_FAULT,
    SUCCESS,
    NxlinkApiError,
    NxlinkError,
    NxlinkRateLimitError,
    NxlinkTransportError,
    error_for,
)
from airflow_provider_nxlink.api.redaction import excerpt

log = logging.getLogger(__name__)

T = TypeVar("T")

# A page of 1000 templates with their longest texts is below 10 MiB.
MAX_ANSWER_BYTES = 16 * 1024 * 1024
_LOOKED_AT = 32 * 1024
_MAX_CODE = 10**9
_WHOLE = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True)
class Answer:
    """
    An HTTP answer as both clients hand it over.

    :param status: the HTTP status.
    :param headers: the headers, looked up without regard to case.
    :param body: the body, decompressed and not yet decoded.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | bytearray


def read_answer(call: Call[T], answer: Answer, secrets: Iterable[str] = ()) -> T:
    """
    Return what ``call`` asked for.

    :param secrets: texts that no error may repeat, should the answer hold them.
    :raises NxlinkApiError: NXLink answered with a code other than 0, or with none.
    :raises NxlinkRateLimitError: HTTP 429.
    :raises NxlinkTransportError: what came is not an answer of NXLink's.
    """
    if answer.status == 429:
        raise NxlinkRateLimitError(
            f"{call.name}: HTTP 429, too many requests", retry_after(answer.headers.get("Retry-After"))
        )
    envelope = _json_object(call, answer)
    code = _code(envelope.get("code")) if envelope is not None else None
    if envelope is None or code is None:
        raise _unreadable(call, answer, envelope, secrets)
    if code != SUCCESS:
        refusal = _refusal(call, answer, envelope, code, secrets)
        if _is_nxlinks(envelope, code):
            refusal.from_envelope = True
        else:
            refusal.foreign = _kind(answer, envelope)
        raise refusal
    if not 200 <= answer.status < 300:
        raise _not_believed(call, answer, f"code 0 under HTTP {answer.status}", secrets, envelope)
    try:
        return call.read(envelope.get("data"))
    except (ValueError, RecursionError) as error:
        reason = f"data of an unexpected form ({type(error).__name__})"
    # Raised out here, as the error above quotes the answer and would come along as the context of this one;
    # the excerpt quotes it with the secrets taken out.
    raise _not_believed(call, answer, reason, secrets, envelope)


def _is_nxlinks(envelope: Mapping[str, Any], code: int) -> bool:
    """Tell NXLink's envelope from a gateway's JSON, such as ``{"code": 403, "message": "Forbidden"}``."""
    return code in KINDS or "traceId" in envelope


def _refusal(
    call: Call[Any], answer: Answer, envelope: Mapping[str, Any], code: int, secrets: Iterable[str]
) -> NxlinkError:
    message, trace_id = (excerpt(str(envelope.get(key) or ""), secrets) for key in ("message", "traceId"))
    error = error_for(code, message, trace_id or None, answer.status, call=call.name)
    if call.is_write and (code == SERVER_FAULT or (type(error) is NxlinkApiError and answer.status >= 500)):
        return _caused(NxlinkTransportError(f"{call.name}: {error}", outcome_unknown=True), error)
    return error


def _unreadable(
    call: Call[Any], answer: Answer, envelope: Mapping[str, Any] | None, secrets: Iterable[str]
) -> NxlinkError:
    if 300 <= answer.status < 400:
        reason = "a redirect, which is not followed; check the host"
        error = _not_believed(call, answer, reason, secrets, envelope)
        error.permanent, error.outcome_unknown = True, False
        return error
    if 400 <= answer.status < 500 or (envelope is not None and answer.status < 300 and not call.is_write):
        text = f"no code in the answer: {_excerpt_of(answer, secrets)}"
        trace_id = excerpt(str((envelope or {}).get("traceId") or ""), secrets)
        refusal = error_for(None, text, trace_id or None, answer.status, call=call.name)
        refusal.foreign = _kind(answer, envelope)
        return refusal
    reason = "an answer without a code" if envelope is not None else "no answer of NXLink's"
    return _not_believed(call, answer, reason, secrets, envelope)


def _not_believed(
    call: Call[Any],
    answer: Answer,
    reason: str,
    secrets: Iterable[str],
    envelope: Mapping[str, Any] | None,
) -> NxlinkTransportError:
    said, kind = f"{call.name}: HTTP {answer.status}, {reason}", _kind(answer, envelope)
    error = NxlinkTransportError(
        f"{said}: {_excerpt_of(answer, secrets) or '(empty)'}",
        outcome_unknown=call.is_write,
        brief=f"{said}: {kind}",
    )
    error.foreign = kind
    return error


def _excerpt_of(answer: Answer, secrets: Iterable[str]) -> str:
    # Somewhat more than is looked at, so that the cut is known to be one.
    return excerpt(answer.body[:_LOOKED_AT].decode(errors="replace"), secrets)


def _kind(answer: Answer, envelope: Mapping[str, Any] | None) -> str:
    """Return in words what a response is that is not to be believed, and nothing of what it says."""
    if envelope is not None:
        return "a JSON object"
    start = bytes(answer.body[:_LOOKED_AT]).lstrip().lower()
    if not start:
        return "empty"
    if start.startswith((b"<!doctype html", b"<html")) or b"<body" in start:
        return "an HTML page"
    if start.startswith(b"<"):
        return "XML"
    if start.startswith((b"{", b"[")):
        return "JSON that cannot be read"
    return "binary data" if b"\0" in start else "text"


def _caused(error: NxlinkTransportError, cause: NxlinkError) -> NxlinkTransportError:
    error.__cause__ = cause
    return error


def _json_object(call: Call[Any], answer: Answer) -> Mapping[str, Any] | None:
    try:
        value, changes = read_json(answer.body)
    except OversizedBody as error:
        fault = NxlinkTransportError(f"{call.name}: the answer holds {error}", outcome_unknown=call.is_write)
        fault.permanent = True
        raise fault from None
    except UnreadableBody:
        return None
    if changes:
        log.warning("%s: the response has values that cannot be stored: %s", call.name, changes)
    return value if isinstance(value, dict) else None


def _code(value: object) -> int | None:
    """Return the result code as an integer; None where it is missing, boolean or not a number."""
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if _WHOLE.fullmatch(text) else None
    elif isinstance(value, float) and value.is_integer() and abs(value) < _MAX_CODE:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds a ``Retry-After`` header asks for, given as a number or as a date, or None."""
    text = (value or "").strip()
    if text.isdecimal() and text.isascii() and len(text) < 10:
        return float(text)
    date = http_date(text)
    return None if date is None else max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
