"""Make many templates be what their specs say: one plan, carried out a few at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from airflow_provider_nxlink.api import writes
from airflow_provider_nxlink.api.errors import (
    NxlinkAuthError,
    NxlinkError,
    NxlinkNotConfiguredError,
    TemplateExistsError,
)
from airflow_provider_nxlink.api.models import Template, TemplateRef, TemplateStatus
from airflow_provider_nxlink.provisioning.allowance import Allowance, creation_times
from airflow_provider_nxlink.provisioning.apply import carry_out, planned, tell
from airflow_provider_nxlink.provisioning.listing import listed
from airflow_provider_nxlink.provisioning.options import Options
from airflow_provider_nxlink.provisioning.parallel import in_parallel, patiently
from airflow_provider_nxlink.provisioning.plan import Action
from airflow_provider_nxlink.provisioning.plan_many import make_plan
from airflow_provider_nxlink.provisioning.progress import LoggedProgress, OnProgress
from airflow_provider_nxlink.provisioning.report import (
    FAILED,
    WRITTEN,
    Plan,
    PlanRefusedError,
    Report,
    Result,
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
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
    now: Callable[[], float] = time.time,
) -> Report:
    """
    Make templates be what ``specs`` say, and return what became of each.

    What NXLink refuses does not stop the others. Deletions come last, and only when all the rest is done.
    Nothing is repeated: what is there already, from whichever run, is compared and not made again.

    :param specs: rendered and checked.
    :param done: what this run has written already.
    :param created: when this task created templates, as an earlier report says.
    :param dry_run: only plan.
    :param on_progress: called with each result, how many there are, and how many there will be.
    :param now: the clock that creations are counted by.
    :raises TemplateSpecError: two specs have the same name and language.
    :raises PlanRefusedError: more is to be deleted than may be.
    :raises NxlinkError: the list or details can't be read.
    """
    options = options or Options()
    there = listed(client, options.max_concurrency)
    plan = make_plan(client, specs, there, options, done=done)
    if dry_run:
        return Report(plan)
    if plan.refusal:
        raise PlanRefusedError(plan.refusal)
    # Either may know of creations that the other does not; together they would count some twice.
    known = max(
        (
            Allowance(options.max_creates_per_hour, times, now=now)
            for times in (creation_times(there, now()), created)
        ),
        key=lambda allowance: len(allowance.created),
    )
    return _Run(client, plan, options, known, on_progress or LoggedProgress()).report()


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
        self.results: dict[TemplateRef, Result] = {}
        self.stopped = False

    def report(self) -> Report:
        """Carry everything out, and return what became of it."""
        for action in self._planned("unchanged"):
            tell(action)
            self._take(Result(action, "unchanged", action.live))
        for action in self._planned("blocked"):
            self._take(Result(action, "blocked", action.live, action.reason, permanent=True))
        self._write(self._planned("update"))
        creations = self._planned("create")
        while creations and not self.stopped and (room := self.allowance.left):
            batch = creations[: int(min(room, len(creations)))]
            creations = creations[len(batch) :]
            self._write(batch)
        waits = bool(creations) and not self.stopped
        if not creations and not any(result.outcome in FAILED for result in self.results.values()):
            self._write(self._planned("delete"))
        return Report(
            self.plan,
            tuple(self._results()),
            self.allowance.created,
            self.allowance.back_at(len(creations)) if waits else None,
        )

    def _planned(self, kind: str) -> list[Action]:
        return [action for action in self.plan.actions if action.kind == kind]

    def _write(self, actions: list[Action]) -> None:
        for _, result in in_parallel(self._attempt, actions, self.options.max_concurrency):
            if result is None:
                continue
            if result.outcome == "created":
                self.allowance.spend()
            self._take(result)

    def _take(self, result: Result) -> None:
        self.results[result.planned.ref] = result
        self.on_progress(result, len(self.results), len(self.plan.actions))

    def _attempt(self, action: Action) -> Result | None:
        """Do what was planned for one template; None once an error has shown that nothing more will work."""
        if self.stopped:
            return None
        try:
            return patiently(lambda: self._done(action))
        except NxlinkError as error:
            self.stopped = self.stopped or isinstance(error, CONCERNS_ALL)
            return Result(action, "failed", action.live, str(error), error.permanent)

    def _done(self, action: Action) -> Result:
        if action.spec is None and action.live is not None:
            writes.delete_template(self.client, action.live)
            gone = action.live.model_copy(update={"status": int(TemplateStatus.DELETED)})
            return Result(action, "deleted", gone)
        try:
            applied = carry_out(self.client, action, read_back=False)
        except TemplateExistsError as error:
            # An earlier try made it, and the list was slow to show it.
            if action.spec is None:
                raise
            again = planned(self.client, action.spec, error.template, self.options.rules)
            applied = carry_out(self.client, again, read_back=False)
        return Result(action, applied.action, applied.template)

    def _results(self) -> list[Result]:
        """Return the results in the order of the plan, with what the list now says of what was written."""
        now = self._listed() if any(result.outcome in WRITTEN for result in self.results.values()) else {}
        found = []
        for action in self.plan.actions:
            result = self.results.get(action.ref) or Result(action, "left", action.live, self._why(action))
            ref = TemplateRef(name=action.ref.name, language=action.ref.language)
            template = now.get(ref, result.template) if result.outcome != "deleted" else result.template
            found.append(Result(action, result.outcome, template, result.note, result.permanent))
        return found

    def _listed(self) -> dict[TemplateRef, Template]:
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
        return found

    def _why(self, action: Action) -> str:
        if self.stopped:
            return "not tried, as an error concerns every call"
        if action.kind == "delete":
            return "deletions come when all the rest is done"
        return "not tried, as the allowance of creations is used up"
