"""What a trigger tells its task: made on one side, read on the other, in plain JSON."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_nxlink.api import errors
from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.api.status import Verdict
from airflow_provider_nxlink.api.waiting import Outcome

log = logging.getLogger(__name__)

# What msgpack, with which Airflow encodes events, has for integers, and how deep an event may be nested.
INTEGERS = range(-(2**63), 2**64)
MAX_DEPTH = 100
CONTAINERS = (Mapping, list, tuple)

VERDICTS = "verdicts"
PAUSE_OVER = "pause_over"
ERROR = "error"


@dataclass(frozen=True)
class Result:
    """How the wait for one template ended: which, how, in which words, and what it was last seen as."""

    ref: TemplateRef
    verdict: Verdict
    message: str
    template: dict[str, Any] | None

    @classmethod
    def of(cls, ref: TemplateRef, outcome: Outcome) -> Result:
        """Return the result that ``outcome`` is for ``ref``."""
        seen: Template | None = outcome.template
        return cls(ref, outcome.verdict, outcome.message, None if seen is None else seen.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "ref": self.ref.to_dict(),
            "verdict": self.verdict.value,
            "message": self.message,
            "template": self.template,
        }


def verdicts_event(results: Sequence[Result], carried: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the event that says how each wait ended, with what its task gave along."""
    event = {"kind": VERDICTS, "results": [result.to_dict() for result in results]}
    return event if carried is None else {**event, "carried": carried}


def error_event(error: Exception) -> dict[str, Any]:
    """Return the event that says why nobody can wait here: NXLink's own error, or the connection's."""
    details = {}
    if isinstance(error, errors.NxlinkApiError):
        details = {
            "code": error.code,
            "message": error.message,
            "trace_id": error.trace_id,
            "http_status": error.http_status,
            "call": error.call,
        }
    event = {"kind": ERROR, "text": valid_text(f"{type(error).__name__}: {error}"), "api_error": details}
    # What is in the text need not be there in a form that can't be sent.
    return event if problem_in(event) is None else {**event, "api_error": {}}


def pause_over_event(carried: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event that ends a pause, with what its task gave along."""
    return encodable({"kind": PAUSE_OVER, "carried": carried})


def read_pause_over(event: Any) -> dict[str, Any]:
    """
    Return what a task gave along for the time after its pause.

    :raises ValueError: for no event, or one of another kind.
    """
    _raise_for_error(event)
    if not isinstance(event, dict) or event.get("kind") != PAUSE_OVER:
        raise ValueError(f"the trigger sent an event nobody understands: {event!r:.200}")
    return carried_by(event)


def carried_by(event: Any) -> dict[str, Any]:
    """Return what a task gave along when it deferred."""
    carried = event.get("carried") if isinstance(event, dict) else None
    return carried if isinstance(carried, dict) else {}


def read_event(event: Any) -> list[Result]:
    """
    Return the results an event holds.

    :raises NxlinkApiError: NXLink's own error, when the trigger met one that stays.
    :raises NxlinkError: another error that stays.
    :raises ValueError: for no event, or one of an unknown kind: it must never pass for success.
    """
    _raise_for_error(event)
    kind = event.get("kind") if isinstance(event, dict) else None
    results = event.get("results") if kind == VERDICTS else None
    if not results or not isinstance(results, list):
        raise ValueError(f"the trigger sent an event nobody understands: {event!r:.200}")
    return [
        Result(TemplateRef(**item["ref"]), Verdict(item["verdict"]), item["message"], item["template"])
        for item in results
    ]


def _raise_for_error(event: Any) -> None:
    if not isinstance(event, dict) or event.get("kind") != ERROR:
        return
    if details := event.get("api_error"):
        raise errors.error_for(
            details["code"],
            details["message"],
            details["trace_id"],
            details["http_status"],
            call=details["call"],
        )
    failure = errors.NxlinkError(f"the trigger could not wait: {event.get('text')}")
    failure.permanent = True
    raise failure


def encodable(event: dict[str, Any]) -> dict[str, Any]:
    """
    Return ``event`` if Airflow can encode and store it; else log what is wrong and return an error event.

    An event that Airflow cannot encode ends the whole triggerer, and again after each restart.
    """
    problem = problem_in(event)
    if problem is None:
        return event
    log.error("A trigger's event cannot be sent: %s", problem)
    return {
        "kind": ERROR,
        "text": f"the result of the wait cannot be sent to its task: {problem}",
        "api_error": {},
    }


def problem_in(value: Any) -> str | None:
    """
    Return why Airflow can't encode or store ``value``, and where in it; None if it can.

    Encoded are texts that are valid UTF-8 (no half of a surrogate pair), integers within 64 bits, booleans,
    None, and lists and mappings of these. PostgreSQL stores no NUL character, no NaN and no infinity.
    """
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    while waiting:
        path, item, depth = waiting.pop()
        problem = _problem_in_part(item)
        if problem is None and isinstance(item, CONTAINERS):
            if depth >= MAX_DEPTH:
                problem = f"nested deeper than {MAX_DEPTH} levels"
            pairs = item.items() if isinstance(item, Mapping) else enumerate(item)
            waiting += [(f"{path}[{ascii(key)[:60]}]", part, depth + 1) for key, part in pairs]
        if problem is not None:
            return f"{path[:200] or 'the event'}: {problem}"
    return None


def _problem_in_part(value: Any) -> str | None:
    """Return what is wrong with ``value`` itself and, of a mapping, with its keys."""
    if isinstance(value, str):
        return _problem_in_text(value)
    if isinstance(value, int):
        return None if value in INTEGERS else "an integer beyond 64 bits"
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{value} is not a finite number"
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str) or _problem_in_text(key)]
        return f"the key {ascii(wrong[0])[:60]} is no valid text" if wrong else None
    return (
        None if value is None or isinstance(value, CONTAINERS) else f"{type(value).__name__} is no JSON type"
    )


def _problem_in_text(text: str) -> str | None:
    if "\0" in text:
        return "a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half of a surrogate pair"
    return None


def valid(value: Any) -> Any:
    """
    Return ``value`` as Airflow can encode and store it.

    Text is cleaned as by :func:`valid_text`, integers beyond 64 bits and foreign types become text. Numbers
    that are not finite or have thousands of digits become None, and so does what is nested deeper than
    ``MAX_DEPTH``.
    """
    return _valid(value, MAX_DEPTH)


def _valid(value: Any, depth: int) -> Any:
    if isinstance(value, CONTAINERS):
        if depth <= 0:
            return None
        if isinstance(value, Mapping):
            return {valid_text(key): _valid(part, depth - 1) for key, part in value.items()}
        return [_valid(part, depth - 1) for part in value]
    if _problem_in_part(value) is None:
        return value
    # Python refuses to write down integers of more than 4300 digits.
    unwritable = isinstance(value, float) or (isinstance(value, int) and value.bit_length() > 10_000)
    return None if unwritable else valid_text(value)


def valid_text(value: object) -> str:
    """Return ``value`` as valid UTF-8 text: ``�`` stands for half of a surrogate pair and for NUL."""
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\ufffd")
