"""A plan as a page for reviewers: what changes, why, how it looks before and after, and what it costs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, Literal

from airflow_provider_nxlink.api.models import TemplateStatus
from airflow_provider_nxlink.preview.bubble import card_html, page_html
from airflow_provider_nxlink.preview.sources import message_of
from airflow_provider_nxlink.provisioning.options import DEFAULT_CREATES_PER_HOUR
from airflow_provider_nxlink.provisioning.plan import Action
from airflow_provider_nxlink.provisioning.report import Plan
from airflow_provider_nxlink.specs.diff import Difference

Operation = Literal["equal", "delete", "insert"]

# Kind of action → what is counted at the top; any other kind is counted under its own name.
COUNTED: Mapping[str, str] = {
    "delete": "to delete",
    "blocked": "blocked",
    "postponed": "to delete later",
    "update": "to update",
    "create": "to create",
    "keep": "kept",
    "unchanged": "unchanged",
}

# What this page shows in a way of its own; whatever else an action or a plan says is listed by its name.
_SHOWN = frozenset(
    {
        *("action", "name", "language", "id", "status", "status_name"),
        *("differences", "drift", "reason", "spec", "preview", "notes"),
        # Said by the reason, in the picture, or below in words of its own.
        *("rejected_reason", "blocked_by", "unmodelled", "not_returned", "compared"),
    }
)
_PLAN_SHOWN = frozenset({"plan", "counts", "refusal", "results", "notes", "never_returned", "creations"})
# As far as a plan does not say itself what its actions cost.
UPDATE_COST = (
    "takes it out of use until Meta has reviewed it, and uses one of its edits "
    "(1 per 24 hours, 10 per 30 days)"
)

_LABELS: Mapping[str, str] = {
    "not_compared": "Not compared, as the API does not return it",
    "may_be_removed": "May be removed, as the API does not return it and the spec does not set it",
}

# Placeholders, words, letters of scripts without blanks between words, blanks, anything else.
_WORDS = re.compile(
    r"\{\{[^{}]*+\}\}|[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+|\s+|[^\w\s]", re.UNICODE
)
# SequenceMatcher needs 1 s for two texts of this many words at worst, and eight times that for twice as many.
_MOST_WORDS = 600


def report_html(
    plan: Plan,
    *,
    examples: Mapping[str, str] | None = None,
    title: str = "Template plan",
    show_media: bool = False,
) -> str:
    """
    Return a self-contained page that can be attached to a pull request.

    :param plan: with the specs and the live templates of its actions.
    :param examples: what placeholders are filled with, by number or name.
    :param show_media: load the pictures of image headers, see ``bubble_html``.
    """
    actions = sorted(plan.actions, key=_urgency)
    shown = [action for action in actions if not _is_plain(action)]
    return page_html(
        "report.html",
        title,
        show_media=show_media,
        refusal=plan.refusal,
        counts=_counts(plan),
        notes=_plan_notes(plan),
        facts=list(_facts(plan, _PLAN_SHOWN)),
        changes=[_change(action, examples, show_media=show_media) for action in shown],
        same=[_title(action) for action in actions if _is_plain(action)],
    )


def word_diff(before: str, after: str) -> list[tuple[Operation, str]]:
    """
    Return what became of a text, word by word: pieces that are ``equal``, ``delete`` or ``insert``.

    Texts of more than 600 different words are compared line by line, and longer ones as a whole.

    >>> word_diff("20 % off", "25 % off")
    [('delete', '20'), ('insert', '25'), ('equal', ' % off')]
    """
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    head, tail = "".join(old[:start]), "".join(old[len(old) - end :])
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(old), len(new)) > _MOST_WORDS:
        old, new = ("".join(words).splitlines(keepends=True) for words in (old, new))
    pieces: list[tuple[Operation, str]] = [("equal", head)]
    if max(len(old), len(new)) > _MOST_WORDS:
        pieces += [("delete", "".join(old)), ("insert", "".join(new))]
    else:
        for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind == "equal":
                pieces.append(("equal", "".join(old[i1:i2])))
            else:
                pieces += [("delete", "".join(old[i1:i2])), ("insert", "".join(new[j1:j2]))]
    return _joined([*pieces, ("equal", tail)])


def costs(action: Action) -> list[str]:
    """Return what carrying out an action costs beside the change itself, and what else a reviewer needs."""
    in_use = action.live is not None and action.live.status == TemplateStatus.IN_USE
    notes = list(getattr(action, "notes", [UPDATE_COST] if action.kind == "update" and in_use else []))
    if action.kind == "create":
        allowed = DEFAULT_CREATES_PER_HOUR
        notes.append(f"counts as one of the {allowed} creations that Meta allows an account per hour")
    if action.kind in ("delete", "postponed") and in_use:
        notes.append("is in use now, and Meta locks the name of an approved template for 30 days")
    return notes


def _change(action: Action, examples: Mapping[str, str] | None, *, show_media: bool) -> dict[str, Any]:
    def card(source: Any, title: str) -> str:
        return card_html(message_of(source, rendered=True), examples, show_media=show_media, title=title)

    after = action.spec if action.kind in ("create", "update", "blocked", "unchanged") else None
    cards = []
    if action.live is not None and action.kind != "create":
        cards.append(card(action.live, "Will be deleted" if action.kind == "delete" else "Now"))
    if after is not None:
        titles = {"blocked": "Wanted", "unchanged": "Spec"}
        cards.append(card(after, titles.get(action.kind, "After")))
    return {
        "kind": action.kind,
        "title": _title(action),
        "status": action.live.status_name if action.live and action.live.status is not None else "",
        "reason": action.reason,
        "costs": costs(action),
        "facts": [*_drift(action), *_facts(action, _SHOWN), *_unseen(action)],
        "differences": [_difference(item) for item in action.differences],
        "cards": cards,
    }


def _difference(difference: Difference) -> dict[str, Any]:
    live, wanted = (as_text(value) for value in (difference.live, difference.wanted))
    return {"path": difference.path, "pieces": word_diff(live, wanted)}


def as_text(value: Any) -> str:
    """Return one side of a difference as lines of text; empty for nothing."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {as_text(item)}" for name, item in value.items() if item not in (None, []))
    if isinstance(value, list | tuple):
        return "\n".join(map(as_text, value))
    return str(value)


