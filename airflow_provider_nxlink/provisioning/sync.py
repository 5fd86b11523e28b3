"""Make many templates be what their specs say: one plan, carried out a few at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_nxlink.api import lookup, writes
from airflow_provider_nxlink.api.errors import (
    NxlinkAuthError,
    NxlinkError,
    NxlinkNotConfiguredError,
    TemplateExistsError,
)
from airflow_provider_nxlink.api.models import Template, TemplateRef, TemplateStatus
from airflow_provider_nxlink.provisioning.allowance import (
    EARLIEST_ZONE,
    HOUR,
    LATEST_ZONE,
    Allowance,
    creation_times,
    learned_offset,
)
from airflow_provider_nxlink.provisioning.apply import carry_out, compared, tell
from airflow_provider_nxlink.provisioning.listing import listed
from airflow_provider_nxlink.provisioning.options import Options
from airflow_provider_nxlink.provisioning.parallel import in_parallel, patiently
from airflow_provider_nxlink.provisioning.plan import Action, plan_template
from airflow_provider_nxlink.provisioning.plan_many import Protected, make_plan
from airflow_provider_nxlink.provisioning.progress import LoggedProgress, OnProgress
from airflow_provider_nxlink.provisioning.remembered import Remembered, compared_with_list
from airflow_provider_nxlink.provisioning.report import (
    FAILED,
    WRITTEN,
    Plan,
    PlanRefusedError,
    Report,
    Result,
    SyncInterrupted,
)
from airflow_provider_nxlink.specs.model import TemplateSpec

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import NxlinkClient

log = logging.getLogger(__name__)

# The list has what ended so.
STANDING = ("created", "updated", "unchanged")
# These concern every call: whatever is left would only fail alike.
CONCERNS_ALL = (NxlinkAuthError, NxlinkNotConfiguredError)


def sync(
    client: NxlinkClient,
    specs: Sequence[TemplateSpec],
    options: Options | None = None,
    *,
    done: Collection[TemplateRef] = (),
    created: Iterable[float] = (),
    utc_offset: float | None = None,
    protected: Protected | None = None,
    dry_run: bool = False,
    confirm: Callable[[Plan], None] | None = None,
    on_progress: OnProgress | None = None,
    now: Callable[[], float] = time.time,
) -> Report:
    """
    Make templates be what ``specs`` say, and return what became of each.

    What NXLink refuses does not stop the others. Deletions come last, and only when all the rest is done; a
    template in use is deleted only if every spec was in use, unchanged, when the run began.
    Nothing is repeated: what is there already, from whichever run, is compared and not made again.

    :param specs: rendered and checked.
    :param done: what this run has written already.
    :param created: when this task created templates, as an earlier report says.
    :param utc_offset: the zone of NXLink's times in seconds east of UTC, as an earlier report says.
    :param protected: what prune leaves alone.
    :param dry_run: only plan.
    :param confirm: called with the plan before anything is sent; raises to send nothing.
    :param on_progress: called with each result, how many there are, and how many there will be.
    :param now: the clock that creations are counted by.
    :raises TemplateSpecError: two specs have the same name and language.
    :raises PlanRefusedError: more is to be deleted than may be.
    :raises SyncInterrupted: Ctrl-C after something may have been sent; its ``report`` says what was done.
    :raises NxlinkError: the list or details can't be read.
    """
    options = options or Options()
    there = listed(client, options.max_concurrency)
    remembered = Remembered(client.account, there, now=now)
    plan = make_plan(client, specs, there, options, done=done, protected=protected, remembered=remembered)
    utc_offset = remembered.utc_offset if utc_offset is None else utc_offset
    # Each may know of creations that the others do not; together they would count some twice.
    allowance = Allowance(options.max_creates_per_hour, created, now=now)
    allowance.learn(remembered.created)
    allowance.learn(creation_times(there, utc_offset))
    if creations := plan.counts.get("create", 0):
        plan = replace(plan, creations=allowance.forecast(creations))
    if dry_run:
        return Report(plan, utc_offset=utc_offset)
    if plan.refusal:
        raise PlanRefusedError(plan.refusal)
    if confirm is not None:
        confirm(plan)
    run = _Run(client, plan, options, allowance, on_progress or LoggedProgress())
    run.there, run.utc_offset, run.remembered, run.now = there, utc_offset, remembered, now
    return run.report()


class _Run:
    """One plan being carried out."""

    def __init__(
        self,
        client: NxlinkClient,
        plan: Plan,
        options: Options,
        allowance: Allowance,
        on_progress: OnProgress,
    ) -> None:
        self.client = client
        self.plan = plan
        self.options = options
        self.allowance = allowance
        self.on_progress = on_progress
        self.there: Sequence[Template] = ()
        self.utc_offset: float | None = None
        self.remembered: Remembered | None = None
        self.now: Callable[[], float] = time.time
        self.results: dict[TemplateRef, Result] = {}
        self.told = 0
        # When this run created templates, by our clock.
        self.created: dict[TemplateRef, float] = {}
        self.begun: set[TemplateRef] = set()
        self.stopped = threading.Event()

    def report(self) -> Report:
        """Carry everything out, and return what became of it."""
        try:
            waiting = self._carry_out()
            results = self._results()
        except KeyboardInterrupt:
            self.stopped.set()
            results = tuple(self._result(action, {}) for action in self.plan.actions)
            report = Report(self.plan, results, self.allowance.created, utc_offset=self.utc_offset)
            raise SyncInterrupted(report) from None
        waits = bool(waiting) and not self.stopped.is_set()
        resume_at = self.allowance.back_at(waiting) if waits else None
        return Report(self.plan, results, self.allowance.created, resume_at, self.utc_offset)

    def _carry_out(self) -> int:
        """Do everything that can be done now, and return how many creations have to wait."""
        for action in self._planned("unchanged"):
            tell(action)
            self._take(Result(action, "unchanged", action.live, action.reason))
        for action in self._planned("blocked"):
            self._take(Result(action, "blocked", action.live, action.reason, permanent=True))
        for action in self._planned("keep"):
            self._take(Result(action, "kept", action.live, action.reason))
        for action in self._planned("postponed"):
            self._take(Result(action, "postponed", action.live, action.reason))
        self._write(self._planned("update"))
        creations = self._planned("create")
        if self._needs_zone(len(creations)) and self.allowance.left:
            self._write(creations[:1])
            self._learn_zone(creations[0])
            creations = creations[1:]
        while creations and not self.stopped.is_set() and (room := self.allowance.left):
            batch = creations[: int(min(room, len(creations)))]
            creations = creations[len(batch) :]
            self._write(batch)
        if not creations and not any(result.outcome in FAILED for result in self.results.values()):
            self._write(self._planned("delete"))
        return len(creations)

    def _planned(self, kind: str) -> list[Action]:
        return [action for action in self.plan.actions if action.kind == kind]

    def _write(self, actions: list[Action]) -> None:
        at_once = self.options.max_concurrency
        for _, result in in_parallel(self._attempt, actions, at_once, stopped=self.stopped):
            if result is not None:
                self._tell(result)

    def _take(self, result: Result) -> None:
        self.results[result.planned.ref] = result
        self._tell(result)

    def _tell(self, result: Result) -> None:
        self.told += 1
        self.on_progress(result, self.told, len(self.plan.actions))

    def _needs_zone(self, wanted: int) -> bool:
        """Say whether the limit may be reached by creations that the list dates without a zone."""
        if self.utc_offset is not None or not wanted or not self.options.max_creates_per_hour:
            return False
        now = self.now()
        recent = [
            moment
            for moment in creation_times(self.there, 0.0)
            if now - HOUR + EARLIEST_ZONE < moment <= now + LATEST_ZONE
        ]
        return len(recent) + wanted > self.options.max_creates_per_hour

    def _learn_zone(self, action: Action) -> None:
        """Learn the zone of the list's times from a template that was created just now, and count anew."""
        moment = self.now()
        result = self.results.get(action.ref)
        if result is None or result.outcome != "created":
            return
        try:
            seen = lookup.find_template(self.client, action.ref)
        except NxlinkError as error:
            log.info(
                "%s can't be looked up, so the zone of NXLink's times stays unknown: %s", action.ref, error
            )
            return
        self.utc_offset = None if seen is None else learned_offset([(seen, moment)])
        if self.utc_offset is not None:
            log.info("NXLink's times are %+g h from UTC", self.utc_offset / HOUR)
            self.allowance.learn(creation_times(self.there, self.utc_offset))

    def _attempt(self, action: Action) -> Result | None:
        """Do what was planned for one template; None once an error has shown that nothing more will work."""
        if self.stopped.is_set():
            return None
        self.begun.add(action.ref)
        try:
            result = patiently(lambda: self._done(action), sleep=self._pause)
        except _Stopped:
            self.begun.discard(action.ref)
            return None
        except NxlinkError as error:
            if isinstance(error, CONCERNS_ALL):
                self.stopped.set()
            result = Result(action, "failed", action.live, str(error), error.permanent)
        # Kept here, in the worker's thread: an interrupted caller does not see the calls that still end.
        if result.outcome == "created":
            self.allowance.spend()
            self.created[action.ref] = self.now()
        self.results[action.ref] = result
        return result

    def _pause(self, seconds: float) -> None:
        """Wait before a call that NXLink puts off; the end of the run ends the wait."""
        if self.stopped.wait(seconds):
            raise _Stopped

    def _done(self, action: Action) -> Result:
        if action.spec is None and action.live is not None:
            writes.delete_template(self.client, action.live)
            gone = action.live.model_copy(update={"status": int(TemplateStatus.DELETED)})
            return Result(action, "deleted", gone)
        try:
            applied = carry_out(self.client, action, read_back=False)
        except TemplateExistsError as error:
            if action.spec is None:
                raise
            return self._appeared(action, action.spec, error.template)
        return Result(action, applied.action, applied.template)

    def _appeared(self, action: Action, spec: TemplateSpec, template: Template) -> Result:
        """
        Judge a template that was to be created, and that the list did not show.

        An earlier try may have made it. Where it differs from its spec somebody else may have, and the plan
        did not say that it would be overwritten.
        """
        live = compared(self.client, template, self.options.rules)
        now = plan_template(spec, live, self.options.rules)
        if now.kind == "unchanged":
            return Result(action, "unchanged", live)
        changes = "; ".join(map(str, now.differences))
        reason = "was not in the list when the plan was made, and differs from its spec"
        return Result(
            action, "failed", live, f"{reason}: {changes or now.reason}. The next run plans it anew"
        )

    def _results(self) -> tuple[Result, ...]:
        """Return the results in the order of the plan, with what the list now says of what was written."""
        if not any(result.outcome in WRITTEN for result in self.results.values()):
            return tuple(self._result(action, {}) for action in self.plan.actions)
        now = self._listed()
        results = tuple(self._result(action, now or {}) for action in self.plan.actions)
        if now is None:
            return results
        results = tuple(compared_with_list(result, now) for result in results)
        for result in results:
            if result.stored:
                log.warning("%s is %s", result.planned.ref, result.stored_note)
        pairs = [(now[ref], moment) for ref, moment in self.created.items() if ref in now]
        if (learned := learned_offset(pairs)) is not None:
            self.utc_offset = learned
        if self.remembered is not None:
            self.remembered.keep(results, now, created=self.created, utc_offset=learned)
        return results

    def _result(self, action: Action, now: Mapping[TemplateRef, Template]) -> Result:
        result = self.results.get(action.ref) or Result(action, "left", action.live, self._why(action))
        ref = TemplateRef(name=action.ref.name, language=action.ref.language)
        if result.outcome == "deleted":
            return result
        return replace(result, template=now.get(ref, result.template))

    def _listed(self) -> dict[TemplateRef, Template] | None:
        """Return the list by name and language; None where it can't be read."""
        found: dict[TemplateRef, Template] = {}
        there = sum(result.outcome in STANDING for result in self.results.values())
        try:
            for template in listed(self.client, self.options.max_concurrency, there):
                ref = TemplateRef(name=template.name, language=template.language)
                if template.status != TemplateStatus.DELETED:
                    found[ref] = template
        except NxlinkError as error:
            # What was written is written: its status will be seen the next time.
            log.warning("The list could not be read again: %s", error)
            return None
        return found

    def _why(self, action: Action) -> str:
        if action.ref in self.begun:
            return "was under way when the run was stopped: its outcome is not known"
        if self.stopped.is_set():
            return "not tried, as the run was stopped"
        if action.kind == "delete":
            return "deletions come when all the rest is done"
        return "not tried, as the allowance of creations is used up"


class _Stopped(Exception):  # noqa: N818 - it ends a thread's work, and nobody sees it
    """The run ended while a call waited for its turn."""
