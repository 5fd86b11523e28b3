"""One poll of the template list for everybody who waits behind the same connection."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable, Hashable
from typing import TYPE_CHECKING, Self

from airflow.providers.common.compat.sdk import AirflowNotFoundException

from airflow_provider_nxlink.api.account import AccountError
from airflow_provider_nxlink.api.errors import NxlinkError, NxlinkRateLimitError
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.triggers.reader import Snapshot, TemplateReader, Wanted

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import AsyncNxlinkClient

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
    clock = asyncio.get_running_loop().time
    pauses = _Pauses(interval, max_interval)
    async with _Looks(hook) as looks:
        while True:
            started = clock()
            snapshot = await looks.at(wanted())
            if snapshot is not None:
                yield snapshot
            pause = pauses.after(snapshot)
            # However slow the answers are, half of the time belongs to the server.
            await asyncio.sleep(max(pause - (clock() - started), pause / 2, looks.wished_pause))


class _Looks:
    """Looks at the list again and again, with a client that is made when it is needed."""

    def __init__(self, hook: NxlinkHook) -> None:
        self._hook = hook
        self._client: AsyncNxlinkClient | None = None
        self._reader: TemplateReader | None = None
        self._disturbed = False
        #: Seconds the server asked us to stay away.
        self.wished_pause = 0.0

    async def at(self, wanted: Wanted) -> Snapshot | None:
        """Return what the list has of ``wanted``; None when the fault that kept us from seeing will pass."""
        self.wished_pause = 0.0
        try:
            if self._reader is None:
                self._client = await self._hook.async_client(attempts=POLL_ATTEMPTS)
                self._reader = TemplateReader(self._client)
            snapshot = await self._reader.read(wanted)
        except (AccountError, AirflowNotFoundException) as error:
            return await self._permanent(error)
        except NxlinkError as error:
            if error.permanent:
                return await self._permanent(error)
            if isinstance(error, NxlinkRateLimitError):
                self.wished_pause = error.retry_after or 0.0
            if not self._disturbed:
                log.warning("Polling is disturbed, and goes on: %s", error)
            self._disturbed = True
            return None
        if self._disturbed:
            log.info("Polling is undisturbed again")
        self._disturbed = False
        return snapshot

    async def _permanent(self, error: Exception) -> Snapshot:
        # Who stays hopes for a mended connection: it is looked up anew.
        await self.__aexit__()
        return Snapshot(error=error)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        client, self._client, self._reader = self._client, None, None
        if client is not None:
            await client.aclose()


class _Pauses:
    """How long to pause: the interval, and longer and longer while nothing changes if the user wants it."""

    def __init__(self, interval: float, max_interval: float) -> None:
        self._interval = self._pause = interval
        self._max = max(interval, max_interval)
        self._seen: set[tuple[Hashable, int | None]] | None = None

    def after(self, snapshot: Snapshot | None) -> float:
        if snapshot is None or snapshot.error is not None or self._max == self._interval:
            self._pause = self._interval
            return self._pause
        statuses: set[tuple[Hashable, int | None]] = {
            (ref, template.status) for ref, template in snapshot.found.items()
        }
        statuses |= {(template.id, template.status) for template in snapshot.everything}
        unchanged = statuses == self._seen
        self._seen = statuses
        self._pause = min(self._pause * BACKOFF, self._max) if unchanged else self._interval
        return self._pause
