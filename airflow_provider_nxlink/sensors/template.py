"""Wait until a message template has the status a DAG needs."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_nxlink import api, triggers
from airflow_provider_nxlink.api.status import OnPaused, TemplateStatus, Verdict
from airflow_provider_nxlink.api.waiting import DEFAULT_NOT_FOUND_TIMEOUT, Wait
from airflow_provider_nxlink.exceptions import (
    NxlinkTemplateFailedError,
    TaskDeferralTimeout,
    deferral_timed_out,
)
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.hooks.waiting import PollFailedError, WorkerPoll
from airflow_provider_nxlink.links import ConsoleLink
from airflow_provider_nxlink.operators.waiting import in_seconds
from airflow_provider_nxlink.rendering import RefArgument

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_nxlink.api.models import TemplateRef
    from airflow_provider_nxlink.specs.model import TemplateSpec


# Under which a rescheduled wait keeps its account, and since when its polls fail (Airflow 3.3+).
STATE_KEY = "nxlink_wait"


class NxlinkTemplateSensor(RefArgument, ConsoleLink, BaseSensorOperator):
    """
    Wait until a template is in use, and fail as soon as it can't come to be.

    .. code-block:: python

        create = NxlinkCreateTemplateOperator(task_id="create", template="order_shipped.yaml")
        approved = NxlinkTemplateSensor(task_id="approved", template=create.output, deferrable=True)
        approved >> send_campaign()

    Returns the template as plain JSON. Poke, reschedule and deferrable mode end alike:
    :class:`~airflow_provider_nxlink.exceptions.NxlinkTemplateFailedError` with NXLink's reason for a verdict
    other than "in use", ``AirflowSensorTimeout`` after ``timeout``; both are skips under ``soft_fail``. What
    the API refuses is raised as it is, so that ``soft_fail`` never makes a skip of bad credentials.

    :param template: an id, a mapping with ``id`` or with ``name`` and ``language`` (such as what another
        operator returned), a ``TemplateSpec``, or the name of a spec file.
    :param target_status: the status waited for; ``TemplateStatus.DELETED`` also means gone from the list.
    :param failed_statuses: statuses that end the wait in failure; None for those from which no template
        comes to be in use by itself: rejected, unavailable, pending deletion, paused, exceeded limit and
        deleted.
    :param on_paused: ``"fail"``, or ``"wait"`` for Meta to lift the pause, after 3 h and then 6 h.
    :param not_found_timeout: seconds for which a template may be missing from the list, as one just created
        takes a moment to appear.
    :param deferrable: wait in the triggerer, where all waits share one poll, rather than on a worker. With
        ``exponential_backoff`` the poll's pauses grow up to ``max_wait`` while nothing changes.
    :param nxlink_conn_id: the connection, of type ``nxlink``.
    :param phone: the WhatsApp sender, instead of the connection's.
    :param tenant_id: NXLink's tenant, instead of the connection's.
    """

    template_fields: Sequence[str] = ("template", "nxlink_conn_id", "phone", "tenant_id")
    ui_color = "#d9f2e3"

    def __init__(
        self,
        *,
        template: int | str | Mapping[str, Any] | TemplateSpec,
        target_status: int = TemplateStatus.IN_USE,
        failed_statuses: Collection[int] | None = None,
        on_paused: OnPaused = "fail",
        not_found_timeout: float = DEFAULT_NOT_FOUND_TIMEOUT,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        nxlink_conn_id: str = NxlinkHook.default_conn_name,
        phone: str | None = None,
        tenant_id: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.template = template
        self.target_status = target_status
        self.failed_statuses = failed_statuses
        self.on_paused = on_paused
        self.not_found_timeout = not_found_timeout
        self.deferrable = deferrable
        self.nxlink_conn_id = nxlink_conn_id
        self.phone = phone
        self.tenant_id = tenant_id
        self._begun: float | None = None
        self._known: TemplateRef | None = None
        self._polls: WorkerPoll | None = None
        self._continuing = False
        self._last_kept: dict[str, Any] | None = None
        in_seconds("poke_interval", self.poke_interval)
        self._goal()
        self.check_literal()

    @cached_property
    def hook(self) -> NxlinkHook:
        """The hook for this sensor's connection, sender and tenant."""
        return NxlinkHook(self.nxlink_conn_id, phone=self.phone, tenant_id=self.tenant_id)

    def check_literal(self) -> None:
        """Judge what is known of ``template`` when the DAG is parsed."""
        super().check_literal()
        if self.never_reviewed() and self.target_status != TemplateStatus.DELETED:
            raise ValueError(
                f"template of task {self.task_id!r}: syn_meta: false keeps it away from Meta, so that no "
                "verdict ever comes"
            )

    def execute(self, context: Context) -> Any:
        """Look once, and then wait on the worker or in the triggerer."""
        # Again, now that it is rendered.
        self.check_literal()
        self._continuing = self._continues(context)
        if not self._continuing:
            self._polls = None
        try:
            if not self.deferrable:
                return super().execute(context)
            looked = self.poke(context)
            if isinstance(looked, PokeReturnValue):
                return looked.xcom_value
        except AirflowSensorTimeout as error:
            raise AirflowSensorTimeout(self._overdue(context)) from error
        except AirflowFailException as error:
            # In poke mode the base class has done so already.
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(error)) from error
            raise
        self._defer(context)
        return None

    def poke(self, context: Context) -> PokeReturnValue | bool:
        """Look at the template; return it when it has the status waited for, False to go on."""
        ref = self.ref(context)
        polls = self._worker_poll(context)
        try:
            template = polls.poll(lambda: self.hook.look_up(ref))
        except PollFailedError:
            self._keep(context, polls)
            return False
        self._keep(context, polls)
        outcome = self._goal().judge(ref, template, self._waited(context))
        self.log.info("%s", outcome.message)
        if template is not None and ref.name is None:
            # The list can be asked by name only.
            self._known = api.models.TemplateRef(ref.id, template.name, template.language)
        if outcome.verdict is Verdict.FAILED:
            raise NxlinkTemplateFailedError(outcome.message)
        if outcome.verdict is Verdict.WAIT:
            return False
        return PokeReturnValue(True, outcome.template.to_dict() if outcome.template else None)

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any] | None:
        """Return the template that the trigger saw, or raise what :meth:`poke` would have raised."""
        (result,) = triggers.events.read_event(event)
        self.log.info("%s", result.message)
        if result.verdict is not Verdict.DONE:
            raise NxlinkTemplateFailedError(result.message)
        return result.template

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after the deferral; its timeout ends as the timeout on a worker does."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except (AirflowSensorTimeout, TaskDeferralTimeout) as error:
            if not isinstance(error, AirflowSensorTimeout) and not deferral_timed_out(error):
                raise
            message = self._overdue(context)
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(message) from error
            raise AirflowSensorTimeout(message) from error

    def _continues(self, context: Context) -> bool:
        """Say whether this execution goes on with a wait that was rescheduled."""
        return bool(self.reschedule) and _first_reschedule(self, context) is not None

    def _worker_poll(self, context: Context) -> WorkerPoll:
        if self._polls is None:
            # Where Airflow keeps nothing for a task, a rescheduled wait takes the account it finds.
            state = self._kept(context) if self._continuing else None
            clock = time.time if self.reschedule else time.monotonic
            self._polls = WorkerPoll(self.hook, self.log, state, clock)
        return self._polls

    def _keep(self, context: Context, polls: WorkerPoll) -> None:
        """Keep what the next poke of a rescheduled wait needs, where Airflow keeps something for a task."""
        store: Any = context.get("task_state_store") if self.reschedule else None
        if store is None or polls.state == self._last_kept:
            return
        try:
            store.set(STATE_KEY, polls.state)
        except Exception:
            self.log.warning("The state of the wait could not be kept for its next poke", exc_info=True)
        else:
            self._last_kept = polls.state

    def _kept(self, context: Context) -> dict[str, Any]:
        """Return what an earlier poke of a rescheduled wait kept; nothing where Airflow keeps nothing."""
        store: Any = context.get("task_state_store")
        try:
            kept = None if store is None else store.get(STATE_KEY)
        except Exception:
            self.log.warning("The state of the wait could not be read", exc_info=True)
            kept = None
        self._last_kept = kept if isinstance(kept, dict) else None
        return self._last_kept or {}

    def _goal(self) -> Wait:
        return Wait.checked(self.target_status, self.failed_statuses, self.on_paused, self.not_found_timeout)

    def _waited(self, context: Context) -> float:
        """Return the seconds since the wait began, on the clock that the base class goes by."""
        if self.reschedule:
            first = _first_reschedule(self, context)
            return (datetime.now(UTC) - first).total_seconds() if first else 0.0
        if self._begun is None:
            self._begun = time.monotonic()
        return time.monotonic() - self._begun

    def _max_interval(self) -> float | None:
        """Return how far the pauses may grow: the base class's exponential_backoff and max_wait."""
        limit: timedelta | None = self.max_wait
        return limit.total_seconds() if self.exponential_backoff and limit is not None else None

    def _overdue(self, context: Context) -> str:
        return self._goal().overdue(self.ref(context), self.timeout)

    def _defer(self, context: Context) -> None:
        goal = self._goal()
        self.defer(
            trigger=triggers.template.NxlinkTemplateTrigger(
                [(self._known or self.ref(context)).to_dict()],
                target_status=goal.target,
                failed_statuses=sorted(goal.failed),
                on_paused=goal.on_paused,
                not_found_timeout=goal.not_found_timeout,
                started_at=time.time() - self._waited(context),
                nxlink_conn_id=self.nxlink_conn_id,
                phone=self.phone,
                tenant_id=self.tenant_id,
                poll_interval=self.poke_interval,
                max_poll_interval=self._max_interval(),
                account=None if self._polls is None else self._polls.account,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )


def _first_reschedule(sensor: BaseSensorOperator, context: Context) -> datetime | None:
    """Return when the task first went away to come back later; None when it has not yet."""
    ti: Any = context["ti"]
    first: datetime | None
    if hasattr(ti, "get_first_reschedule_date"):
        first = ti.get_first_reschedule_date(context)
        return first
    # Airflow 2 keeps what its own sensor goes by to itself.
    from airflow.sensors.base import _orig_start_date  # noqa: PLC0415

    first = _orig_start_date(
        dag_id=ti.dag_id,
        task_id=ti.task_id,
        run_id=ti.run_id,
        map_index=ti.map_index,
        try_number=(ti.max_tries or 0) - (sensor.retries or 0) + 1,
    )
    return first
