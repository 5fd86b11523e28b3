"""The wait at the end of an operator: on the worker, or deferred to the triggerer."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, conf

from airflow_provider_nxlink import triggers
from airflow_provider_nxlink.api.status import Verdict
from airflow_provider_nxlink.api.waiting import Outcome, Wait
from airflow_provider_nxlink.exceptions import (
    NxlinkTemplateFailedError,
    TaskDeferralTimeout,
    deferral_timed_out,
    failing_without_retry,
)
from airflow_provider_nxlink.hooks.waiting import PollFailedError, WorkerPoll
from airflow_provider_nxlink.operators.base import NxlinkOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_nxlink.api.models import Template, TemplateRef
    from airflow_provider_nxlink.triggers.events import Result

# Meta reviews within 24 hours, and an appeal takes up to as long again.
DEFAULT_WAIT_TIMEOUT = timedelta(days=2)


class NxlinkWaitingOperator(NxlinkOperator):
    """
    Base of the operators that can wait for what they asked for.

    :param deferrable: wait without a worker.
    :param poll_interval: seconds between two looks.
    :param max_poll_interval: seconds the pause between two looks of a deferred wait may grow to while nothing
        changes; None for no growth.
    :param timeout: seconds the wait may last, or a timedelta; it is apart from ``execution_timeout``, which
        does not count while deferred.
    """

    goal: ClassVar[Wait] = Wait()
    template_fields: Sequence[str] = ("template", *NxlinkOperator.template_fields)

    def __init__(
        self,
        *,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | timedelta = 60,
        max_poll_interval: float | timedelta | None = None,
        timeout: float | timedelta = DEFAULT_WAIT_TIMEOUT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deferrable = deferrable
        self.poll_interval = in_seconds("poll_interval", poll_interval)
        self.max_poll_interval = (
            None if max_poll_interval is None else in_seconds("max_poll_interval", max_poll_interval)
        )
        self.timeout = in_seconds("timeout", timeout)

    def wait_for(self, ref: TemplateRef, carried: Mapping[str, Any] | None = None) -> Template | None:
        """
        Wait until ``goal`` is reached, here or in the triggerer, and return the template as last seen.

        :param carried: plain JSON that comes back with the event, when it is waited for in the triggerer.
        :raises NxlinkTemplateFailedError: it can't be reached any more.
        :raises AirflowSensorTimeout: it was not reached in ``timeout`` seconds.
        """
        (outcome,) = self.wait_for_all([ref], carried=carried).values()
        if outcome.verdict is Verdict.FAILED:
            raise NxlinkTemplateFailedError(outcome.message)
        return outcome.template

    def wait_for_all(
        self,
        refs: Collection[TemplateRef],
        *,
        fail_fast: bool = False,
        carried: Mapping[str, Any] | None = None,
    ) -> dict[TemplateRef, Outcome]:
        """
        Wait until each of several templates has reached ``goal`` or can't reach it, here or in the triggerer.

        :param fail_fast: end as soon as the first can't.
        :param carried: as for :meth:`wait_for`.
        :raises AirflowSensorTimeout: not all were decided in ``timeout`` seconds.
        """
        begun = time.monotonic()
        over: dict[TemplateRef, Outcome] = {}
        said: dict[TemplateRef, str] = {}
        polls = WorkerPoll(self.hook, self.log)
        while True:
            waiting = [ref for ref in refs if ref not in over]
            found: dict[TemplateRef, Template | None] = {}
            with failing_without_retry(), suppress(PollFailedError):
                found = polls.poll(lambda: self._look(waiting))  # noqa: B023 - called at once
            for ref in found:
                outcome = self.goal.judge(ref, found[ref], time.monotonic() - begun)
                if len(refs) == 1 or outcome.message != said.get(ref):
                    said[ref] = outcome.message
                    self.log.info("%s", outcome.message)
                if outcome.verdict is not Verdict.WAIT:
                    over[ref] = outcome
            failed = any(outcome.verdict is Verdict.FAILED for outcome in over.values())
            waiting = [ref for ref in refs if ref not in over]
            if not waiting or (fail_fast and failed):
                return over
            if self.deferrable:
                self._defer(refs, fail_fast=fail_fast, carried=carried, account=polls.account)
            left = self.timeout - (time.monotonic() - begun)
            if left <= 0:
                overdue = [self.goal.overdue(ref, self.timeout) for ref in waiting]
                raise AirflowSensorTimeout("; ".join(overdue))
            time.sleep(min(self.poll_interval, left))

    def ended(self, event: Any) -> Result:
        """Return how the deferred wait ended well; raise as :meth:`wait_for` does when it did not."""
        with failing_without_retry():
            (result,) = triggers.events.read_event(event)
        self.log.info("%s", result.message)
        if result.verdict is not Verdict.DONE:
            raise NxlinkTemplateFailedError(result.message)
        return result

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after the deferral; its timeout is the wait's own, and ends as it does on a worker."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout as error:
            if not deferral_timed_out(error):
                raise
            raise AirflowSensorTimeout(
                f"the wait took longer than its timeout of {self.timeout:g} s"
            ) from error

    def _look(self, refs: Collection[TemplateRef]) -> dict[TemplateRef, Template | None]:
        if len(refs) == 1:
            return {ref: self.hook.look_up(ref) for ref in refs}
        listed = list(self.hook.list_templates())
        return {ref: ref.find_in(listed) for ref in refs}

    def _defer(
        self,
        refs: Collection[TemplateRef],
        *,
        fail_fast: bool,
        carried: Mapping[str, Any] | None,
        account: str | None,
    ) -> None:
        if (problem := triggers.events.problem_in(carried)) is not None:
            raise AirflowFailException(f"the wait cannot be deferred: carried{problem}")
        self.defer(
            trigger=triggers.template.NxlinkTemplateTrigger(
                [ref.to_dict() for ref in refs],
                target_status=self.goal.target,
                started_at=time.time(),
                fail_fast=fail_fast,
                carried=carried,
                nxlink_conn_id=self.nxlink_conn_id,
                phone=self.phone,
                tenant_id=self.tenant_id,
                poll_interval=self.poll_interval,
                max_poll_interval=self.max_poll_interval,
                account=account,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )


def in_seconds(name: str, value: float | timedelta) -> float:
    """
    Return a duration above 0 in seconds.

    :raises ValueError: naming the argument.
    """
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not number > 0:
        raise ValueError(f"{name}: {value!r} is not a duration above 0; give seconds or a timedelta")
    return float(number)
