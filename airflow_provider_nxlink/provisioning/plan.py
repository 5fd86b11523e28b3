"""
What would have to be done so that a template is what its spec says; nothing is sent here.

Meta lets a template be edited while it is approved, rejected or paused, and never changes back a category it
has given: see https://developers.facebook.com/docs/whatsapp/message-templates/guidelines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from airflow_provider_nxlink.api.models import Template, TemplateRef, TemplateStatus
from airflow_provider_nxlink.provisioning.options import Rules
from airflow_provider_nxlink.provisioning.write import is_sent, ref_of
from airflow_provider_nxlink.specs.buttons import BUTTON_NEEDS
from airflow_provider_nxlink.specs.diff import Difference, diff, not_told
from airflow_provider_nxlink.specs.fields import CATEGORIES
from airflow_provider_nxlink.specs.model import TemplateSpec

Kind = Literal["create", "update", "unchanged", "blocked", "delete", "postponed", "keep"]

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
    :param not_compared: what the spec sets and NXLink does not show.
    :param reason: why it is blocked, and the way out; why it is deleted, postponed or kept.
    :param stored: ``stored differently`` or ``not yet visible`` where an earlier run has sent this very spec
        and NXLink shows something else, so that nothing is sent again.
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

    @property
    def awaits_verdict(self) -> bool:
        """True where it is blocked only until Meta's verdict."""
        return self.kind == "blocked" and self.live is not None and self.live.status in UNDER_REVIEW

    @property
    def changes(self) -> bool:
        """True where the template is not as it should be."""
        return self.kind not in ("unchanged", "keep")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        status = None if self.live is None else self.live.status
        return {
            "action": self.kind,
            "name": self.ref.name,
            "language": self.ref.language,
            "id": None if self.live is None else self.live.id,
            "status": status,
            "status_name": None if self.live is None else self.live.status_name,
            "differences": [difference.to_dict() for difference in self.differences],
            "drift": [difference.to_dict() for difference in self.drift],
            "not_compared": list(self.not_compared),
            "reason": self.reason,
            "stored": self.stored,
            "preview": None if self.spec is None else self.spec.preview(),
        }


def plan_template(spec: TemplateSpec, live: Template | None, rules: Rules) -> Action:
    """
    Say what is to be done so that a template is what ``spec`` says.

    :param spec: rendered and checked.
    :param live: what is there; with its details where ``rules.needs_details``.
    """
    ref = ref_of(spec)
    if live is None or live.status == TemplateStatus.DELETED:
        return Action("create", ref, spec, live)
    shown: Literal["full", "content"] = "full" if rules.needs_details else "content"
    found = diff(spec, live, compare=shown)
    # A rejected template may be sent in under another category; any other keeps the one Meta gave it.
    drift = tuple(
        item for item in found if item.path == "category" and live.status != TemplateStatus.REJECTED
    )
    differences = tuple(item for item in found if item not in drift)
    missing = tuple(not_told(spec, live)) if rules.compare == "full" else ()

    plan = Action("update", ref, spec, live, differences, drift, missing)
    if drift and rules.on_category_change == "fail":
        return replace(plan, kind="blocked", reason=_recategorised(drift[0], rules))
    if not differences and not _sent_anyway(spec, live, rules):
        return replace(plan, kind="unchanged")
    if reason := _obstacle(spec, live, drifted=bool(drift)):
        if live.status in UNDER_REVIEW and rules.surface == "python":
            reason += f", or {rules.said('wait_for_approval', True)}"
        return replace(plan, kind="blocked", reason=reason)
    # Meta refuses an update that names another category than the one it gave.
    return replace(plan, spec=_in_category(spec, live.category)) if drift else plan


def _sent_anyway(spec: TemplateSpec, live: Template, rules: Rules) -> bool:
    return rules.compare == "always" and not (rules.resuming and is_sent(spec, live))


def _obstacle(spec: TemplateSpec, live: Template, *, drifted: bool) -> str:
    """Say why no update is possible, and the way out; empty where one is."""
    advice = NOT_EDITABLE.get(live.status or 0)
    if advice and not _unseen_by_meta(spec, live):
        return f"differs, but is {live.status_name} ({live.status}): {advice}"
    if drifted and live.category not in CATEGORIES:
        return f"is {live.category} at NXLink, which its API does not let anybody edit"
    return ""


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


# What a spec can say; the rest of a template would be lost with it.
MODELLED_COMPONENTS = frozenset({"HEADER", "BODY", "FOOTER", "BUTTONS"})
MODELLED_HEADERS = frozenset({"TEXT", "IMAGE", "VIDEO", "DOCUMENT"})


def unmodelled(live: Template) -> str | None:
    """Name the part of a template's details that no spec can say; None where there is none or no details."""
    for component in live.components or []:
        kind = str(component.get("type") or "").upper()
        if kind not in MODELLED_COMPONENTS:
            return f"contains {kind or 'a component without a type'}"
        if kind == "HEADER" and str(component.get("format") or "TEXT").upper() not in MODELLED_HEADERS:
            return f"contains a {component['format']} header"
        buttons = component.get("buttons") or []
        if not isinstance(buttons, list):
            return "contains buttons of an unknown form"
        for button in buttons:
            if reason := _unmodelled_button(button):
                return reason
    return None


def _unmodelled_button(button: Any) -> str | None:
    kind = str(button.get("type") or "").upper() if isinstance(button, Mapping) else ""
    if kind not in BUTTON_NEEDS:
        return f"contains a {kind or 'broken'} button"
    if kind == "QUICK_REPLY" and not isinstance(button.get("buttonReqs"), Mapping):
        return "contains a quick reply whose events are not known"
    return None
