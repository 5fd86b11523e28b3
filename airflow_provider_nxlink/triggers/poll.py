"""One poll of the template list for everybody who waits behind the same connection."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable

from airflow.providers.common.compat.sdk import AirflowNotFoundException

from airflow_provider_nxlink.api.account import AccountError
from airflow_provider_nxlink.api.errors import NxlinkError, NxlinkRateLimitError
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.triggers.reader import Snapshot, TemplateReader, Wanted

log = logging.getLogger(__name__)

# A poll is repeated anyway, so none of its calls is sent for long.
POLL_ATTEMPTS = 3
# How much longer each pause is than the one before, while nothing changes.
BACKOFF = 1.5


async def snapshots(
    hook: NxlinkHook, wanted: Callable[[], Wanted], interval: float, max_interval: float
) -> AsyncGenerator[Snapshot]:
    """
    Poll for ever, and yield what each poll saw.

    Passing faults (no answer, 5xx, 429, -1, 1004, DNS) are logged when they begin and when they end, and
    nothing is yielded meanwhile. What will not pass is yielded as ``Snapshot.error``, and nothing raises.

    :param wanted: says what to look for, asked anew before each poll.
    :param interval: seconds between two polls.
    :param max_interval: seconds the pause may grow to while nothing changes; not above ``interval`` for none.
    """
    # Those who began at the same instant, after a restart say, do not go on asking at the same instant.
    await asyncio.sleep(random.uniform(0, interval))  # noqa: S311 - a spread, no secret
    pause, seen, fault = interval, None, None
    client = reader = None
    try:
        while True:
            started = asyncio.get_running_loop().time()
            try:
                if client is None or reader is None:
                    client = await hook.async_client(attempts=POLL_ATTEMPTS)
                    reader = TemplateReader(client)
                snapshot = await reader.read(wanted())
            except (NxlinkError, AccountError, AirflowNotFoundException) as error:
                if not isinstance(error, NxlinkError) or error.permanent:
                    yield Snapshot(error=error)
                    if client is not None:
                        # Whoever stays hopes for a mended connection: look it up anew.
                        await client.aclose()
                        client = None
                elif fault is None:
                    log.warning("Polling is disturbed, and goes on: %s", error)
                fault = error
                retry_after = error.retry_after if isinstance(error, NxlinkRateLimitError) else None
                pause = max(interval, retry_after or 0)
            else:
                if fault is not None:
                    log.info("Polling is undisturbed again")
                fault = None
                statuses = {(t.id, t.status) for t in snapshot.all()}
                pause = interval if statuses != seen else max(interval, min(pause * BACKOFF, max_interval))
                seen = statuses
                yield snapshot
            spent = asyncio.get_running_loop().time() - started
            # However slow the answers are, half of the time belongs to the server.
            await asyncio.sleep(max(pause - spent, pause / 2))
    finally:
        if client is not None:
            await client.aclose()
