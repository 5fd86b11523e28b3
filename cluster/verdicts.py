"""What the waits have to come to, and whether they did, template by template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DAG_ID = "example_nxlink_mapped_approvals"
# The example's, in its order.
LANGUAGES = ("en_US", "de", "es", "pt_BR")
IN_USE, REJECTED = 2, 0
# Of so many templates one is rejected: not always in the same language.
REJECTED_EVERY = 25


@dataclass(frozen=True)
class Expected:
    """What the wait with one map index is for, and the reason it has to fail with; None if it must not."""

    name: str
    language: str
    reason: str | None


def expected(waits: int) -> list[Expected]:
    """Return what each wait is for, by map index."""
    return [
        Expected(
            # NXLink finds all names that contain what it is asked for: so none may be part of another.
            name=f"campaign_{index // len(LANGUAGES):04}",
            language=LANGUAGES[index % len(LANGUAGES)],
            # A reason of its own for each, so that one that went astray is seen.
            reason=f"REASON_{index:04}" if index % REJECTED_EVERY == REJECTED_EVERY // 2 else None,
        )
        for index in range(waits)
    ]


@dataclass(frozen=True)
class Ended:
    """How a wait ended: its state, what it and its create returned, and the log of its last try."""

    state: str | None
    created: Any
    returned: Any
    log: str


@dataclass
class Verdicts:
    """How many results were right, of each kind, and in words what was wrong."""

    approved: int = 0
    rejected: int = 0
    wrong: list[str] = field(default_factory=list)


def judged(
    wanted: Sequence[Expected],
    ended: Mapping[int, Ended],
    at_nxlink: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]],
) -> Verdicts:
    """
    Hold each wait's end against what it was for and what NXLink has.

    :param at_nxlink: the sandbox's templates by name and language: right is one of each.
    """
    verdicts = Verdicts()
    for index, want in enumerate(wanted):
        there = at_nxlink.get((want.name, want.language), ())
        if len(there) != 1:
            verdicts.wrong.append(f"{index}: NXLink has {len(there)} of {want.name} ({want.language})")
        elif index not in ended:
            verdicts.wrong.append(f"{index}: there is no such task")
        elif problem := _problem(want, ended[index], there[0]):
            verdicts.wrong.append(f"{index}: {problem}")
        elif want.reason is None:
            verdicts.approved += 1
        else:
            verdicts.rejected += 1
    return verdicts


def _problem(want: Expected, end: Ended, there: Mapping[str, Any]) -> str | None:
    same = {"id": there["id"], "name": want.name, "language": want.language}
    if not _has(end.created, same):
        return f"create returned {end.created!r}, not {same}"
    return _not_approved(end, same) if want.reason is None else _not_rejected(end, want.reason)


def _not_approved(end: Ended, same: Mapping[str, Any]) -> str | None:
    if end.state != "success":
        return f"the wait is {end.state}, not a success"
    right = {**same, "status": IN_USE}
    return None if _has(end.returned, right) else f"the wait returned {end.returned!r}, not {right}"


def _not_rejected(end: Ended, reason: str) -> str | None:
    if end.state != "failed" or end.returned is not None:
        return f"the wait is {end.state} and returned {end.returned!r}, and should have failed"
    said = f"is rejected ({REJECTED}): {reason}"
    if said not in end.log or "NxlinkTemplateFailedError" not in end.log:
        return f"the wait's log does not say '{said}'"
    return None


def _has(value: Any, part: Mapping[str, Any]) -> bool:
    return isinstance(value, dict) and all(value.get(key) == part[key] for key in part)


def read_ends(rows: Any, home: Path, run_id: str) -> dict[int, Ended]:
    """
    Return how each wait of a run ended, by map index.

    :param rows: reads Airflow's database.
    :param home: Airflow's home, where the tasks' logs are.
    """
    query = "select task_id, map_index, value from xcom where run_id = ? and key = 'return_value'"
    returned = {(task, index): value for task, index, value in rows(query, run_id)}
    query = "select map_index, state, try_number from task_instance where run_id = ? and task_id = 'approved'"
    ends = {}
    for index, state, tries in rows(query, run_id):
        logs = home / "logs" / f"dag_id={DAG_ID}" / f"run_id={run_id}" / "task_id=approved"
        log = logs / f"map_index={index}" / f"attempt={tries}.log"
        ends[index] = Ended(
            state,
            returned.get(("create", index)),
            returned.get(("approved", index)),
            log.read_text(encoding="utf-8", errors="replace") if log.exists() else "",
        )
    return ends
