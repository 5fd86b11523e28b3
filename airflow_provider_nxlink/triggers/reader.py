"""Reads what is waited for from the template list, with few requests."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_nxlink.api.models import Template, TemplateRef, TemplateStatus
from airflow_provider_nxlink.api.paging import PageWalk

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import AsyncNxlinkClient

# The templates somebody waits for, each with its name; None for all there are.
Wanted = frozenset[TemplateRef] | None

_ALL_FIELDS = set(Template.model_fields)


@dataclass(frozen=True)
class Snapshot:
    """
    What one poll saw.

    :param asked: what it looked for; None when it read the whole list. It says nothing of other templates.
    :param by_name: the templates it saw, by name.
    :param error: why polling is of no use any more; None while it is.
    """

    asked: Wanted = None
    by_name: dict[str | None, list[Template]] = field(default_factory=dict)
    error: Exception | None = None

    def covers(self, ref: TemplateRef) -> bool:
        """Say whether the template would have been seen if it was there."""
        return self.asked is None or ref in self.asked

    def find(self, ref: TemplateRef) -> Template | None:
        """Return the template that ``ref`` means; None if it is not there."""
        return ref.find_in(self.all() if ref.name is None else self.by_name.get(ref.name, ()))

    def all(self) -> Iterable[Template]:
        """Iterate over everything that was seen."""
        return (template for group in self.by_name.values() for template in group)

    def add(self, template: Template) -> None:
        """Take a template in."""
        # Pydantic notes for each template which fields it was given: as much memory as all the rest of it.
        object.__setattr__(template, "__pydantic_fields_set__", _ALL_FIELDS)
        self.by_name.setdefault(template.name, []).append(template)


class TemplateReader:
    """
    Reads the list for the price of min(distinct names, list pages until all are found), in requests.

    Which of the two is less can't be known before, as the order of NXLink's list is not documented. So some
    first pages are tried, and what they gave decides how many are tried the next time: as many as make pages
    and the names still to be asked for the least together, none if they did not pay for themselves.
    """

    def __init__(self, client: AsyncNxlinkClient) -> None:
        self._client = client
        self._wanted: frozenset[TemplateRef] = frozenset()
        self._pages_to_try = 0
        self._pages_tried = 0

    async def read(self, wanted: Wanted) -> Snapshot:
        """Return what the list has of ``wanted``; for None, the whole list."""
        snapshot = Snapshot(wanted)
        if wanted is None:
            async for template in self._client.templates():
                snapshot.add(template)
            return snapshot
        names = {ref.name for ref in wanted}
        if wanted - self._wanted:
            self._pages_to_try = 0 if len(names) == 1 else max(1, len(names) // 4)
            self._pages_tried = 0
        self._wanted = wanted
        missing = await self._try_pages(wanted, snapshot) if self._pages_to_try else names
        for name in sorted(name for name in missing if name is not None):
            snapshot.by_name[name] = []
            async for template in self._client.templates(name):
                if template.name == name:
                    snapshot.add(template)
        return snapshot

    async def _try_pages(self, wanted: frozenset[TemplateRef], snapshot: Snapshot) -> set[str | None]:
        """Read pages while they are worth it, and return the names that are still to be asked for."""
        walk = PageWalk(self._client.account)
        names = missing = {ref.name for ref in wanted}
        pages, costs = 0, [len(names)]
        while missing and (call := walk.next_call()):
            page = await self._client.send(call)
            pages += 1
            for template in walk.take(page):
                if template.name in names:
                    snapshot.add(template)
            missing = {ref.name for ref in wanted if not _is_live(snapshot.find(ref))}
            costs.append(pages + len(missing))
            # Where the rest of the list is no longer than the names that are left, it costs no more.
            rest = math.inf if page.total is None else page.total / self._client.account.page_size - pages
            if len(missing) < rest and not 0 < self._pages_to_try - pages <= len(missing):
                break
        if walk.next_call() is None:
            missing, costs[pages] = set(), pages  # the whole list was read: what is not in it is not there
        self._learn(costs, all_found=not missing)
        return missing

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


def _is_live(template: Template | None) -> bool:
    # A deleted template may have a successor of the same name further down.
    return template is not None and template.status != TemplateStatus.DELETED
