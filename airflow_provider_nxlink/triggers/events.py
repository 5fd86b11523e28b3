"""What a trigger tells its task: made on one side, read on the other, in plain JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_nxlink.api import errors
from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.api.status import Verdict
from airflow_provider_nxlink.api.waiting import Outcome

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
    return {"kind": ERROR, "text": f"{type(error).__name__}: {error}", "api_error": details}


def pause_over_event(carried: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event that ends a pause, with what its task gave along."""
    return {"kind": PAUSE_OVER, "carried": carried}


def read_pause_over(event: Any) -> dict[str, Any]:
    """
    Return what a task gave along for the time after its pause.

    :raises ValueError: for no event, or one of another kind.
    """
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
    kind = event.get("kind") if isinstance(event, dict) else None
    if kind == ERROR:
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
    results = event.get("results") if kind == VERDICTS else None
    if not results or not isinstance(results, list):
        raise ValueError(f"the trigger sent an event nobody understands: {event!r:.200}")
    return [
        Result(TemplateRef(**item["ref"]), Verdict(item["verdict"]), item["message"], item["template"])
        for item in results
    ]
