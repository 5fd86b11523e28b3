"""
How many templates may still be created this hour.

Meta allows a WhatsApp account 100 creations an hour. What counts is what NXLink's list says of the last hour,
or what the task itself remembers, whichever is more: either may know of creations that the other does not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from airflow_provider_nxlink.api.models import Template

HOUR = 3600.0

# Zones differ by multiples of this. A time no further ahead than the tolerance is a clock that is fast.
ZONE_STEP = 900.0
CLOCK_TOLERANCE = 120.0


class Allowance:
    """
    The creations of the last hour, against how many there may be.

    :param per_hour: how many; 0 for any number.
    :param created: when the templates of the last hour were created, in seconds since 1970.
    :param now: the clock.
    """

    def __init__(
        self, per_hour: int, created: Iterable[float] = (), *, now: Callable[[], float] = time.time
    ) -> None:
        self._per_hour = per_hour
        self._now = now
        self._created = sorted(created)

    @property
    def created(self) -> tuple[float, ...]:
        """When the templates of the last hour were created."""
        since = self._now() - HOUR
        return tuple(moment for moment in self._created if moment > since)

    @property
    def left(self) -> float:
        """How many may be created now; infinity where any number may."""
        return max(0, self._per_hour - len(self.created)) if self._per_hour else math.inf

    def spend(self) -> None:
        """Count one that was created now."""
        self._created.append(self._now())

    def back_at(self, wanted: int) -> float:
        """Return when ``wanted`` more may be created, or as many as an hour allows; seconds since 1970."""
        created = self.created
        in_the_way = len(created) + min(wanted, self._per_hour) - self._per_hour
        return created[in_the_way - 1] + HOUR if in_the_way > 0 else self._now()


def creation_times(templates: Iterable[Template], now: float) -> list[float]:
    """
    Return when templates were created, in seconds since 1970, as far as the list says.

    The page prints times without a zone. They are read as UTC; where that puts one into the future, the
    difference in quarters of an hour is taken for the zone of all.
    """
    read = [_read(template.created_at) for template in templates]
    aware = [moment.timestamp() for moment in read if moment is not None and moment.tzinfo is not None]
    naive = [moment.replace(tzinfo=UTC).timestamp() for moment in read if moment and moment.tzinfo is None]
    ahead = max(naive, default=now) - now
    zone = math.ceil(ahead / ZONE_STEP) * ZONE_STEP if ahead > CLOCK_TOLERANCE else 0.0
    return [*aware, *(moment - zone for moment in naive)]


def _read(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text or "")
    except ValueError:
        return None
