"""Make one template be what its spec says, and send nothing when it is."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_nxlink.api import lookup, writes
from airflow_provider_nxlink.api.errors import (
    NxlinkError,
    NxlinkRequestError,
    TemplateExistsError,
    TemplateNotFoundError,
)
from airflow_provider_nxlink.api.models import Template, TemplateStatus
from airflow_provider_nxlink.provisioning.media import with_media
from airflow_provider_nxlink.provisioning.options import Rules
from airflow_provider_nxlink.provisioning.plan import Action, plan_template
from airflow_provider_nxlink.provisioning.write import ref_of, replace, with_details
from airflow_provider_nxlink.specs.diff import Difference
from airflow_provider_nxlink.specs.model import TemplateSpec

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import NxlinkClient

log = logging.getLogger(__name__)

Done = Literal["created", "updated", "unchanged"]


class TemplateBlockedError(NxlinkError):
    """
    A template differs from its spec and can't be changed now; the message says why, and the way out.

    :param action: what was planned; ``action.awaits_verdict`` where Meta's verdict will make it possible.
    """

    permanent = True

    def __init__(self, action: Action) -> None:
        self.action = action
        super().__init__(action)

    def __str__(self) -> str:
        """Say which template, why, and what to do."""
        changes = "".join(f"\n  - {difference}" for difference in self.action.differences)
        return f"{self.action.ref} {self.action.reason}{changes}"


@dataclass(frozen=True)
class Applied:
    """
    What became of one spec.

    :param action: ``created``, ``updated`` or ``unchanged``.
    :param template: the template as it is now.
    :param differences: what an update changed.
    :param drift: a category that Meta has given it.
    """

    action: Done
    template: Template
    differences: tuple[Difference, ...] = ()
    drift: tuple[Difference, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: the template, with ``action``, ``differences`` and ``drift``."""
        return self.template.to_dict() | self.about()

    def about(self) -> dict[str, Any]:
        """Return what was done, without the template."""
        return {
            "action": self.action,
            "differences": [difference.to_dict() for difference in self.differences],
            "drift": [difference.to_dict() for difference in self.drift],
        }

    def __getitem__(self, key: str) -> Any:
        """Read a field by the name it has in :meth:`to_dict`."""
        return self.to_dict()[key]


def apply(client: NxlinkClient, spec: TemplateSpec, rules: Rules | None = None) -> Applied:
    """
    Make a template be what ``spec`` says: create it, update it, or leave it alone.

    :param spec: rendered and checked.
    :raises TemplateBlockedError: it differs and can't be changed now.
    :raises NxlinkRequestError: NXLink does not take it.
    """
    rules = rules or Rules()
    live = lookup.find_template(client, ref_of(spec))
    try:
        return carry_out(client, planned(client, spec, live, rules))
    except TemplateExistsError as error:
        # Somebody made it in the meantime, or an earlier try did and the list was slow to show it.
        return carry_out(client, planned(client, spec, error.template, rules))


def planned(client: NxlinkClient, spec: TemplateSpec, live: Template | None, rules: Rules) -> Action:
    """
    Say what is to be done so that a template is what ``spec`` says; nothing is sent but reads.

    The details of a template are read where they are compared, and before any update: an update replaces the
    whole template, so the plan has to show all of it.

    :param live: as the list has it; None where there is none.
    """
    action = plan_template(spec, compared(client, live, rules), rules)
    if action.kind not in ("update", "blocked") or action.live is None or rules.needs_details:
        return action
    return plan_template(spec, _detailed(client, action.live), rules)


def compared(client: NxlinkClient, live: Template | None, rules: Rules) -> Template | None:
    """Return a template of the list with what it takes to compare it; None if it is gone by now."""
    if live is None or live.status == TemplateStatus.DELETED or not rules.needs_details:
        return live
    return _detailed(client, live)


def _detailed(client: NxlinkClient, live: Template) -> Template | None:
    try:
        return with_details(client, live)
    except TemplateNotFoundError:
        return None


def carry_out(client: NxlinkClient, action: Action, *, read_back: bool = True) -> Applied:
    """
    Do what was planned for one spec.

    :param read_back: return the template as the list has it afterwards.
    :raises TemplateBlockedError: it was planned as blocked.
    :raises TemplateExistsError: it is not absent any more.
    """
    tell(action)
    spec, live = action.spec, action.live
    if action.kind == "blocked" or spec is None:
        raise TemplateBlockedError(action)
    if action.kind == "create":
        created = _create(client, spec, read_back=read_back)
        return Applied("created", created)
    if live is None or action.kind == "unchanged":
        return Applied("unchanged", live or Template(), (), action.drift)
    updated = replace(client, spec, live, read_back=read_back)
    return Applied("updated", updated, action.differences, action.drift)


def tell(action: Action) -> None:
    """Log what is to be done, what it costs, and what the API leaves open."""
    ref = action.ref
    if action.kind == "update":
        changes = "; ".join(map(str, action.differences)) or 'no visible difference, compare="always"'
        log.info("%s will be updated: %s", ref, changes)
    for note in action.notes:
        log.warning("%s: the update %s" if action.kind == "update" else "%s: %s", ref, note)
    for item in action.drift:
        log.warning(
            "%s is %s at NXLink and %s in its spec: Meta's category stays", ref, item.live, item.wanted
        )
    if action.may_be_removed:
        log.warning(
            "%s: the API does not return %s, and its spec does not set them: the update removes them",
            ref,
            ", ".join(action.may_be_removed),
        )
    if action.kind in ("unchanged", "update") and action.not_compared:
        log.warning(
            "%s: the API does not return %s, so they are not compared; compare mode 'always' sends them",
            ref,
            ", ".join(action.not_compared),
        )


def _create(client: NxlinkClient, spec: TemplateSpec, *, read_back: bool) -> Template:
    body = with_media(client, spec).to_wire(client.account.tenant_id)
    try:
        return writes.create_template(client, body, read_back=read_back)
    except NxlinkRequestError as error:
        error.call = f"create {ref_of(spec)} (Meta locks the name of a deleted template for 30 days)"
        raise
