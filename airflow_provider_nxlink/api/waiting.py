"""What a wait is for, and what it makes of a template each time it looks: one judge for every mode."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_nxlink.api.status import (
    OnPaused,
    TemplateStatus,
    Verdict,
    classify,
    default_failed_statuses,
)

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.models import Template, TemplateRef

DEFAULT_NOT_FOUND_TIMEOUT = 300.0
# Fewer consecutive failures than this never end a wait, however long the pauses between them are.
MIN_FAILURES = 3

# What to do about a status that ends a wait.
_NEXT_STEP: dict[int, str] = {
    TemplateStatus.REJECTED: "Change what the reason names and update the template, or create another",
    TemplateStatus.UNAVAILABLE: "NXLink's console says why it is unavailable",
    TemplateStatus.PENDING_DELETION: "Somebody asked for its deletion: create it under another name",
    TemplateStatus.PAUSED: 'Meta lifts a pause after 3 h, then 6 h: on_paused="wait" waits for that',
    TemplateStatus.EXCEEDED_LIMIT: "The account has as many templates as it may: delete some",
    TemplateStatus.DELETED: "Create it anew; Meta locks the name of an approved one for 30 days",
}


@dataclass(frozen=True)
class Outcome:
    """
    What one look says.

    :param verdict: whether the wait is over.
    :param message: the same in words, for the log and for the error.
    :param template: the template that was seen; None when there was none.
    """

    verdict: Verdict
    message: str
    template: Template | None


@dataclass(frozen=True)
class Wait:
    """
    What is waited for.

    :param target: the status that ends the wait well; ``DELETED`` also means gone from the list.
    :param failed: the statuses that end it in failure.
    :param on_paused: ``"fail"`` or ``"wait"``, see :func:`~airflow_provider_nxlink.api.status.classify`.
    :param not_found_timeout: seconds after which a template that is not in the list counts as missing;
        one just created takes a moment to appear.
    """

    target: int = TemplateStatus.IN_USE
    failed: frozenset[int] = default_failed_statuses()
    on_paused: OnPaused = "fail"
    not_found_timeout: float = DEFAULT_NOT_FOUND_TIMEOUT

    @cached_property
    def waiting(self) -> frozenset[int]:
        """The statuses at which it goes on waiting, of those that are documented."""
        return frozenset(status for status in TemplateStatus if self._classify(status) is Verdict.WAIT)

    @classmethod
    def checked(
        cls,
        target: int = TemplateStatus.IN_USE,
        failed: Iterable[int] | None = None,
        on_paused: OnPaused = "fail",
        not_found_timeout: float = DEFAULT_NOT_FOUND_TIMEOUT,
    ) -> Wait:
        """
        Return the wait these arguments describe; ``failed=None`` takes the usual statuses for the target.

        :raises ValueError: naming each argument that is wrong.
        """
        problems = []
        known = target in list(TemplateStatus)
        if not known:
            problems.append(f"target_status: {target!r} is none of {_named(TemplateStatus)}")
        try:
            statuses = frozenset(
                failed if failed is not None else default_failed_statuses(target) if known else ()
            )
        except TypeError:
            problems.append(f"failed_statuses: {failed!r} is no list of statuses")
            statuses = frozenset()
        if unknown := sorted(statuses - set(TemplateStatus), key=repr):
            problems.append(f"failed_statuses: {unknown} are none of {_named(TemplateStatus)}")
        if known and target in statuses:
            problems.append(
                f"failed_statuses: holds the target {TemplateStatus.name_of(target)}, so the wait could not "
                "end well; take it out"
            )
        if on_paused not in ("fail", "wait"):
            problems.append(f"on_paused: {on_paused!r} is neither 'fail' nor 'wait'")
        if not isinstance(not_found_timeout, (int, float)) or not not_found_timeout >= 0:
            problems.append(f"not_found_timeout: {not_found_timeout!r} is not a number of seconds, 0 or more")
        if problems:
            raise ValueError("; ".join(problems))
        # Plain integers: they travel to the triggerer as JSON.
        return cls(int(target), frozenset(int(status) for status in statuses), on_paused, not_found_timeout)

    def judge(self, ref: TemplateRef, template: Template | None, waited: float) -> Outcome:
        """
        Say whether the wait for ``ref`` is over.

        :param template: what the list has now; None when nothing.
        :param waited: seconds since the wait began.
        """
        if template is None:
            return self._judge_absent(ref, waited)
        verdict = self._classify(template.status)
        state = f"{ref} is {_words(template)}"
        if verdict is Verdict.DONE:
            return Outcome(verdict, state, template)
        if verdict is Verdict.WAIT:
            unknown = "" if template.status in list(TemplateStatus) else ", a status nobody documents"
            return Outcome(verdict, f"{state}{unknown}; waiting for {_word(self.target)}", template)
        reason = f": {template.rejected_reason}" if template.rejected_reason else ""
        step = _NEXT_STEP.get(template.status or 0)
        return Outcome(verdict, f"{state}{reason}{f'. {step}' if step else ''}", template)

    def overdue(self, ref: TemplateRef, timeout: float) -> str:
        """Say in words that the wait for ``ref`` took longer than ``timeout`` seconds."""
        return f"{ref} is not {_word(self.target)} {timeout:g} s after the wait began"

    def _classify(self, status: int | None) -> Verdict:
        return classify(status, self.target, self.failed, on_paused=self.on_paused)

    def _judge_absent(self, ref: TemplateRef, waited: float) -> Outcome:
        if self.target == TemplateStatus.DELETED:
            return Outcome(Verdict.DONE, f"{ref} is gone", None)
        if waited < self.not_found_timeout:
            return Outcome(Verdict.WAIT, f"{ref} is not in the list yet", None)
        return Outcome(
            Verdict.FAILED,
            f"{ref} is not in the list {self.not_found_timeout:g} s after the wait began. Check its name, "
            "language and sender; not_found_timeout gives it longer",
            None,
        )


@dataclass
class Grace:
    """
    Consecutive failures of one wait, and whether they have lasted long enough to end it.

    >>> grace = Grace()
    >>> [grace.is_over(90, now) for now in (0, 60, 100)]
    [False, False, True]

    :param failures: how many polls have failed in a row.
    :param since: when the first of them failed; None while there is none.
    """

    failures: int = 0
    since: float | None = None

    def is_over(self, seconds: float, now: float) -> bool:
        """
        Count a failure, and say whether it ends the wait.

        :param seconds: how long failures may last.
        :param now: the time, in seconds on a clock that is the same in each call.
        """
        self.since = now if self.since is None else self.since
        self.failures += 1
        return self.failures >= MIN_FAILURES and now - self.since >= seconds


def _word(status: int | None) -> str:
    return TemplateStatus.name_of(status).lower().replace("_", " ")


def _words(template: Template) -> str:
    return f"{_word(template.status)} ({'no status' if template.status is None else template.status})"


def _named(statuses: Iterable[TemplateStatus]) -> str:
    return ", ".join(f"{status.value} {status.name}" for status in statuses)
