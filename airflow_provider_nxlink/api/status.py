"""What a template's status means to somebody who waits for it: the one place that decides."""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum, StrEnum
from typing import Literal

OnPaused = Literal["fail", "wait"]


class TemplateStatus(IntEnum):
    """A template's status, with NXLink's numbers (its page "Get Template Message List")."""

    REJECTED = 0
    PENDING = 1
    IN_USE = 2
    APPEALED = 3
    UNAVAILABLE = 6
    PENDING_DELETION = 9
    PAUSED = 11
    EXCEEDED_LIMIT = 12
    DELETED = 14

    @classmethod
    def name_of(cls, status: int | None) -> str:
        """Return the name of ``status``; ``UNKNOWN`` with the number for one that is not documented."""
        if status is None:
            return "UNKNOWN"
        try:
            return cls(status).name
        except ValueError:
            return f"UNKNOWN_{status}"


class Verdict(StrEnum):
    """What a status says to somebody who waits."""

    DONE = "done"
    WAIT = "wait"
    FAILED = "failed"


# From these no template comes to be in use without somebody doing something about it first.
FAILED_STATUSES: frozenset[int] = frozenset(
    {
        TemplateStatus.REJECTED,
        TemplateStatus.UNAVAILABLE,
        TemplateStatus.PENDING_DELETION,
        TemplateStatus.PAUSED,
        TemplateStatus.EXCEEDED_LIMIT,
        TemplateStatus.DELETED,
    }
)


def default_failed_statuses(target: int = TemplateStatus.IN_USE) -> frozenset[int]:
    """Return the statuses that end a wait for ``target`` in failure: none where "deleted" is waited for."""
    return frozenset() if target == TemplateStatus.DELETED else FAILED_STATUSES - {target}


def classify(
    status: int | None,
    target: int = TemplateStatus.IN_USE,
    failed: Collection[int] | None = None,
    *,
    on_paused: OnPaused = "fail",
) -> Verdict:
    """
    Say whether a wait for ``target`` is over.

    >>> classify(2)
    <Verdict.DONE: 'done'>
    >>> classify(11, on_paused="wait")
    <Verdict.WAIT: 'wait'>

    :param status: the template's status; None or a number that is not documented means wait, never success.
    :param target: the status waited for.
    :param failed: statuses that end the wait in failure; None for ``default_failed_statuses(target)``.
    :param on_paused: what "paused" (11) is while something else is waited for. ``"fail"``: as ``failed``
        says. ``"wait"``: a reason to wait on, because Meta lifts a pause by itself after 3 h, then 6 h.
    """
    if status is None:
        return Verdict.WAIT
    if status == target:
        return Verdict.DONE
    if status == TemplateStatus.PAUSED and on_paused == "wait":
        return Verdict.WAIT
    if status in (default_failed_statuses(target) if failed is None else failed):
        return Verdict.FAILED
    return Verdict.WAIT
