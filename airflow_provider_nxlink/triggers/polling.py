"""What the triggers have in common: those alike share one poll of the template list."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Mapping
from contextlib import aclosing
from functools import lru_cache
from typing import Any, ClassVar

from airflow.providers.common.compat.triggers import BaseEventTrigger
from airflow.triggers.base import TriggerEvent

from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.hooks.waiting import AccountChangedError
from airflow_provider_nxlink.triggers.poll import snapshots
from airflow_provider_nxlink.triggers.reader import Snapshot, Wanted

STREAM_ARGUMENTS = ("nxlink_conn_id", "phone", "tenant_id", "poll_interval", "max_poll_interval", "account")


class PollingTrigger(BaseEventTrigger):
    """
    Base of the triggers that look at the template list: those alike share one poll.

    From Airflow 3.3 on, the triggerer opens one stream for all triggers with the same connection, sender,
    tenant, account and intervals. On older versions each trigger opens the same stream for itself.

    :param nxlink_conn_id: the connection, of type ``nxlink``.
    :param phone: the WhatsApp sender, instead of the connection's.
    :param tenant_id: NXLink's tenant, instead of the connection's.
    :param poll_interval: seconds between two polls.
    :param max_poll_interval: seconds the pause may grow to while nothing changes; None for no growth.
    :param account: the identity of the account that the wait began on; nothing read through another one
        reaches this trigger. None to take the account of the first successful poll.
    """

    # The account of the first successful poll, where the arguments name none. On the class,
    # as there may be thousands of these triggers and most never set it.
    _began_on: str | None = None

    # Who listens to which stream, in this triggerer: a stream is opened with one listener's arguments, and
    # asks here what all of them want.
    _listeners: ClassVar[dict[Hashable, list[PollingTrigger]]] = {}

    def __init__(
        self,
        *,
        nxlink_conn_id: str = NxlinkHook.default_conn_name,
        phone: str | None = None,
        tenant_id: int | str | None = None,
        poll_interval: float = 60.0,
        max_poll_interval: float | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.nxlink_conn_id = nxlink_conn_id
        self.phone = phone
        self.tenant_id = tenant_id
        self.poll_interval = poll_interval
        self.max_poll_interval = max_poll_interval
        # One text for all: there may be thousands of these triggers.
        self.account = sys.intern(account) if type(account) is str else account

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments to make this trigger again: plain JSON, and no secret."""
        kind = type(self)
        return f"{kind.__module__}.{kind.__qualname__}", self._arguments()

    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in STREAM_ARGUMENTS}

    def wanted(self) -> Wanted:
        """Return what this trigger still looks for."""
        raise NotImplementedError

    def shared_stream_key(self) -> Hashable | None:
        """Return what those who share a poll have in common."""
        # No more than it needs: a trigger that waits for many templates makes all of them anew.
        return _stream_key(PollingTrigger._arguments(self))

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        """Poll for everybody who listens to this stream, and yield what each poll saw."""
        key = _stream_key(kwargs)

        def wanted() -> Wanted:
            return Wanted.together(listener.wanted() for listener in cls._listeners.get(key, ()))

        async with aclosing(_polled(kwargs, wanted)) as stream:
            async for snapshot in stream:
                yield snapshot

    def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Make of the shared snapshots what concerns this trigger."""
        return self.events(shared_stream)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll for this trigger alone, on an Airflow without shared streams and in ``dag.test()``."""
        async with aclosing(_polled(self._arguments(), self.wanted)) as stream:
            async for event in self.events(stream):
                yield event

    def events(self, stream: AsyncIterator[Snapshot]) -> AsyncIterator[TriggerEvent]:
        """
        Return the events that the snapshots make for this trigger.

        It listens from the first to the last: there may be thousands of these, and a generator around each
        that sees to it takes as much memory as the rest of a trigger.
        """
        raise NotImplementedError

    def judge_error(self, snapshot: Snapshot) -> Exception | None:
        """
        Return why ``snapshot`` tells this trigger nothing; None when it may be read.

        The first snapshot that may be read decides which account the trigger stays with.
        """
        if snapshot.error is not None:
            return snapshot.error
        if snapshot.account is not None:
            if self.account is None and self._began_on is None:
                self._began_on = snapshot.account
            began_on = str(self.account or self._began_on)
            if began_on != snapshot.account:
                return AccountChangedError(self.nxlink_conn_id, began_on, snapshot.account)
        return None

    def listen(self) -> None:
        """Have the poll that is shared look for what this trigger wants."""
        # Arguments that can't be read fail this trigger here, and not the poll of all.
        self.wanted()
        self._listeners.setdefault(self.shared_stream_key(), []).append(self)

    def leave(self) -> None:
        """Have it looked for no more; nothing where this trigger does not listen."""
        listeners = self._listeners.get(key := self.shared_stream_key(), [])
        if self in listeners:
            listeners.remove(self)
        if not listeners:
            self._listeners.pop(key, None)


def _stream_key(arguments: Mapping[str, Any]) -> Hashable:
    return _same_key("nxlink-templates", *(str(arguments.get(name)) for name in STREAM_ARGUMENTS))


@lru_cache(maxsize=128)
def _same_key(*parts: str) -> tuple[str, ...]:
    """Return one object for equal keys: Airflow keeps a key for each trigger."""
    return parts


def _polled(arguments: Mapping[str, Any], wanted: Callable[[], Wanted]) -> AsyncGenerator[Snapshot]:
    interval = float(arguments["poll_interval"])
    hook = NxlinkHook(arguments["nxlink_conn_id"], phone=arguments["phone"], tenant_id=arguments["tenant_id"])
    longest = float(arguments["max_poll_interval"] or interval)
    return snapshots(hook, wanted, interval, longest, arguments.get("account"))
