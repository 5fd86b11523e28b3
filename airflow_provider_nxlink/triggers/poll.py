"""One poll of the template list for everybody who waits behind the same connection."""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self

from airflow_provider_nxlink.api.async_client import AsyncNxlinkClient
from airflow_provider_nxlink.api.errors import NxlinkRateLimitError
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.hooks.waiting import AccountChangedError, Reaction, is_expected, reaction_to
from airflow_provider_nxlink.triggers.reader import Snapshot, TemplateReader, Wanted

log = logging.getLogger(__name__)

# A poll is repeated anyway, so none of its calls is sent for long.
POLL_ATTEMPTS = 3
# How much longer each pause is than the one before, while nothing changes.
BACKOFF = 1.5


async def snapshots(
    hook: NxlinkHook,
    wanted: Callable[[], Wanted],
    interval: float,
    max_interval: float,
    account: str | None = None,
) -> AsyncGenerator[Snapshot]:
    """
    Poll for ever, and yield what each poll saw.

    The connection is looked up before each poll. Errors that may pass (no answer, 5xx, 429, -1, 1004, DNS,
    anything that is not NXLink's own envelope) are logged when they begin and when they end, and nothing is
    yielded meanwhile. An unforeseen exception is logged with its traceback and the poll is retried. What
    NXLink itself refuses, and a connection that cannot be used, is yielded as ``Snapshot.error`` after each
    poll: what to make of it is each wait's own decision. Nothing raises.

    :param wanted: returns what to look for; called before each poll.
    :param interval: seconds between two polls.
    :param max_interval: seconds the pause may grow to while nothing changes; not above ``interval`` for none.
    :param account: the identity of the only account to ask; None for the one the connection leads to.
    """
    # Those who began at the same instant, after a restart say, do not go on asking at the same instant.
    await asyncio.sleep(random.uniform(0, interval))  # noqa: S311 - a spread, no secret
    clock = asyncio.get_running_loop().time
    pauses = _Pauses(interval, max_interval)
    async with _Looks(hook, account) as looks:
        while True:
            started = clock()
            snapshot = await looks.at(wanted)
            if snapshot is not None:
                yield snapshot
            pause = pauses.after(snapshot)
            # However slow the answers are, half of the time belongs to the server.
            await asyncio.sleep(max(pause - (clock() - started), pause / 2, looks.wished_pause))


class _Looks:
    """Looks at the list again and again, with a client that is replaced when the connection changes."""

    def __init__(self, hook: NxlinkHook, account: str | None) -> None:
        self._hook = hook
        self._expected = account
        # The connection as last looked up, holding its secret.
        self._fields: tuple[dict[str, Any], dict[str, Any]] | None = None
        self._client: AsyncNxlinkClient | None = None
        self._reader: TemplateReader | None = None
        self._failing = False
        # Of the unforeseen exceptions since the last poll that succeeded.
        self._logged: set[tuple[object, ...]] = set()
        #: Seconds the server asked us to stay away.
        self.wished_pause = 0.0

    async def at(self, wanted: Callable[[], Wanted]) -> Snapshot | None:
        """Return what the list has of ``wanted``; None when the poll failed and is to be retried."""
        self.wished_pause = 0.0
        try:
            reader, account = await self._connected()
            snapshot = await reader.read(wanted())
        except Exception as error:  # noqa: BLE001 - everybody who waits depends on this poll
            return await self._failed(error)
        if self._failing:
            log.info("Polling recovered")
        self._failing = False
        self._logged.clear()
        return replace(snapshot, account=account)

    async def _connected(self) -> tuple[TemplateReader, str]:
        """Look the connection up; return the reader for its account, and the account's identity."""
        fields = await self._hook.async_fields()
        if self._client is None or self._reader is None or fields != self._fields:
            # In a thread, as checking a CA file reads it.
            account = await asyncio.to_thread(self._hook.account_from, *fields)
            if self._client is None or self._reader is None or account != self._client.account:
                await self._disconnect()
                self._client = AsyncNxlinkClient(account, attempts=POLL_ATTEMPTS)
                self._reader = TemplateReader(self._client)
            self._fields = fields
        identity = self._client.account.identity
        if self._expected not in (None, identity):
            raise AccountChangedError(self._hook.nxlink_conn_id, str(self._expected), identity)
        return self._reader, identity

    async def _failed(self, error: Exception) -> Snapshot | None:
        """Log an error that may pass and return None; return any other one for the waits to judge."""
        if reaction_to(error) is not Reaction.RETRY:
            return Snapshot(error=error)
        if isinstance(error, NxlinkRateLimitError):
            self.wished_pause = error.retry_after or 0.0
        if not is_expected(error):
            await self._unforeseen(error)
        elif not self._failing:
            log.warning("Polling failed, will retry: %s", error)
        self._failing = True
        return None

    async def _unforeseen(self, error: Exception) -> None:
        # The client or the reader may be in a state that leads to the same exception again.
        with suppress(Exception):
            await self._disconnect()
        last = traceback.extract_tb(error.__traceback__)[-1:]
        seen = (type(error), *((frame.filename, frame.lineno) for frame in last))
        if seen not in self._logged:
            log.error("Polling failed unexpectedly, will retry", exc_info=error)
        self._logged.add(seen)

    async def _disconnect(self) -> None:
        client, self._client, self._reader, self._fields = self._client, None, None, None
        if client is not None:
            await client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._disconnect()


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
