"""
What would have to be done about many templates: one read of the list, details only where needed.

Deletions are planned with more care than anything else: NXLink keeps no copy, and Meta locks the name of a
deleted template for 30 days. What matches the pattern and is not deleted is listed with the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink.api import writes
from airflow_provider_nxlink.api.errors import TemplateNotFoundError
from airflow_provider_nxlink.api.models import Template, TemplateRef, TemplateStatus
from airflow_provider_nxlink.provisioning.apply import planned
from airflow_provider_nxlink.provisioning.gather import Collected, refuse_twins
from airflow_provider_nxlink.provisioning.options import Options
from airflow_provider_nxlink.provisioning.parallel import in_parallel
from airflow_provider_nxlink.provisioning.plan import Action
from airflow_provider_nxlink.provisioning.remembered import Remembered
from airflow_provider_nxlink.provisioning.report import Plan
from airflow_provider_nxlink.provisioning.write import ref_of, with_details
from airflow_provider_nxlink.specs.fields import CATEGORIES
from airflow_provider_nxlink.specs.live import unmodelled
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.nodes import Node, SpecMapping
from airflow_provider_nxlink.specs.plain import has_braces

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import NxlinkClient

log = logging.getLogger(__name__)

# Nobody can send these, so that deleting one interrupts nothing. A paused template comes back by itself, and
# a status that is missing or unknown may be any: those wait as templates in use do.
NOT_SENDABLE = frozenset({TemplateStatus.REJECTED, TemplateStatus.PENDING, TemplateStatus.APPEALED})
SHOWN_NAMES = 5


@dataclass(frozen=True)
class Protected:
    """
    What prune leaves alone, beside what it never deletes.

    :param templates: by template, why it is kept.
    :param everything: why this run deletes nothing at all; empty where it may delete.
    :param skipped: the templates of files that cannot be used, as far as they are known.
    """

    templates: Mapping[TemplateRef, str] = field(default_factory=dict)
    everything: str = ""
    skipped: Collection[TemplateRef] = ()


def protected_by(found: Collected, render: Callable[[SpecMapping], Any] | None = None) -> Protected:
    """
    Return what prune leaves alone because a file names it that was not used, or not whole.

    :param found: what the files hold.
    :param render: fills the Jinja of a template in; raises where it can't. None where nothing is rendered.
    """
    templates: dict[TemplateRef, str] = {}
    uncertain = ""
    for file in found.broken:
        uncertain = f"nothing is deleted in this run, as {file} cannot be used and may name any template"
    unused = [(one, "which cannot be used") for one in found.templates if _file(one) in found.broken]
    unused += [(one, "of which only other templates were given") for one in found.siblings]
    # Files of any kind may begin with a dot: what has no name is no template.
    unused += [
        (one, "which is left out, as its name begins with a dot")
        for one in found.hidden()
        if "name" in one and "language" in one
    ]
    for template, why in unused:
        file = template.place.file
        ref = _identity(template, render)
        if ref is None:
            uncertain = f"nothing is deleted in this run, as {file} has a template whose name is not known"
        else:
            templates.setdefault(ref, f"stands in {file}, {why}")
    skipped = {_identity(one, render) for one in found.templates if _file(one) in found.broken}
    return Protected(templates, uncertain, {ref for ref in skipped if ref is not None})


def _file(template: Any) -> str:
    return template.place.file if isinstance(template, SpecMapping) else ""


def _identity(template: SpecMapping, render: Callable[[SpecMapping], Any] | None) -> TemplateRef | None:
    """Return which template a file names; None where its Jinja can't be rendered."""
    # Nothing else is rendered: a text that can't be says nothing of the name.
    named = SpecMapping(_only(template, ("name", "language", "render")))
    try:
        plain = render(named) if render else named
    except Exception as error:  # noqa: BLE001 - Jinja raises whatever its expressions do
        log.debug("The name of a template in %s is not known: %s", template.place.file, error)
        return None
    name, language = plain.get("name"), plain.get("language")
    if not all(isinstance(part, str) and part and not has_braces(part) for part in (name, language)):
        return None
    return TemplateRef(name=name, language=language)


