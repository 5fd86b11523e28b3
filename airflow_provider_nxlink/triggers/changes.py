"""Notice that a template's status changed, for DAGs that run when it does."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Collection
from fnmatch import fnmatchcase
from typing import Any

from airflow.triggers.base import TriggerEvent

from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.triggers.events import problem_in, valid, valid_text
from airflow_provider_nxlink.triggers.polling import PollingTrigger
from airflow_provider_nxlink.triggers.reader import Snapshot, Wanted

# How long the triggerer is given to write an event down.
HANDOVER_SECONDS = 3.0

# Last seen statuses, by template id.
Statuses = dict[str, int | None]


class NxlinkTemplateChangeTrigger(PollingTrigger):
    """
    Fire each time the status of a matching template changes.

    .. code-block:: python

        refused = Asset(
            "nxlink_refused",
            watchers=[
                AssetWatcher(
                    name="refused",
                    trigger=NxlinkTemplateChangeTrigger(statuses=[TemplateStatus.REJECTED]),
                )
            ],
        )

    The event is ``{"template": {…}, "previous_status": 1, "status": 0}``. A template that was deleted and
    leaves the list makes no event, as NXLink then tells no status. Where the connection is pointed to another
    account, the watch begins anew with what that one has.

    The statuses last seen are kept in ``asset_state_store`` where there is one (Airflow 3.3+), so that a
    restart of the triggerer neither repeats nor loses a change. Without one, changes made while no triggerer
    ran are not noticed. With it the status is kept after the event was handed over: should the triggerer die
    in those seconds, the event comes twice rather than not at all.

    :param name_pattern: only templates whose name matches, with ``*`` and ``?`` as in a shell; None for all.
    :param language: only templates in this language.
    :param statuses: only changes into one of these statuses.
    :param include_new: also an event, with ``previous_status`` None, for a template not seen before; those
        that are there when the watch begins are not new.
    """

    def __init__(
        self,
        *,
        name_pattern: str | None = None,
        language: str | None = None,
        statuses: Collection[int] | None = None,
        include_new: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name_pattern = name_pattern
        self.language = language
        self.statuses = statuses
        self.include_new = include_new

    def _arguments(self) -> dict[str, Any]:
        return super()._arguments() | {
            "name_pattern": self.name_pattern,
            "language": self.language,
            "statuses": None if self.statuses is None else sorted(int(status) for status in self.statuses),
            "include_new": self.include_new,
        }

    def wanted(self) -> Wanted:
        """Return that it is everything: any template may change."""
        return Wanted(everything=True)

    async def events(self, stream: AsyncIterator[Snapshot]) -> AsyncIterator[TriggerEvent]:
        """Return an event for each change, for ever."""
        self.listen()
        try:
            async for event in self._watch(stream):
                yield event
        finally:
            self.leave()

    async def _watch(self, stream: AsyncIterator[Snapshot]) -> AsyncIterator[TriggerEvent]:
        # By account: where the connection is pointed to another one, the watch begins anew there.
        seen: dict[str | None, Statuses | None] = {}
        failing = False
        async for snapshot in stream:
            if snapshot.error is not None:
                if not failing:
                    self.log.error("Polling failed, will retry: %s", valid_text(snapshot.error))
                failing = True
                continue
            if not snapshot.asked.everything:
                continue  # read before this trigger joined: it says nothing of the rest
            failing = False
            account = snapshot.account
            if account not in seen:
                seen[account] = await self._load(account)
            before = seen[account]
            current = {str(template.id): template.status for template in self._matching(snapshot)}
            if before is None:
                seen[account] = current
                await self._save(account, current)
                continue
            events = self._changes(snapshot, before)
            for event in events:
                yield TriggerEvent(self._sendable(event))
            now = before | current
            if now != before:
                # The triggerer writes events down about once a second. Were the statuses kept before that,
                # a triggerer that dies in between would lose the change.
                await asyncio.sleep(HANDOVER_SECONDS if events else 0)
                await self._save(account, now)
            seen[account] = now

    def _sendable(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return ``event`` with what Airflow cannot encode replaced: a change is told in any case."""
        problem = problem_in(event)
        if problem is None:
            return event
        self.log.error("A change holds a value that cannot be sent, and is sent without it: %s", problem)
        sendable: dict[str, Any] = valid(event)
        return sendable

    def _changes(self, snapshot: Snapshot, seen: Statuses) -> list[dict[str, Any]]:
        """Return the events for what differs from what was seen."""
        return [
            {
                "template": template.to_dict(),
                "previous_status": seen.get(str(template.id)),
                "status": template.status,
            }
            for template in self._matching(snapshot)
            if (str(template.id) in seen or self.include_new)
            and seen.get(str(template.id), -1) != template.status
            and (self.statuses is None or template.status in self.statuses)
        ]

    def _matching(self, snapshot: Snapshot) -> list[Template]:
        return [
            template
            for template in snapshot.everything
            if (self.name_pattern is None or fnmatchcase(template.name or "", self.name_pattern))
            and self.language in (None, template.language)
        ]

    async def _load(self, account: str | None) -> Statuses | None:
        """Return the statuses seen before the triggerer was restarted; None where nobody kept them."""
        store = getattr(self, "asset_state_store", None)
        if store is None:
            return None
        try:
            kept = await store.aget(self._key(account))
        except ValueError:
            # One trigger that feeds several assets has no store of its own.
            self.log.warning("The statuses last seen are not kept: this watcher feeds more than one asset")
            self.asset_state_store = None
            return None
        return kept if isinstance(kept, dict) else None

    async def _save(self, account: str | None, seen: Statuses) -> None:
        if (store := getattr(self, "asset_state_store", None)) is not None:
            await store.aset(self._key(account), valid(seen))

    def _key(self, account: str | None) -> str:
        """Return a key of its own for each watch and account, as one asset may have several."""
        arguments = json.dumps(self._arguments() | {"account": account}, sort_keys=True)
        return "nxlink_statuses_" + hashlib.sha256(arguments.encode()).hexdigest()[:16]
