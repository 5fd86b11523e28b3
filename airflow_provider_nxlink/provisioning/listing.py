"""The whole list, with several of its pages asked for at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.api.paging import PageWalk
from airflow_provider_nxlink.provisioning.parallel import in_parallel

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import NxlinkClient


def listed(client: NxlinkClient, at_once: int, expected: int = 0) -> list[Template]:
    """
    Return all templates, as ``list(client.templates())`` does with one page after the other.

    :param at_once: how many pages at a time, once the first has said how many there are.
    :param expected: how many templates there are at least: their pages are not waited for with the first.
    """
    walk = PageWalk(client.account, expected=expected)
    found: list[Template] = []
    while ahead := walk.next_calls(at_once):
        pages = dict(in_parallel(lambda index: client.send(ahead[index]), range(len(ahead)), at_once))
        for index in sorted(pages):
            found += walk.take(pages[index])
            if walk.next_call() is None:
                break
    return found