def _only(template: SpecMapping, fields: Collection[str]) -> Node:
    node = template.node
    return Node({key: item for key, item in node.value.items() if key in fields}, node.place)


def make_plan(
    client: NxlinkClient,
    specs: Sequence[TemplateSpec],
    listed: Iterable[Template],
    options: Options,
    *,
    done: Collection[TemplateRef] = (),
    protected: Protected | None = None,
    remembered: Remembered | None = None,
) -> Plan:
    """
    Say what is to be done so that templates are what ``specs`` say; nothing is sent but reads.

    :param specs: rendered and checked.
    :param listed: the whole list.
    :param done: what this run has written already: it is not compared again.
    :param protected: what prune leaves alone.
    :param remembered: what earlier runs saw of the templates that they wrote.
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
        action = planned(client, spec, live, options.rules)
        if remembered is None or options.rules.compare == "always":
            return action
        return remembered.named(action)

    wanted: list[Action] = []
    if not options.prune_only:
        # What is not there has no details to ask for.
        actions = {ref_of(spec): plan(spec) for spec in specs if ref_of(spec) not in by_ref}
        there = [spec for spec in specs if ref_of(spec) in by_ref]
        actions |= {
            ref_of(spec): action for spec, action in in_parallel(plan, there, options.max_concurrency)
        }
        wanted = [actions[ref_of(spec)] for spec in specs]
    if not options.prunes:
        return Plan(tuple(wanted))
    present = {ref: live for ref in by_ref if (live := ref.find_in(by_ref[ref])) and not writes.is_gone(live)}
    matching = _Prune(client, options, protected or Protected()).actions(present, map(ref_of, specs), wanted)
    return Plan((*wanted, *matching), _refusal(matching, present, options))


class _Prune:
    """What becomes of the templates that match the pattern and are not among the specs."""

    def __init__(self, client: NxlinkClient, options: Options, protected: Protected) -> None:
        self.client = client
        self.options = options
        self.protected = protected

    def actions(
        self,
        present: Mapping[TemplateRef, Template],
        specs: Iterable[TemplateRef],
        wanted: Sequence[Action],
    ) -> list[Action]:
        """Return one action for each such template: ``delete``, ``postponed`` or ``keep``."""
        pattern = self.options.prune_pattern or ""
        refs = sorted(present.keys() - set(specs), key=str)
        matching = [present[ref] for ref in refs if fnmatchcase(ref.name or "", pattern)]
        at_once = self.options.max_concurrency
        judged = dict(in_parallel(lambda index: self._judged(matching[index]), range(len(matching)), at_once))
        found = [action for index in range(len(matching)) if (action := judged[index]) is not None]
        waits = self._waits_for(wanted)
        return [
            replace(action, kind="postponed", reason=waits)
            if waits and action.kind == "delete" and self._is_held(action.live)
            else action
            for action in found
        ]

    def _judged(self, listed: Template) -> Action | None:
        """Return what is to be done about one template by itself; None if it is gone by now."""
        ref = TemplateRef.of(listed)
        if reason := self.protected.templates.get(TemplateRef(name=ref.name, language=ref.language), ""):
            return Action("keep", ref, None, listed, reason=reason)
        if reason := self.protected.everything or _undeletable(listed):
            return Action("keep", ref, None, listed, reason=reason)
        try:
            live = with_details(self.client, listed)
        except TemplateNotFoundError:
            return None
        if reason := _undeletable(live) or _irreplaceable(live):
            return Action("keep", ref, None, live, reason=reason)
        return Action("delete", ref, None, live, reason="matches and is not among the specs")

    def _waits_for(self, wanted: Sequence[Action]) -> str:
        """Say what deletions wait for; empty where they need not wait."""
        if self.options.prune_only:
            return ""
        if self.options.hold_deletions:
            return "is deleted once every template of the specs is in use"
        waiting = [action.ref for action in wanted if not _is_settled(action)]
        if not waiting:
            return ""
        return f"is deleted by a later run, when all specs are in use as they are; not yet: {_names(waiting)}"

    def _is_held(self, live: Template | None) -> bool:
        return self.options.hold_deletions or live is None or live.status not in NOT_SENDABLE


def _is_settled(action: Action) -> bool:
    """Say whether a template is what its spec says, and in use; or never will be, as Meta is not asked."""
    if action.kind != "unchanged" or action.live is None or action.spec is None:
        return False
    if action.stored == "not yet visible":
        return False
    return action.live.status == TemplateStatus.IN_USE or action.spec.syn_meta is False


def _undeletable(live: Template) -> str:
    """Say why a template is never deleted, as far as its row in the list tells."""
    if live.id is None:
        return "the list gives no id, and templates are deleted by id"
    if live.status == TemplateStatus.UNAVAILABLE:
        return "is UNAVAILABLE: Meta has disabled it, and does not delete it"
    category = (live.category or "").upper()
    if not category:
        return "its category is not known, and the API cannot create every category again"
    if category not in CATEGORIES:
        return f"is {category}, which the API cannot create again"
    return ""


def _irreplaceable(live: Template) -> str:
    """Say why a template is never deleted, as far as its details tell: no spec could bring it back."""
    if not live.components:
        return (
            "NXLink's details do not list its components, so it may have some that this tool cannot restore; "
            "delete it by its id or in NXLink's console"
        )
    what = ", ".join(unmodelled(live))
    return f"contains {what}, which this tool cannot restore" if what else ""


def _refusal(matching: Sequence[Action], present: Mapping[TemplateRef, Template], options: Options) -> str:
    """Say why none of a plan may be done; empty where it may."""
    going = [action.ref for action in matching if action.kind in ("delete", "postponed")]
    what = f"{options.prune_pattern!r} and are not among the specs"
    if len(going) > options.max_deletes:
        return (
            f"{len(going)} templates match {what}, more than "
            f"{options.rules.said('max_deletes', options.max_deletes)}, so nothing at all is done: "
            f"{_names(going)}. Check the specs and the account, or raise the limit"
        )
    now = [action.ref for action in matching if action.kind == "delete"]
    # A template that is renamed may be the only one: it goes when the new one is in use. A pattern that
    # matches any name renames nothing.
    everything = _leaves_none(now, present) or (
        _leaves_none(going, present) and _matches_any(options.prune_pattern)
    )
    if not everything or options.allow_delete_all:
        return ""
    return (
        f"{len(going)} templates match {what}, and no present template would be kept, so nothing at all is "
        f"done: {_names(going)}. Check the pattern and the account, or allow it with "
        f"{options.rules.said('allow_delete_all', True)}"
    )


def _leaves_none(going: Sequence[TemplateRef], present: Mapping[TemplateRef, Template]) -> bool:
    """Say whether nothing that could be sent would be left after these deletions."""
    gone = {TemplateRef(name=ref.name, language=ref.language) for ref in going}
    kept = (ref for ref, live in present.items() if live.status != TemplateStatus.UNAVAILABLE)
    return bool(going) and all(ref in gone for ref in kept)


def _matches_any(pattern: str | None) -> bool:
    """Say whether a pattern tells no names apart: it matches one that begins with any letter."""
    return all(fnmatchcase(f"{letter}_zq9_template", pattern or "") for letter in ascii_lowercase)


def _names(refs: Sequence[TemplateRef]) -> str:
    return ", ".join(_shown(refs))


def _shown(refs: Sequence[TemplateRef]) -> Iterator[str]:
    for ref in refs[:SHOWN_NAMES]:
        yield f"{ref.name} ({ref.language})"
    if len(refs) > SHOWN_NAMES:
        yield f"and {len(refs) - SHOWN_NAMES} more"
