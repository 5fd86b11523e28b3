"""The wait at the end of an operator: on the worker, or deferred to the triggerer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowSensorTimeout, conf

from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.api.status import Verdict
from airflow_provider_nxlink.api.waiting import Wait
from airflow_provider_nxlink.exceptions import (
    NxlinkTemplateFailedError,
    TaskDeferralTimeout,
    failing_without_retry,
)
from airflow_provider_nxlink.operators.base import NxlinkOperator
from airflow_provider_nxlink.triggers.events import Result, read_event
from airflow_provider_nxlink.triggers.template import NxlinkTemplateTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

# Meta reviews within 24 hours, and an appeal takes up to as long again.
DEFAULT_WAIT_TIMEOUT = timedelta(days=2)


class NxlinkWaitingOperator(NxlinkOperator):
    """
    Base of the operators that can wait for what they asked for.

    :param deferrable: wait without a worker.
    :param poll_interval: seconds between two looks.
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
        timeout: float | timedelta = DEFAULT_WAIT_TIMEOUT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deferrable = deferrable
        self.poll_interval = in_seconds("poll_interval", poll_interval)
        self.timeout = in_seconds("timeout", timeout)

    def wait_for(self, ref: TemplateRef) -> Template | None:
        """
        Wait until ``goal`` is reached, here or in the triggerer, and return the template as last seen.

        :raises NxlinkTemplateFailedError: it can't be reached any more.
        :raises AirflowSensorTimeout: it was not reached in ``timeout`` seconds.
        """
        begun = time.monotonic()
        while True:
            with failing_without_retry():
                outcome = self.goal.judge(ref, self.hook.look_up(ref), time.monotonic() - begun)
            self.log.info("%s", outcome.message)
            if outcome.verdict is Verdict.DONE:
                return outcome.template
            if outcome.verdict is Verdict.FAILED:
                raise NxlinkTemplateFailedError(outcome.message)
            if self.deferrable:
                self._defer(ref)
            left = self.timeout - (time.monotonic() - begun)
            if left <= 0:
                raise AirflowSensorTimeout(self.goal.overdue(ref, self.timeout))
            time.sleep(min(self.poll_interval, left))

    def ended(self, event: Any) -> Result:
        """Return how the deferred wait ended well; raise as :meth:`wait_for` does when it did not."""
        with failing_without_retry():
            (result,) = read_event(event)
        self.log.info("%s", result.message)
        if result.verdict is not Verdict.DONE:
            raise NxlinkTemplateFailedError(result.message)
        return result

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after the deferral; its timeout is the wait's own, and ends as it does on a worker."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout as error:
            raise AirflowSensorTimeout(
                f"the wait took longer than its timeout of {self.timeout:g} s"
            ) from error

    def _defer(self, ref: TemplateRef) -> None:
        self.defer(
            trigger=NxlinkTemplateTrigger(
                [ref.to_dict()],
                target_status=self.goal.target,
                started_at=time.time(),
                nxlink_conn_id=self.nxlink_conn_id,
                phone=self.phone,
                tenant_id=self.tenant_id,
                poll_interval=self.poll_interval,
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
