"""What would have to be done about many templates: one read of the list, details only where needed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from airflow_provider_nxlink.api import writes
from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.provisioning.apply import planned
from airflow_provider_nxlink.provisioning.gather import refuse_twins
from airflow_provider_nxlink.provisioning.options import Options
from airflow_provider_nxlink.provisioning.parallel import in_parallel
from airflow_provider_nxlink.provisioning.plan import Action
from airflow_provider_nxlink.provisioning.report import Plan
from airflow_provider_nxlink.provisioning.write import ref_of
from airflow_provider_nxlink.specs.model import TemplateSpec

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import NxlinkClient


def make_plan(
    client: NxlinkClient,
    specs: Sequence[TemplateSpec],
    listed: Iterable[Template],
    options: Options,
    *,
    done: Collection[TemplateRef] = (),
) -> Plan:
    """
    Say what is to be done so that templates are what ``specs`` say; nothing is sent but reads.

    :param specs: rendered and checked.
    :param listed: the whole list.
    :param done: what this run has written already: it is not compared again.
    :raises TemplateSpecError: two specs have the same name and language.
    """
    refuse_twins(specs)
    by_ref: dict[TemplateRef, list[Template]] = {}
    for template in listed:
        by_ref.setdefault(TemplateRef(name=template.name, language=template.language), []).append(template)

    def plan(spec: TemplateSpec) -> Action:
        ref = ref_of(spec)
        live = ref.find_in(by_ref.get(ref, ()))
        if ref in done and live is not None:
            return Action("unchanged", ref, spec, live)
        return planned(client, spec, live, options.rules)

    # What is not there has no details to ask for.
    actions = {ref_of(spec): plan(spec) for spec in specs if ref_of(spec) not in by_ref}
    there = [spec for spec in specs if ref_of(spec) in by_ref]
    actions |= {ref_of(spec): action for spec, action in in_parallel(plan, there, options.max_concurrency)}
    wanted = [actions[ref_of(spec)] for spec in specs]
    deletions = list(_deletions(by_ref, actions, options))
    return Plan((*wanted, *deletions), _refusal(deletions, options))


def _deletions(
    by_ref: dict[TemplateRef, list[Template]], wanted: Collection[TemplateRef], options: Options
) -> Iterable[Action]:
    if not options.prune or not options.prune_pattern:
        return
    for ref in sorted(by_ref.keys() - set(wanted), key=str):
        live = ref.find_in(by_ref[ref])
        if (
            live is None
            or live.id is None
            or writes.is_gone(live)
            or not fnmatchcase(ref.name or "", options.prune_pattern)
        ):
            continue
        yield Action("delete", TemplateRef.of(live), None, live, reason="matches and is not among the specs")


def _refusal(deletions: Sequence[Action], options: Options) -> str:
    if len(deletions) <= options.max_deletes:
        return ""
    names = ", ".join(f"{action.ref.name} ({action.ref.language})" for action in deletions[:5])
    more = ", …" if len(deletions) > 5 else ""
    return (
        f"{len(deletions)} templates match {options.prune_pattern!r} and are not among the specs, more than "
        f"max_deletes={options.max_deletes}, so nothing at all is done: {names}{more}. Check the specs and "
        "the account, or raise max_deletes"
    )
