"""What a sync has done so far: carried over its pauses and waits, and returned at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink import api, provisioning

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.models import Template, TemplateRef
    from airflow_provider_nxlink.provisioning.report import Report

Identity = tuple[str, str]
Row = dict[str, Any]

# What the list says of each template at the end.
SHOWN = ("id", "status", "status_name", "rejected_reason")
STORED = ("stored", "stored_differences")


@dataclass
class Memory:
    """
    What a sync has done so far.

    :param rows: what was planned and done, by name and language; the templates left alone are not in it.
    :param created: when templates were created in the last hour, in seconds since 1970.
    :param utc_offset: the zone of NXLink's times, in seconds east of UTC; None while it is not known.
    :param approved: True once every spec was seen in use.
    """

    rows: dict[Identity, Row] = field(default_factory=dict)
    created: Sequence[float] = ()
    utc_offset: float | None = None
    approved: bool = False

    @classmethod
    def from_dict(cls, carried: Mapping[str, Any]) -> Memory:
        """Return what :meth:`to_dict` made plain JSON of."""
        rows = {(row["name"], row["language"]): dict(row) for row in carried.get("rows", [])}
        approved = bool(carried.get("approved", False))
        return cls(rows, list(carried.get("created", [])), carried.get("utc_offset"), approved)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "rows": list(self.rows.values()),
            "created": list(self.created),
            "utc_offset": self.utc_offset,
            "approved": self.approved,
        }

    def take(self, report: Report) -> None:
        """Take in what one round has done; what an earlier round has written stays written."""
        self.created = report.created
        self.utc_offset = report.utc_offset
        written = provisioning.report.WRITTEN
        for result in report.results:
            before = self.rows.get(result.identity, {}).get("action")
            if result.outcome == "unchanged" and (before in written or not result.planned.drift):
                if before not in written:
                    self.rows.pop(result.identity, None)
                continue
            row = result.to_dict()
            kept = {
                name: row[name]
                for name in ("action", "name", "language", "differences", "drift", "message", *STORED)
            }
            self.rows[result.identity] = kept | {
                "planned": result.planned.kind,
                "permanent": result.permanent,
                "awaits_verdict": result.planned.awaits_verdict,
            }

    @property
    def written(self) -> set[TemplateRef]:
        """What need not be compared again."""
        return self._refs(lambda row: row["action"] in ("created", "updated"))

    @property
    def refused(self) -> set[TemplateRef]:
        """What would be refused again."""
        return self._refs(lambda row: row["action"] == "failed" and row["permanent"])

    @property
    def awaiting_verdict(self) -> set[TemplateRef]:
        """What is blocked until Meta's verdict."""
        return self._refs(lambda row: row["action"] == "blocked" and row["awaits_verdict"])

    @property
    def holds_deletions(self) -> bool:
        """True where deletions wait for every spec to be in use."""
        return any(row["action"] == "postponed" for row in self.rows.values())

    def failures_but(self, excused: Collection[TemplateRef] = ()) -> list[Row]:
        """Return the rows of what is not as it should be, but for those excused."""
        failed = provisioning.report.FAILED
        return [row for row in self.rows.values() if row["action"] in failed and _ref(row) not in excused]

    def returned(self, wanted: Iterable[TemplateRef], templates: Mapping[TemplateRef, Template]) -> Row:
        """
        Return plain JSON: ``plan``, ``results`` and ``counts``.

        :param wanted: one for each spec, in their order.
        :param templates: what the list has.
        """
        refs = list(wanted)
        named = {(str(ref.name), str(ref.language)) for ref in refs}
        deleted = [_ref(row) for identity, row in self.rows.items() if identity not in named]
        results = [self._result(ref, templates.get(ref)) for ref in [*refs, *deleted]]
        plan = [
            {
                "action": self.rows.get((row["name"], row["language"]), {}).get("planned", "unchanged"),
                **{name: row[name] for name in ("name", "language", "differences", "drift")},
            }
            for row in results
        ]
        return {"plan": plan, "results": results, "counts": dict(Counter(row["action"] for row in results))}

    def _result(self, ref: TemplateRef, template: Template | None) -> Row:
        row = self.rows.get((str(ref.name), str(ref.language)), {})
        seen = (template or api.models.Template()).to_dict()
        return {
            "action": row.get("action", "unchanged"),
            "name": ref.name,
            "language": ref.language,
            **{name: seen[name] for name in SHOWN},
            "differences": row.get("differences", []),
            "drift": row.get("drift", []),
            "message": row.get("message", ""),
            "stored": row.get("stored", ""),
            "stored_differences": row.get("stored_differences", []),
        }

    def _refs(self, fits: Callable[[Row], bool]) -> set[TemplateRef]:
        return {_ref(row) for row in self.rows.values() if fits(row)}


def _ref(row: Row) -> TemplateRef:
    return api.models.TemplateRef(name=row["name"], language=row["language"])
