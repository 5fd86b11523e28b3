"""What a sync did: for each template, for the log, and as the error that names what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.provisioning.allowance import Forecast
from airflow_provider_nxlink.provisioning.plan import Action, never_returned
from airflow_provider_nxlink.specs.diff import Difference

Outcome = Literal[
    "created", "updated", "unchanged", "deleted", "blocked", "failed", "left", "postponed", "kept"
]
Stored = Literal["", "not yet visible", "stored differently"]

FAILED: frozenset[Outcome] = frozenset({"blocked", "failed"})
WRITTEN: frozenset[Outcome] = frozenset({"created", "updated", "deleted"})
LONGEST_NOTE = 100


@dataclass(frozen=True)
class Result:
    """
    What became of one template.

    :param planned: what was to be done.
    :param outcome: what was done; ``left`` where nothing was tried yet, ``postponed`` where a later run will
        delete it, ``kept`` where prune leaves it alone.
    :param template: the template as it is now; None where there is none.
    :param note: why it is blocked, failed, left, postponed or kept.
    :param permanent: True where the next try would fail again.
    :param stored: after a write, what the list says of it: ``not yet visible`` while it shows what was there
        before, ``stored differently`` where it shows something else than was sent; empty where it is equal.
    :param stored_differences: what is stored differently, with what the list has as ``live``.
    """

    planned: Action
    outcome: Outcome
    template: Template | None = None
    note: str = ""
    permanent: bool = False
    stored: Stored = ""
    stored_differences: tuple[Difference, ...] = ()

    @property
    def identity(self) -> tuple[str, str]:
        """Name and language."""
        return str(self.planned.ref.name), str(self.planned.ref.language)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        template = self.template or Template()
        about = self.planned.to_dict()
        return {
            "action": self.outcome,
            "name": about["name"],
            "language": about["language"],
            "id": template.id,
            "status": template.status,
            "status_name": template.status_name,
            "rejected_reason": template.rejected_reason,
            "differences": about["differences"],
            "drift": about["drift"],
            "message": self.note or self.stored_note,
            "stored": self.stored,
            "stored_differences": [difference.to_dict() for difference in self.stored_differences],
        }

    @property
    def stored_note(self) -> str:
        """Say what the list shows after the write; empty where it shows what was sent."""
        return ": ".join(filter(None, [self.stored, "; ".join(map(str, self.stored_differences))]))


@dataclass(frozen=True)
class Plan:
    """
    What is to be done about many templates.

    :param actions: one for each spec in their order, then the deletions.
    :param refusal: why none of it may be done; empty where it may.
    :param creations: when the creations can be made; None where nobody counted them.
    """

    actions: tuple[Action, ...]
    refusal: str = ""
    creations: Forecast | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many templates each kind of action concerns."""
        return dict(Counter(action.kind for action in self.actions))

    @property
    def deletions(self) -> list[Action]:
        """What this run would delete; what a later run would is ``postponed``."""
        return [action for action in self.actions if action.kind == "delete"]

    @property
    def changes(self) -> bool:
        """True where something is not as it should be."""
        return any(action.changes for action in self.actions)

    @property
    def notes(self) -> list[str]:
        """What holds for all of the plan: the fields that no call returns."""
        names = never_returned(self.actions)
        if not names:
            return []
        note = f"The API never returns {' and '.join(names)}: they are not compared"
        updates = any(action.kind == "update" for action in self.actions)
        return [f"{note}, and an update replaces them with what its spec says." if updates else f"{note}."]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "plan": [action.to_dict() for action in self.actions],
            "counts": self.counts,
            "refusal": self.refusal,
            "creations": None if self.creations is None else self.creations.to_dict(),
            "never_returned": list(never_returned(self.actions)),
            "notes": self.notes,
        }


@dataclass(frozen=True)
class Report:
    """
    What a sync did.

    :param plan: what was to be done.
    :param results: what became of each action of the plan; none after a dry run.
    :param created: when templates were created in the last hour, in seconds since 1970.
    :param resume_at: when the rest may be created, in seconds since 1970; None where nothing waits for that.
    :param utc_offset: the zone of NXLink's times, in seconds east of UTC; None while it is not known.
    """

    plan: Plan
    results: tuple[Result, ...] = ()
    created: tuple[float, ...] = ()
    resume_at: float | None = None
    utc_offset: float | None = None

    @property
    def failures(self) -> list[Result]:
        """The templates that are not as they should be, and why."""
        return [result for result in self.results if result.outcome in FAILED]

    @property
    def left(self) -> list[Result]:
        """The templates that nothing was tried for yet."""
        return [result for result in self.results if result.outcome == "left"]

    def raise_for_failures(self) -> None:
        """
        Raise unless every template is as it should be.

        :raises TemplateSyncError: naming each that is not.
        """
        if self.failures or self.left:
            raise TemplateSyncError(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: ``plan``, ``results``, and ``counts`` of what was done or is to be done."""
        plan = self.plan.to_dict()
        if not self.results:
            return plan | {"results": []}
        counts = Counter(result.outcome for result in self.results)
        return plan | {"results": [result.to_dict() for result in self.results], "counts": dict(counts)}


class SyncInterrupted(KeyboardInterrupt):
    """
    Ctrl-C while a plan was carried out.

    :param report: what was done until then; the rest is ``left``.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__("interrupted")


class PlanRefusedError(NxlinkError):
    """A plan that would delete more than it may; nothing of it was carried out."""

    permanent = True


class TemplateSyncError(NxlinkError):
    """
    Some templates are not as they should be; the message names each.

    :param report: what was done all the same.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(report)

    @property
    def permanent(self) -> bool:  # type: ignore[override]
        """True when the next try would fail again, having nothing else to do."""
        report = self.report
        return report.resume_at is None and all(result.permanent for result in report.failures)

    def __str__(self) -> str:
        """Say how many, which and why, and what the next try does."""
        report = self.report
        lines = []
        if report.failures:
            lines.append(
                f"{len(report.failures)} of {len(report.results)} templates are not as they should be:"
            )
            lines += [f"  - {result.planned.ref}: {result.note}" for result in report.failures]
        if report.resume_at is not None:
            lines.append(
                f"{len(report.left)} templates are left, and the allowance of creations is used up until "
                f"{at(report.resume_at)}: the next try after that goes on where this one stopped"
            )
        elif report.left:
            lines.append(f"{len(report.left)} templates were not tried; the next try goes on with them")
        return "\n".join(lines)


def at(moment: float) -> str:
    """Return a moment as people read it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """
    Return the summary for a log: one line for each template, those that need attention last.

    :param rows: as :meth:`Result.to_dict` gives them.
    """
    sort = sorted(
        rows, key=lambda row: (row["action"] in FAILED, row["action"], row["name"], row["language"])
    )
    cells = [("ACTION", "NAME", "LANGUAGE", "STATUS", "NOTE")]
    cells += [
        (row["action"], str(row["name"]), str(row["language"]), row["status_name"] or "", _note(row))
        for row in sort
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)), row[4]]
        ).rstrip()
        for row in cells
    )


def _note(row: Mapping[str, Any]) -> str:
    changed = ", ".join(item["path"] for item in row["differences"])
    drift = ", ".join(f"{item['path']} is {item['live']} at NXLink" for item in row["drift"])
    note = " ".join(str(row["message"] or row["rejected_reason"] or drift or changed).split())
    return note if len(note) <= LONGEST_NOTE else note[: LONGEST_NOTE - 1] + "…"
