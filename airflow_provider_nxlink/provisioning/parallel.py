"""Work on many things at once, a few at a time, with the first fault that concerns all ending it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from airflow_provider_nxlink.api.errors import NxlinkRateLimitError

Item = TypeVar("Item")
Got = TypeVar("Got")

# How often, and in seconds how long, a call waits that NXLink puts off with HTTP 429: nothing was done then.
RATE_LIMIT_TRIES = 5
LONGEST_PAUSE = 60.0
USUAL_PAUSE = 5.0


def in_parallel(
    work: Callable[[Item], Got],
    items: Iterable[Item],
    at_once: int,
    *,
    stopped: threading.Event | None = None,
) -> Iterator[tuple[Item, Got]]:
    """
    Yield each item with what ``work`` makes of it, as they get done.

    What is not begun when the caller stops, or when ``work`` raises, is never begun; what is begun is ended.

    :param at_once: how many at a time.
    :param stopped: set when it ends early, before it waits for what is begun.
    """
    pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="nxlink")
    try:
        futures = {pool.submit(work, item): item for item in items}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        if stopped is not None:
            stopped.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def patiently(work: Callable[[], Got], *, sleep: Callable[[float], None] = time.sleep) -> Got:
    """Do something, again after the pause that NXLink asks for with HTTP 429."""
    for _ in range(RATE_LIMIT_TRIES - 1):
        try:
            return work()
        except NxlinkRateLimitError as error:
            pause = USUAL_PAUSE if error.retry_after is None else error.retry_after
            if pause > LONGEST_PAUSE:
                raise
            sleep(pause)
    return work()
