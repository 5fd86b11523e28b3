"""Reads what is waited for from the template list, with few requests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from airflow_provider_nxlink.api.models import Template, TemplatePage, TemplateRef, TemplateStatus
from airflow_provider_nxlink.api.paging import PageWalk

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.calls import Call
    from airflow_provider_nxlink.api.client import AsyncNxlinkClient

_ALL_FIELDS = set(Template.model_fields)


@dataclass(frozen=True)
class Wanted:
    """
    What the triggers that share a poll look for.

    :param refs: the templates that somebody waits for.
    :param waiting: the statuses at which all of them wait on, so that nobody needs more of such a template.
    :param everything: whether somebody watches the whole list.
    """

    refs: frozenset[TemplateRef] = frozenset()
    waiting: frozenset[int] = frozenset()
    everything: bool = False

    @classmethod
    def together(cls, parts: Iterable[Wanted]) -> Wanted:
        """Return what all of them look for."""
        refs: set[TemplateRef] = set()
        waiting, everything = frozenset[int](TemplateStatus), False
        for part in parts:
            refs |= part.refs
            if not part.everything:
                waiting &= part.waiting
            everything = everything or part.everything
        return cls(frozenset(refs), waiting, everything)


@dataclass(frozen=True)
class Snapshot:
    """
    What one poll saw.

    Reviews take hours, and thousands may be waited for: what is still in review is here as its status alone.

    :param asked: what it looked for; it says nothing of other templates.
    :param found: the template that each reference means, where there is one.
    :param everything: the whole list, where somebody watches it.
    :param error: why this poll failed, where it is not known to pass; None when it succeeded.
    :param account: the identity of the account that was asked.
    """

    asked: Wanted = Wanted()
    found: dict[TemplateRef, Template] = field(default_factory=dict)
    everything: list[Template] = field(default_factory=list)
    error: Exception | None = None
    account: str | None = None

    def covers(self, ref: TemplateRef, waiting: frozenset[int]) -> bool:
        """
        Say whether it tells all that the wait for ``ref`` needs to know.

        :param waiting: the statuses at which that wait goes on.
        """
        return ref in self.asked.refs and self.asked.waiting <= waiting

    def add(self, template: Template, refs: Iterable[TemplateRef]) -> None:
        """
        Take a template in.

        :param refs: the references that may mean it.
        """
        # Pydantic notes for each template which fields it was given: as much memory as all the rest of it.
        object.__setattr__(template, "__pydantic_fields_set__", _ALL_FIELDS)
        if self.asked.everything:
            self.everything.append(template)
        for ref in refs:
            there = self.found.get(ref)
            if ref.matches(template) and (there is None or (_is_live(template) and not _is_live(there))):
                status_is_enough = template.status in self.asked.waiting
                self.found[ref] = _status_alone(template.status) if status_is_enough else template


class TemplateReader:
    """
    Reads the list for the price of min(distinct names, list pages until all are found), in requests.

    Which of the two is less can't be known before, as the order of NXLink's list is not documented. So some
    first pages are tried, and what they gave decides how many are tried the next time: as many as make pages
    and the names still to be asked for the least together, none if they did not pay for themselves.
    """

    def __init__(self, client: AsyncNxlinkClient) -> None:
        self._client = client
        self._refs: frozenset[TemplateRef] = frozenset()
        self._pages_to_try = 0
        self._pages_tried = 0

    async def read(self, wanted: Wanted) -> Snapshot:
        """Return what the list has of ``wanted``."""
        snapshot = Snapshot(wanted)
        named: dict[str | None, list[TemplateRef]] = {}
        nameless: dict[str, list[TemplateRef]] = {}
        for ref in wanted.refs:
            if ref.name is None:
                nameless.setdefault(str(ref.id), []).append(ref)
            else:
                named.setdefault(ref.name, []).append(ref)
        if wanted.everything or nameless:
            async for template in self._client.templates():
                snapshot.add(template, [*named.get(template.name, ()), *nameless.get(str(template.id), ())])
            return snapshot
        if wanted.refs - self._refs:
            self._pages_to_try = 0 if len(named) == 1 else max(1, len(named) // 4)
            self._pages_tried = 0
        self._refs = wanted.refs
        missing = await self._try_pages(named, snapshot) if self._pages_to_try else set(named)
        for name in sorted(name for name in missing if name is not None):
            async for template in self._client.templates(name):
                snapshot.add(template, named[name])
        return snapshot

    async def _try_pages(
        self, named: Mapping[str | None, list[TemplateRef]], snapshot: Snapshot
    ) -> set[str | None]:
        """Read pages while they are worth it, and return the names that are still to be asked for."""
        walk = PageWalk(self._client.account)
        missing = set(named)
        pages, costs = 0, [len(named)]
        while missing and (call := walk.next_call()):
            listed = await self._read_page(call, walk, named, snapshot)
            pages += 1
            missing -= {
                name for name in missing if all(_is_live(snapshot.found.get(ref)) for ref in named[name])
            }
            costs.append(pages + len(missing))
            # Where the rest of the list is no longer than the names that are left, it costs no more.
            rest = math.inf if listed is None else listed / self._client.account.page_size - pages
            if len(missing) < rest and not 0 < self._pages_to_try - pages <= len(missing):
                break
        if walk.next_call() is None:
            missing, costs[pages] = set(), pages  # the whole list was read: what is not in it is not there
        self._learn(costs, all_found=not missing)
        return missing

    async def _read_page(
        self,
        call: Call[TemplatePage],
        walk: PageWalk,
        named: Mapping[str | None, list[TemplateRef]],
        snapshot: Snapshot,
    ) -> int | None:
        """Take a page in, keep nothing else of it, and return how many templates it says there are."""
        page = await self._client.send(call)
        for template in walk.take(page):
            snapshot.add(template, named.get(template.name, ()))
        return page.total

    def _learn(self, costs: list[int], *, all_found: bool) -> None:
        """
        Decide how many pages the next poll of the same templates tries.

        :param costs: the requests that this poll takes if it stops after none, one, two … pages.
        """
        self._pages_tried = max(len(costs) - 1, self._pages_tried)
        worth = min(range(len(costs)), key=costs.__getitem__)
        if worth == self._pages_tried and not all_found:
            worth += 1  # nobody has looked at the next page, which may hold the rest
        self._pages_to_try = worth


@cache
def _status_alone(status: int | None) -> Template:
    return Template(status=status)


def _is_live(template: Template | None) -> bool:
    # A deleted template may have a successor of the same name further down.
    return template is not None and template.status != TemplateStatus.DELETED
