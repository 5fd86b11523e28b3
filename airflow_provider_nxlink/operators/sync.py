"""Make many message templates be what their specs say, in one task."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink import provisioning, triggers
from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.api.status import Verdict
from airflow_provider_nxlink.exceptions import NxlinkTemplateFailedError, failing_without_retry
from airflow_provider_nxlink.operators.base import NxlinkOperator
from airflow_provider_nxlink.operators.sync_memory import Memory, Row
from airflow_provider_nxlink.operators.waiting import NxlinkWaitingOperator
from airflow_provider_nxlink.operators.writing import tried_before
from airflow_provider_nxlink.provisioning.options import (
    DEFAULT_CONCURRENCY,
    DEFAULT_CREATES_PER_HOUR,
    DEFAULT_MAX_DELETES,
    Compare,
    OnCategoryChange,
    Options,
    Rules,
)
from airflow_provider_nxlink.rendering_lists import SpecListArgument

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_nxlink.api.models import Template, TemplateRef
    from airflow_provider_nxlink.provisioning.report import Report
    from airflow_provider_nxlink.specs.model import TemplateSpec
    from airflow_provider_nxlink.specs.rules import Validation

# Where Airflow 3.3 keeps, between the tries of a task, when it created templates and in which zone NXLink is.
CREATED_KEY = "nxlink_created"
ZONE_KEY = "nxlink_utc_offset"


class NxlinkSyncTemplatesOperator(SpecListArgument, NxlinkWaitingOperator):
    """
    Make many message templates be what their specs say: create, update, leave alone, and delete if asked to.

    .. code-block:: python

        NxlinkSyncTemplatesOperator(
            task_id="sync",
            templates="nxlink_templates",  # a folder beside the DAG file
            prune=True,
            prune_pattern="shop_*",
            wait_for_approval=True,
            deferrable=True,
        )

    Nothing is sent before all specs are valid. The list is read once, and details only where they are needed.
    What NXLink refuses does not stop the others: the task fails at its end and names each. A second run, or a
    retry after a worker died, goes on where the first stopped and repeats nothing.

    With the allowance of creations used up, the task defers until it is back; without ``deferrable`` it fails
    with a plain error, and the next try goes on.

    Deletions come last, and only when all the rest is done. With ``wait_for_approval`` they come after every
    spec is in use, and not at all if one is rejected or the wait times out. Without it, a template in use is
    deleted only by a run at whose start every spec is in use; until then it is ``postponed``. Templates that
    prune never deletes (AUTHENTICATION, UNAVAILABLE, with parts that no spec can say, named by a file that
    was not used) are ``kept``, each with the reason.

    Returns ``{"plan": […], "results": […], "counts": {…}}`` as plain JSON; the results have ``action``
    (``created``, ``updated``, ``unchanged``, ``deleted``, ``postponed``, ``kept``), ``name``, ``language``,
    ``id``, ``status``, ``status_name``, ``rejected_reason``, ``differences``, ``drift``, ``message``,
    ``stored`` (``"not yet visible"`` or ``"stored differently"`` where the list does not show what was sent)
    and ``stored_differences``.

    :param templates: a list of ``TemplateSpec``, mappings and names of spec files, or the name of a folder of
        spec files, found as Airflow finds template files. Rendered as ``template`` is elsewhere.
    :param prune: delete templates that match ``prune_pattern`` and are not among the specs.
    :param prune_pattern: names, with ``*`` and ``?`` as in a shell; needed by ``prune``.
    :param prune_only: write no spec, only delete: for an account at its template limit, where nothing can be
        created before something is deleted. Templates in use are then deleted at once; ``wait_for_approval``
        has no effect.
    :param allow_delete_all: allow deletions after which none of the present templates would be left.
    :param max_deletes: with more than this to delete, nothing at all is done.
    :param dry_run: return the plan, and send nothing.
    :param max_concurrency: how many calls at a time.
    :param max_creates_per_hour: how many creations within any hour; 0 for any number. What others created
        counts too, as far as NXLink's list dates it.
    :param compare: ``"full"``, ``"content"`` or ``"always"``, as for
        :class:`~airflow_provider_nxlink.operators.apply.NxlinkApplyTemplateOperator`.
    :param on_category_change: ``"warn"`` or ``"fail"``.
    :param validation: ``"strict"`` refuses what WhatsApp would refuse; ``"warn"`` logs it; ``"off"``.
    :param wait_for_approval: wait until all templates are in use.
    :param fail_fast: end the wait when the first template is refused; and do not wait at all where writing
        one has failed.
    :param deferrable: wait without a worker.
    :param poll_interval: seconds between two looks while waiting.
    :param timeout: seconds the wait may last; two days.
    """

    template_fields: Sequence[str] = ("templates", "prune_pattern", *NxlinkOperator.template_fields)

    def __init__(
        self,
        *,
        templates: str | Path | Sequence[TemplateSpec | Mapping[str, Any] | str | Path],
        prune: bool = False,
        prune_pattern: str | None = None,
        prune_only: bool = False,
        allow_delete_all: bool = False,
        max_deletes: int = DEFAULT_MAX_DELETES,
        dry_run: bool = False,
        max_concurrency: int = DEFAULT_CONCURRENCY,
        max_creates_per_hour: int = DEFAULT_CREATES_PER_HOUR,
        compare: Compare = "full",
        on_category_change: OnCategoryChange = "warn",
        validation: Validation = "strict",
        wait_for_approval: bool = False,
        fail_fast: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.templates = templates
        self.prune = prune
        self.prune_pattern = prune_pattern
        self.prune_only = prune_only
        self.allow_delete_all = allow_delete_all
        self.max_deletes = max_deletes
        # Airflow's operators have a method of the other name.
        self.only_plan = dry_run
        self.max_concurrency = max_concurrency
        self.max_creates_per_hour = max_creates_per_hour
        self.compare = compare
        self.on_category_change = on_category_change
        self.validation = validation
        self.wait_for_approval = wait_for_approval
        self.fail_fast = fail_fast
        Options(
            Rules(compare, on_category_change),
            prune,
            prune_pattern if isinstance(prune_pattern, str | None) else "known later",
            max_deletes,
            max_concurrency,
            max_creates_per_hour,
            prune_only,
        )
        self.check_literal()

    def execute(self, context: Context) -> dict[str, Any]:
        """Sync, and wait for approval if asked to."""
        # Without a limit nothing is counted, and the two calls to Airflow's API server are spared.
        if not self.max_creates_per_hour:
            return self._go_on(context, Memory())
        created, utc_offset = _remembered(context)
        return self._go_on(context, Memory(created=created, utc_offset=utc_offset))

    def execute_after_pause(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Go on, now that more may be created."""
        return self._go_on(context, Memory.from_dict(triggers.events.read_pause_over(event)))

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Go on, now that the triggerer has seen the verdicts."""
        with failing_without_retry():
            results = triggers.events.read_event(event)
        verdicts = {result.ref: (result.verdict, result.message) for result in results}
        return self._judged(context, Memory.from_dict(triggers.events.carried_by(event)), verdicts)

    def _go_on(self, context: Context, memory: Memory) -> dict[str, Any]:
        with failing_without_retry():
            ref_of = provisioning.write.ref_of
            specs = self.specs(context)
            report = self._synced(
                context, [spec for spec in specs if ref_of(spec) not in memory.refused], memory
            )
        if report.plan.creations is not None and report.plan.creations.waits:
            self.log.info("%s", report.plan.creations)
        if self.only_plan:
            self.log.info("Nothing is sent:\n%s", provisioning.report.table(_planned(report)))
            return report.to_dict()
        memory.take(report)
        if self.max_creates_per_hour:
            _remember(context, report)
        templates = {result.planned.ref: result.template for result in report.results if result.template}
        if report.resume_at is not None:
            self._pause(report, memory)
        failures = memory.failures_but(memory.awaiting_verdict)
        hopeless = failures and (self.fail_fast or not all(row["permanent"] for row in failures))
        if self.prune_only and self.wait_for_approval:
            self.log.warning("wait_for_approval has no effect with prune_only: no spec is written")
        if self.wait_for_approval and not self.prune_only and not memory.approved and not hopeless:
            waited = [ref_of(spec) for spec in specs if spec.syn_meta is not False]
            waited = [ref for ref in waited if ref not in memory.refused]
            if not waited and memory.holds_deletions and not memory.failures_but():
                memory.approved = True
                return self._go_on(context, memory)
            if waited:
                outcomes = self.wait_for_all(waited, fail_fast=self.fail_fast, carried=memory.to_dict())
                verdicts = {ref: (outcome.verdict, outcome.message) for ref, outcome in outcomes.items()}
                return self._judged(context, memory, verdicts)
        # What was not compared is not said to be unchanged.
        wanted = [] if self.prune_only else [ref_of(spec) for spec in specs]
        return self._end(memory, wanted, templates, {})

    def _synced(self, context: Context, specs: list[TemplateSpec], memory: Memory) -> Report:
        if not specs:
            # All that is left has been refused already.
            raise NxlinkTemplateFailedError(_failures(memory.failures_but()))
        try:
            return self.hook.sync_templates(
                specs,
                validation="off",  # they are checked, and what to warn of is logged
                compare=self.compare,
                on_category_change=self.on_category_change,
                prune=self.prune and not memory.refused,
                prune_pattern=self.prune_pattern,
                prune_only=self.prune_only,
                allow_delete_all=self.allow_delete_all,
                hold_deletions=self.wait_for_approval and not self.prune_only and not memory.approved,
                protected=self.protected(context) if self.prune or self.prune_only else None,
                max_deletes=self.max_deletes,
                max_concurrency=self.max_concurrency,
                max_creates_per_hour=self.max_creates_per_hour,
                dry_run=self.only_plan,
                resuming=tried_before(context),
                done=memory.written,
                created=memory.created,
                utc_offset=memory.utc_offset,
            )
        except provisioning.report.TemplateSyncError as error:
            return error.report

    def _pause(self, report: Report, memory: Memory) -> None:
        """Leave the worker until more may be created; fail where nobody could wake the task up."""
        until = report.resume_at or time.time()
        self.log.info(
            "%d templates are left: creations are used up until %s",
            len(report.left),
            provisioning.report.at(until),
        )
        if not self.deferrable:
            raise provisioning.report.TemplateSyncError(report)
        self.defer(
            trigger=triggers.pause.NxlinkPauseTrigger(until, memory.to_dict()),
            method_name=self.execute_after_pause.__name__,
        )

    def _judged(
        self, context: Context, memory: Memory, verdicts: Mapping[TemplateRef, tuple[Verdict, str]]
    ) -> dict[str, Any]:
        """Go on with what was blocked until its verdict; end where nothing was."""
        awaited = memory.awaiting_verdict
        refused = {
            ref: message
            for ref, (verdict, message) in verdicts.items()
            if verdict is not Verdict.DONE and ref not in awaited
        }
        if awaited and not (self.fail_fast and refused):
            return self._go_on(context, memory)
        if memory.holds_deletions and not refused and not memory.failures_but():
            # Every spec is in use. A round that finds it so deletes what was postponed.
            memory.approved = True
            return self._go_on(context, memory)
        with failing_without_retry():
            wanted = [provisioning.write.ref_of(spec) for spec in self.specs(context)]
            listed = list(self.hook.list_templates())
        templates = {ref: found for ref in wanted if (found := ref.find_in(listed))}
        return self._end(memory, wanted, templates, refused)

    def _end(
        self,
        memory: Memory,
        wanted: Iterable[TemplateRef],
        templates: Mapping[TemplateRef, Template],
        refused: Mapping[TemplateRef, str],
    ) -> dict[str, Any]:
        """Log the summary, and return it; raise where a template is not as it should be."""
        returned = memory.returned(wanted, templates)
        self.log.info("%s", provisioning.report.table(returned["results"]))
        failures = [*memory.failures_but(), *(_refusal(ref, message) for ref, message in refused.items())]
        if not failures:
            return returned
        text = _failures(failures)
        if all(row["permanent"] for row in failures):
            raise NxlinkTemplateFailedError(text)
        raise NxlinkError(text)


def _refusal(ref: TemplateRef, message: str) -> Row:
    return {"name": ref.name, "language": ref.language, "message": message, "permanent": True}


def _failures(rows: Sequence[Row]) -> str:
    lines = [f"  - {row['name']} ({row['language']}): {row['message']}" for row in rows]
    count = "1 template is not as it" if len(rows) == 1 else f"{len(rows)} templates are not as they"
    return "\n".join([f"{count} should be:", *lines])


def _planned(report: Report) -> list[Row]:
    rows = [action.to_dict() for action in report.plan.actions]
    return [
        row | {"message": row["reason"] or "; ".join(row["notes"]), "rejected_reason": None} for row in rows
    ]


def _remembered(context: Context) -> tuple[list[float], float | None]:
    store = context.get("task_state_store")
    if store is None:
        return [], None
    kept, zone = store.get(CREATED_KEY), store.get(ZONE_KEY)
    created = [moment for moment in kept if isinstance(moment, int | float)] if isinstance(kept, list) else []
    return created, zone if isinstance(zone, int | float) else None


def _remember(context: Context, report: Report) -> None:
    store = context.get("task_state_store")
    if store is not None and report.created:
        store.set(CREATED_KEY, list(report.created))
    if store is not None and report.utc_offset is not None:
        store.set(ZONE_KEY, report.utc_offset)
