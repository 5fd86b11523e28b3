"""Listing 10 000 templates beside the same pages read with bare requests, and what it keeps in memory."""

from __future__ import annotations

import gc
import time
import tracemalloc
from typing import Any

import requests
from answering import answering
from creating import account_at
from rows import Row, in_turns

from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.client import NxlinkClient

TURNS = 15
PAGES = 100
PAGE_SIZE = 100


def measure(turns: int = TURNS, pages: int = PAGES) -> list[Row]:
    """
    Compare iterating over ``client.templates()`` with ``session.get(…).json()`` for each page.

    Ours signs, reads either spelling of each field, checks all of them, and looks for templates that moved
    between two pages. CPU time, as nothing else takes any: the server's answers are ready.
    """
    with answering([page(number, pages) for number in range(1, pages + 1)]) as url:
        account = account_at(url)
        with NxlinkClient(account) as client, requests.Session() as session:

            def ours() -> float:
                before = time.process_time()
                count = sum(1 for _ in client.templates())
                return checked(count, pages, time.process_time() - before)

            def bare() -> float:
                before = time.process_time()
                count = sum(len(bare_page(session, account, number)) for number in range(1, pages + 1))
                return checked(count, pages, time.process_time() - before)

            taken = in_turns(ours, bare, turns)
            held = [peak_bytes(client, up_to) for up_to in (pages // 10, pages)]
            kept = held_when_kept(client)
    ours_median, bare_median = (sorted(values)[len(values) // 2] for values in (taken.ours, taken.beside))
    count = pages * PAGE_SIZE
    return [
        Row(
            what=f"listing {count} templates ({pages} pages), all fields validated",
            beside="the same pages with bare requests and json",
            measured=taken.ratio,
            target=1.5,
            note="CPU time",
            details={
                "unit": "CPU seconds",
                "ours_ms_a_page": round(1000 * ours_median / pages, 3),
                "beside_ms_a_page": round(1000 * bare_median / pages, 3),
                **taken.to_dict(),
            },
        ),
        Row(
            what="memory that iterating takes on top for each further template",
            beside="what a template takes that is kept",
            measured=(held[1] - held[0]) / (count - count // 10) / (kept / count),
            target=0.05,
            note=f"{held[0] / 1e6:.2f} MB over {pages // 10} pages, {held[1] / 1e6:.2f} MB over {pages}",
            details={
                "peak_bytes": {str(pages // 10): held[0], str(pages): held[1]},
                "bytes_of_the_list_when_kept": kept,
            },
        ),
    ]


def page(number: int, pages: int) -> dict[str, Any]:
    """Return a page as NXLink's documentation shows it."""
    first = (number - 1) * PAGE_SIZE
    data = {
        "total": pages * PAGE_SIZE,
        "page_number": number,
        "page_size": PAGE_SIZE,
        "has_next_page": number < pages,
        "list": [template(first + index) for index in range(PAGE_SIZE)],
    }
    return {"code": 0, "message": "", "traceId": "0a1b2c3d", "data": data}


def template(number: int) -> dict[str, Any]:
    """Return a template as the list has it."""
    return {
        "id": 100_000 + number,
        "name": f"order_shipped_{number:05}",
        "language": "en_US",
        "category": "UTILITY",
        "category_type": 2,
        "content": f"Hello {{{{1}}}}, your order {number} is on its way to you and arrives in two days.",
        "status": 2,
        "quality": "GREEN",
        "waRejectedReason": "",
        "created_at": "2026-01-01 12:00:00",
        "updated_at": "2026-01-02 12:00:00",
    }


def bare_page(session: requests.Session, account: Account, number: int) -> list[Any]:
    """Return a page's rows, read as one would without a client."""
    answer = session.get(
        f"{account.base_url}/saas/wa/template/{account.phone}",
        params={"page_number": number, "page_size": PAGE_SIZE, "tenant_id": account.tenant_id},
        timeout=(10, 30),
    )
    rows: list[Any] = answer.json()["data"]["list"]
    return rows


def checked(count: int, pages: int, seconds: float) -> float:
    """Return the seconds, if everything was read."""
    if count != pages * PAGE_SIZE:
        raise RuntimeError(f"{count} templates instead of {pages * PAGE_SIZE}")
    return seconds


def peak_bytes(client: NxlinkClient, pages: int) -> int:
    """Return the most that was held at a time while iterating over the first pages."""
    gc.collect()
    tracemalloc.start()
    try:
        walk = client.templates()
        for _ in range(pages * PAGE_SIZE):
            next(walk)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def held_when_kept(client: NxlinkClient) -> int:
    """Return what the whole list takes when it is kept."""
    gc.collect()
    tracemalloc.start()
    try:
        kept = list(client.templates())
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
        del kept
        return held
    finally:
        tracemalloc.stop()