def _drift(action: Action) -> Iterator[tuple[str, str]]:
    for item in action.drift:
        yield item.path, f"{as_text(item.live)} at NXLink, {as_text(item.wanted)} in its spec"


def _facts(source: Action | Plan, shown: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield what is said and not shown otherwise, so that nothing of a plan is left out of its report."""
    for key, value in source.to_dict().items():
        if key in shown or value in (None, "", [], {}, (), False):
            continue
        yield _LABELS.get(key, key.replace("_", " ").capitalize()), _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(map(_plain, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict) else str(value)


def _unseen(action: Action) -> Iterator[tuple[str, str]]:
    """Yield what "unchanged" does not cover."""
    if action.kind != "unchanged":
        return
    if getattr(action, "compared", "full") == "content":
        yield "Compared", "category and content only"
    names = [name for name in getattr(action, "not_returned", ()) if name not in action.not_compared]
    if names:
        yield "Not in the spec, and the API did not return it", "; ".join(names)


def _is_plain(action: Action) -> bool:
    """Say whether there is nothing to tell of an action but that its template is as it should be."""
    told = (action.drift, action.reason, costs(action), list(_facts(action, _SHOWN)), list(_unseen(action)))
    return action.kind == "unchanged" and not any(told)


def _is_uncertain(action: Action) -> bool:
    return not getattr(action, "is_certain", not action.not_compared)


def _plan_notes(plan: Plan) -> list[str]:
    creations = getattr(plan, "creations", None)
    waits = creations is not None and getattr(creations, "waits", True)
    return [*getattr(plan, "notes", ()), *([f"{creations}."] if waits else [])]


def _counts(plan: Plan) -> list[tuple[str, str]]:
    known = [kind for kind in COUNTED if kind in plan.counts]
    others = sorted(kind for kind in plan.counts if kind not in COUNTED)
    counts = [(kind, f"{plan.counts[kind]} {COUNTED.get(kind, kind)}") for kind in (*known, *others)]
    uncertain = sum(action.kind == "unchanged" and _is_uncertain(action) for action in plan.actions)
    return [
        (kind, f"{text}, {uncertain} of them only as far as compared")
        if kind == "unchanged" and uncertain
        else (kind, text)
        for kind, text in counts
    ]


def _urgency(action: Action) -> int:
    kinds = list(COUNTED)
    return kinds.index(action.kind) if action.kind in kinds else 0


def _title(action: Action) -> str:
    return f"{action.ref.name} ({action.ref.language})"


def _common(old: list[str], new: list[str]) -> int:
    """Return how many words both begin with."""
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def _joined(pieces: list[tuple[Operation, str]]) -> list[tuple[Operation, str]]:
    """Return the pieces without empty ones, and neighbours of one kind as one."""
    found: list[tuple[Operation, str]] = []
    for kind, text in pieces:
        if text and found and found[-1][0] == kind:
            found[-1] = (kind, found[-1][1] + text)
        elif text:
            found.append((kind, text))
    return found
