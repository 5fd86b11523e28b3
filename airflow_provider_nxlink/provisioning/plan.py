"""
What would have to be done so that a template is what its spec says; nothing is sent here.

Meta lets a template be edited while it is approved, rejected or paused, and never changes back a category it
has given: see https://developers.facebook.com/docs/whatsapp/message-templates/guidelines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from airflow_provider_nxlink.api.models import Template, TemplateRef, TemplateStatus
from airflow_provider_nxlink.provisioning import guard
from airflow_provider_nxlink.provisioning.options import Rules
from airflow_provider_nxlink.provisioning.write import is_sent, ref_of
from airflow_provider_nxlink.specs.diff import Difference, diff, not_told
from airflow_provider_nxlink.specs.live import NEVER_RETURNED, has_details, not_returned, unmodelled
from airflow_provider_nxlink.specs.model import TemplateSpec

Kind = Literal["create", "update", "unchanged", "blocked", "delete", "postponed", "keep"]
BlockedBy = Literal["", "status", "category", "unmodelled", "unconfirmed"]

# A verdict will come by itself, and with it a status that can be edited or one that says what is wrong.
UNDER_REVIEW = frozenset({TemplateStatus.PENDING, TemplateStatus.APPEALED})

# Where Meta takes no edit, what to do instead. A status nobody documents is tried: NXLink knows better.
NOT_EDITABLE: Mapping[int, str] = {
    TemplateStatus.PENDING: "Meta is reviewing it: apply again after the verdict",
    TemplateStatus.APPEALED: "a person at Meta decides within 24 hours: apply again after that",
    TemplateStatus.UNAVAILABLE: (
        "Meta has disabled it, and neither edits nor deletes it: give the new text another name, or ask in "
        "NXLink's console"
    ),
    TemplateStatus.PENDING_DELETION: (
        "it is being deleted: give the new text another name, as Meta locks the name of an approved template "
        "for 30 days"
    ),
    TemplateStatus.EXCEEDED_LIMIT: (
        "the account has as many templates as it may have: delete some in NXLink, then apply again"
    ),
}


# What an unchanged template of these can't be used for all the same, and what to do about it.
NOT_IN_USE: Mapping[int, str] = {
    TemplateStatus.REJECTED: "Meta rejected it: change the text and apply again",
    TemplateStatus.PAUSED: "Meta has paused it for low quality: it can't be sent until that ends",
    TemplateStatus.UNAVAILABLE: "Meta has disabled it: use another name, or ask in NXLink's console",
    TemplateStatus.PENDING_DELETION: "it is being deleted",
    TemplateStatus.EXCEEDED_LIMIT: "the account has as many templates as it may have",
}


@dataclass(frozen=True)
class Action:
    """
    What is to be done about one template.

    :param kind: ``create``, ``update``, ``unchanged`` or ``blocked``; ``delete``, ``postponed`` (deleted by a
        later run) or ``keep`` (never deleted) where prune found a template that is no spec.
    :param ref: which template; its id where it has one.
    :param spec: what it should be, as it is to be sent; None where it is to be deleted.
    :param live: what it is; None where there is none.
    :param differences: what an update changes.
    :param drift: a category that Meta has given it, which no update changes back.
    :param not_compared: what the spec sets and the API does not return.
    :param reason: why it is blocked, and the way out; why it is deleted, postponed or kept.
    :param stored: ``stored differently`` or ``not yet visible`` where an earlier run has sent this very spec
        and NXLink shows something else, so that nothing is sent again.
    :param not_returned: everything that the API does not return of it and that was to be compared.
    :param compared: ``content`` where only what the list returns was compared.
    :param unmodelled: what it contains that this tool cannot preserve.
    :param blocked_by: ``status``, ``category``, ``unmodelled`` or ``unconfirmed`` where it is blocked.
    """

    kind: Kind
    ref: TemplateRef
    spec: TemplateSpec | None = None
    live: Template | None = None
    differences: tuple[Difference, ...] = ()
    drift: tuple[Difference, ...] = ()
    not_compared: tuple[str, ...] = ()
    reason: str = ""
    stored: str = ""
    not_returned: tuple[str, ...] = ()
    compared: Literal["full", "content"] = "full"
    unmodelled: tuple[str, ...] = ()
    blocked_by: BlockedBy = ""

    @property
    def awaits_verdict(self) -> bool:
        """True where it is blocked only until Meta's verdict."""
        if self.kind != "blocked" or self.blocked_by not in ("", "status") or self.live is None:
            return False
        return self.live.status in UNDER_REVIEW

    @property
    def changes(self) -> bool:
        """True where the template is not as it should be."""
        return self.kind not in ("unchanged", "keep")

    @property
    def may_be_removed(self) -> tuple[str, ...]:
        """What an update may remove: the spec does not set it, and the API does not return it."""
        if self.kind != "update":
            return ()
        return tuple(name for name in self.not_returned if name not in self.not_compared)

    @property
    def is_certain(self) -> bool:
        """False where "unchanged" holds only for what the API returns, or for what was compared."""
        return not self.not_returned and self.compared == "full"

    @property
    def status_reason(self) -> str:
        """Why an unchanged template can't be used, with what Meta says about it; empty where it can."""
        if self.kind != "unchanged" or self.live is None:
            return ""
        advice = NOT_IN_USE.get(-1 if self.live.status is None else self.live.status, "")
        return advice and _with_rejection(advice, self.live)

    @property
    def notes(self) -> list[str]:
        """What else a reviewer has to know: what an update costs, what has to be given again."""
        if self.kind == "unchanged":
            return [self.status_reason] if self.status_reason else []
        if self.spec is None or self.kind not in ("create", "update"):
            return []
        if self.kind == "update" and self.live is not None:
            return guard.update_notes(self.spec, self.live)
        notes = guard.sample_notes(self.spec)
        if names := self.spec.still_unconfirmed:
            notes.append(f"its spec lists {', '.join(names)} as unconfirmed: created without")
        return notes

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        live = self.live
        return {
            "action": self.kind,
            "name": self.ref.name,
            "language": self.ref.language,
            "id": None if live is None else live.id,
            "status": None if live is None else live.status,
            "status_name": None if live is None else live.status_name,
            "rejected_reason": None if live is None else live.rejected_reason,
            "differences": [difference.to_dict() for difference in self.differences],
            "drift": [difference.to_dict() for difference in self.drift],
            "not_compared": list(self.not_compared),
            "may_be_removed": list(self.may_be_removed),
            "not_returned": list(self.not_returned),
            "compared": self.compared,
            "unmodelled": list(self.unmodelled),
            "reason": self.reason,
            "blocked_by": self.blocked_by,
            "stored": self.stored,
            "notes": self.notes,
            "preview": None if self.spec is None else self.spec.preview(),
        }


