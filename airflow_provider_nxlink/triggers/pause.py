"""Sleep in the triggerer until a moment, and hand back what the task needs to go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_nxlink.triggers.events import pause_over_event

# A clock that is set, or a machine that slept, is noticed after this many seconds.
LONGEST_SLEEP = 30.0


class NxlinkPauseTrigger(BaseTrigger):
    """
    Fire once, at a moment.

    Airflow's own time triggers hand nothing back, and what a task gives along when it defers is lost in
    ``dag.test()``.

    :param until: when, in seconds since 1970.
    :param carried: plain JSON that the task gets back with the event, as it is.
    """

    supports_triggerer_queue = True

    def __init__(self, until: float, carried: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.until = until
        self.carried = carried

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments to make this trigger again."""
        kind = type(self)
        return f"{kind.__module__}.{kind.__qualname__}", {"until": self.until, "carried": self.carried}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Sleep, and return the event."""
        while (left := self.until - time.time()) > 0:  # noqa: ASYNC110 - the clock is what it waits for
            await asyncio.sleep(min(left, LONGEST_SLEEP))
        yield TriggerEvent(pause_over_event(self.carried))
