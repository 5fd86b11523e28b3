"""Wait for templates in the triggerer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from airflow.triggers.base import TriggerEvent

from airflow_provider_nxlink.api.models import TemplateRef
from airflow_provider_nxlink.api.status import OnPaused, TemplateStatus, Verdict, default_failed_statuses
from airflow_provider_nxlink.api.waiting import DEFAULT_NOT_FOUND_TIMEOUT, Grace, Wait
from airflow_provider_nxlink.hooks.waiting import Reaction, auth_grace, reaction_to
from airflow_provider_nxlink.triggers.changes import NxlinkTemplateChangeTrigger
from airflow_provider_nxlink.triggers.events import (
    Result,
    encodable,
    error_event,
    valid_text,
    verdicts_event,
)
from airflow_provider_nxlink.triggers.polling import PollingTrigger
from airflow_provider_nxlink.triggers.reader import Snapshot, Wanted

__all__ = ["NxlinkTemplateChangeTrigger", "NxlinkTemplateTrigger"]


class NxlinkTemplateTrigger(PollingTrigger):
    """
    Fire once, when the wait for one template or many is over.

    It only reads, and may run twice at once or again after a restart.

    :param templates: which ones: mappings with ``id``, or with ``name`` and ``language``, or all three.
    :param target_status: the status waited for.
    :param failed_statuses: the statuses that end a wait in failure; None for the usual ones.
    :param on_paused: ``"fail"`` or ``"wait"``.
    :param not_found_timeout: seconds after which a template that is not in the list counts as missing.
    :param started_at: when the wait began, in seconds since the epoch; None for now.
    :param fail_fast: end as soon as the first template failed, rather than when all are done.
    :param carried: plain JSON that the task gets back with the event, as it is.
    """

    supports_triggerer_queue = True
    # While polls fail.
    _grace: Grace | None = None

    def __init__(
        self,
        templates: Sequence[Mapping[str, Any]],
        *,
        target_status: int = TemplateStatus.IN_USE,
        failed_statuses: Sequence[int] | None = None,
        on_paused: OnPaused = "fail",
        not_found_timeout: float = DEFAULT_NOT_FOUND_TIMEOUT,
        started_at: float | None = None,
        fail_fast: bool = False,
        carried: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.target_status = target_status
        self.failed_statuses = failed_statuses
        self.on_paused = on_paused
        self.not_found_timeout = not_found_timeout
        self.started_at = started_at
        self.fail_fast = fail_fast
        self.carried = carried
        self._given = templates
        self._waits: tuple[_Waiting, ...] | None = None

    @property
    def templates(self) -> Sequence[Mapping[str, Any]]:
        """Which templates are waited for, as plain JSON."""
        return self._given if self._waits is None else [each.ref.to_dict() for each in self._waits]

    def _arguments(self) -> dict[str, Any]:
        names = (
            "templates",
            "target_status",
            "failed_statuses",
            "on_paused",
            "not_found_timeout",
            "started_at",
            "fail_fast",
            "carried",
        )
        return super()._arguments() | {name: getattr(self, name) for name in names}

    def wanted(self) -> Wanted:
        """Return the templates whose wait is not over."""
        left = frozenset(each.ref for each in self._each() if each.result is None)
        return Wanted(left, self._wait().waiting)

    async def events(self, stream: AsyncIterator[Snapshot]) -> AsyncIterator[TriggerEvent]:
        """Return one event: how each wait ended, or why nobody can wait here."""
        # From the wall at first, then by a clock that does not jump.
        waited = 0.0 if self.started_at is None else max(0.0, time.time() - self.started_at)
        began = time.monotonic() - waited
        self.listen()
        try:
            async for snapshot in stream:
                if (error := self.judge_error(snapshot)) is not None:
                    if self._ends(error):
                        yield TriggerEvent(error_event(error))
                        return
                    continue
                if self._grace is not None:
                    self._grace = None
                self._judge(snapshot, time.monotonic() - began)
                if self._is_over():
                    results = [each.result for each in self._each() if each.result is not None]
                    yield TriggerEvent(encodable(verdicts_event(results, self.carried)))
                    return
        except Exception as error:  # noqa: BLE001 - its text may be what the triggerer cannot encode
            self.logger().exception("The wait failed unexpectedly")
            yield TriggerEvent(error_event(error))
        finally:
            self.leave()

    def _ends(self, error: Exception) -> bool:
        """Say whether ``error`` ends this wait; log it where the wait goes on."""
        # A task looks before it defers, and tells the trigger since when it has waited.
        looked = (self.account, self.started_at, self._began_on) != (None, None, None)
        if not looked or reaction_to(error) is Reaction.END:
            return True
        seconds = auth_grace()
        if self._grace is None:
            self._grace = Grace()
            self.logger().warning(
                "Polling failed, will retry for %g min: %s", seconds / 60, valid_text(error)
            )
        return self._grace.is_over(seconds, time.monotonic())

    def _judge(self, snapshot: Snapshot, waited: float) -> None:
        wait = self._wait()
        for each in self._each():
            if each.result is not None or not snapshot.covers(each.ref, wait.waiting):
                continue
            outcome = wait.judge(each.ref, snapshot.found.get(each.ref), waited)
            if (said := hash(outcome.message)) != each.said:
                each.said = said
                # A logger of the class, not one for each of thousands.
                self.logger().info("%s", valid_text(outcome.message))
            if outcome.verdict is not Verdict.WAIT:
                each.result = Result.of(each.ref, outcome)

    def _is_over(self) -> bool:
        results = [each.result for each in self._each()]
        if self.fail_fast and any(result and result.verdict is Verdict.FAILED for result in results):
            return True
        return None not in results

    def _each(self) -> tuple[_Waiting, ...]:
        # Whoever made this trigger has checked the arguments; a trigger must not raise before it runs.
        if self._waits is None:
            self._waits = tuple(map(_Waiting, dict.fromkeys(TemplateRef(**given) for given in self._given)))
            # There may be thousands of these triggers, and the mappings are as much again.
            self._given = ()
        return self._waits

    def _wait(self) -> Wait:
        failed = None if self.failed_statuses is None else tuple(self.failed_statuses)
        return _same_wait(self.target_status, failed, self.on_paused, self.not_found_timeout)


@lru_cache(maxsize=128)
def _same_wait(
    target: int, failed: tuple[int, ...] | None, on_paused: OnPaused, not_found_timeout: float
) -> Wait:
    statuses = default_failed_statuses(target) if failed is None else frozenset(failed)
    return Wait(target, statuses, on_paused, not_found_timeout)


@dataclass(slots=True)
class _Waiting:
    """One wait: for which template, what was last said of it, as a hash, and how it ended."""

    ref: TemplateRef
    said: int | None = None
    result: Result | None = None