def plan_template(spec: TemplateSpec, live: Template | None, rules: Rules) -> Action:
    """
    Say what is to be done so that a template is what ``spec`` says.

    :param spec: rendered and checked.
    :param live: what is there; with its details where ``rules.needs_details``, and for any update that is to
        be carried out.
    """
    ref = ref_of(spec)
    if live is None or live.status == TemplateStatus.DELETED:
        return Action("create", ref, spec, live)
    shown: Literal["full", "content"] = "content" if rules.compare == "content" else "full"
    is_read = shown == "full" or has_details(live)
    # An update replaces the whole template, so all of it is shown, whatever was asked to be compared.
    found = diff(spec, live, examples=True)
    # A rejected template may be sent in under another category; any other keeps the one Meta gave it.
    drift = tuple(
        item for item in found if item.path == "category" and live.status != TemplateStatus.REJECTED
    )
    differences = tuple(item for item in found if item not in drift)
    deciding = [item for item in diff(spec, live, compare=shown) if item not in drift]
    plan = Action(
        "update",
        ref,
        spec,
        live,
        differences,
        drift,
        tuple(not_told(spec, live)) if is_read else (),
        not_returned=not_returned(live) if is_read else (),
        unmodelled=unmodelled(live),
    )
    is_equal = not deciding and not _sent_anyway(spec, live, rules)
    if blocked := _obstacle(spec, live, drift, rules, is_equal=is_equal):
        by, reason = blocked
        return replace(plan, kind="blocked", reason=reason, blocked_by=by)
    if is_equal:
        plan = replace(plan, kind="unchanged", differences=())
        return plan if shown == "full" else replace(plan, not_compared=(), not_returned=(), compared=shown)
    # Meta refuses an update that names another category than the one it gave.
    return replace(plan, spec=_in_category(spec, live.category)) if drift else plan


def never_returned(actions: Iterable[Action]) -> tuple[str, ...]:
    """Return the fields that no call returns, where a plan compares any template with what is there."""
    compared = any(action.spec is not None and action.live is not None for action in actions)
    return NEVER_RETURNED if compared else ()


def _with_rejection(advice: str, live: Template) -> str:
    return f"{advice} (reason: {live.rejected_reason})" if live.rejected_reason else advice


def _sent_anyway(spec: TemplateSpec, live: Template, rules: Rules) -> bool:
    return rules.compare == "always" and not (rules.resuming and is_sent(spec, live))


def _obstacle(
    spec: TemplateSpec, live: Template, drift: Sequence[Difference], rules: Rules, *, is_equal: bool
) -> tuple[BlockedBy, str] | None:
    """Return what blocks the template, and why with the way out: first what a verdict does not change."""
    if reason := guard.beyond_specs(live):
        return "unmodelled", reason
    if drift and rules.on_category_change == "fail":
        return "category", _recategorised(drift[0], rules)
    if is_equal:
        return None
    advice = NOT_EDITABLE.get(live.status or 0)
    found: list[tuple[BlockedBy, str]] = [
        ("unconfirmed", guard.not_confirmed(spec, live)),
        ("category", guard.not_editable(live)),
    ]
    if advice and not _unseen_by_meta(spec, live):
        if live.status in UNDER_REVIEW and rules.surface == "python":
            advice += f", or {rules.said('wait_for_approval', True)}"
        found.append(("status", f"differs, but is {live.status_name} ({live.status}): {advice}"))
    return next(((by, reason) for by, reason in found if reason), None)


def _in_category(spec: TemplateSpec, category: str | None) -> TemplateSpec:
    return TemplateSpec(**{**spec.to_dict(), "category": category})


def _unseen_by_meta(spec: TemplateSpec, live: Template) -> bool:
    """Say whether it only looks as though it was under review: Meta knows nothing of it."""
    return spec.syn_meta is False and live.status == TemplateStatus.PENDING


def _recategorised(drift: Difference, rules: Rules) -> str:
    return (
        f"is {drift.live} at NXLink and {drift.wanted} in its spec: Meta decides on categories, so write "
        f"{drift.live} into the spec, or accept it with {rules.said('on_category_change', 'warn')}"
    )
