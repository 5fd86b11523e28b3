"""The walk over the pages of the template list, without sending anything."""

from __future__ import annotations

import math
from collections import deque

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.calls import Call
from airflow_provider_nxlink.api.errors import NxlinkTransportError
from airflow_provider_nxlink.api.models import Template, TemplatePage

# A list that has no end is an error at this many templates. Meta allows a WhatsApp account 6 000.
MAX_TEMPLATES = 200_000
# How many more templates than the last ``total`` may come: those made while the list is read.
MAX_BEYOND_TOTAL = 100
# Pages may be shorter than asked for, as the largest page NXLink gives is not documented.
MAX_SHORT_PAGES = 1000

# A template made or changed meanwhile moves others onto the next page, not onto one far from theirs.
PAGES_REMEMBERED = 10


class PageWalk:
    """
    Says which page to ask for next, and which of its templates are new.

    ``while call := walk.next_call(): yield from walk.take(client.send(call))`` is the whole of its use.

    The end is where ``has_next_page`` is false, where a page is empty or brings nothing new, or, when the
    answer says nothing of a next page, where the page is short or ``total`` is reached. A page shorter than
    asked for with ``has_next_page`` true is not the end: the largest page NXLink gives is not documented.

    New is what none of the last ten pages had, so that a long list takes no more memory than a short one. A
    page whose templates are those of page 1, 2, 4, 8, … brings nothing new, either: a list that begins anew
    would never end.

    A list that goes on beyond its own ``total`` by more than 100 templates, beyond 200 000 templates, or
    beyond 1000 pages more than those would take, is an error: :meth:`take` raises it.

    :param name: what NXLink is to look for; None for all.
    :param expected: how many templates there are at least, as far as is known.
    """

    def __init__(self, account: Account, name: str | None = None, *, expected: int = 0) -> None:
        self._account = account
        self._name = name
        self._number: int | None = 1
        self._seen: set[object] = set()
        # What each of the last pages brought, the oldest first.
        self._brought: deque[list[object]] = deque()
        self._taken = 0
        # Of pages 1, 2, 4, 8, …, as one number each.
        self._milestones: set[int] = set()
        # As far as is known before the first page, and then as the last page says.
        self._pages = math.ceil(expected / account.page_size)

    def next_call(self) -> Call[TemplatePage] | None:
        """Return the call for the next page, or None at the end."""
        if self._number is None:
            return None
        return calls.list_templates(self._account, self._number, name=self._name)

    def next_calls(self, most: int) -> list[Call[TemplatePage]]:
        """
        Return the calls for the next pages, up to as many as the last page's ``total`` makes likely.

        What they give is taken in this order, and only while there is a next call: where the total was wrong,
        the pages say so.

        :param most: how many calls at most, 1 or more.
        """
        if self._number is None:
            return []
        last = min(self._number + most - 1, max(self._number, self._pages))
        numbers = range(self._number, last + 1)
        return [calls.list_templates(self._account, number, name=self._name) for number in numbers]

    def take(self, page: TemplatePage) -> list[Template]:
        """
        Return the page's templates that none of the last pages had.

        :raises NxlinkTransportError: the list does not end.
        """
        keys: list[object] = [
            (template.name, template.language) if template.id is None else template.id
            for template in page.templates
        ]
        new = [] if self._begins_anew(keys) else self._unseen(page, keys)
        self._taken += len(new)
        number = self._number or 0
        self._number = number + 1 if new and self._more_after(page) else None
        if self._number is not None:
            self._refuse_endless(number, page.total)
        self._pages = math.ceil((page.total or 0) / self._account.page_size)
        return new

    def _unseen(self, page: TemplatePage, keys: list[object]) -> list[Template]:
        new, brought, seen = [], [], self._seen
        for key, template in zip(keys, page.templates, strict=True):
            if key not in seen:
                seen.add(key)
                brought.append(key)
                new.append(template)
        self._brought.append(brought)
        if len(self._brought) > PAGES_REMEMBERED:
            seen.difference_update(self._brought.popleft())
        return new

    def _begins_anew(self, keys: list[object]) -> bool:
        number, mark = self._number or 1, hash(tuple(keys))
        if mark in self._milestones:
            return True
        if number.bit_count() == 1:
            self._milestones.add(mark)
        return False

    def _refuse_endless(self, pages: int, total: int | None) -> None:
        limit = MAX_TEMPLATES
        if total is not None:
            limit = min(limit, max(total, 0) + MAX_BEYOND_TOTAL)
        most_pages = math.ceil(MAX_TEMPLATES / self._account.page_size) + MAX_SHORT_PAGES
        if self._taken <= limit and pages < most_pages:
            return
        said = "" if total is None else f", total says {total}"
        raise NxlinkTransportError(
            f"list templates: no end after {self._taken} templates on {pages} pages{said}; "
            "the response claims that there are more"
        )

    def _more_after(self, page: TemplatePage) -> bool:
        if page.has_next_page is not None:
            return page.has_next_page
        if page.total is not None and self._taken >= page.total:
            return False
        return len(page.templates) >= self._account.page_size
