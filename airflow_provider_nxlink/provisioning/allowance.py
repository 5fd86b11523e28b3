"""
How many templates may still be created this hour.

Meta allows a WhatsApp account 100 creations an hour. What counts is what NXLink's list says of the last hour,
or what the caller itself remembers, whichever is more: either may know of creations that the other does not.

The list prints ``created_at`` without a zone. Such a time counts only once the zone is known, and the zone is
learned from a template whose creation the caller has seen itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_nxlink.api.models import Template

HOUR = 3600.0

# Zones are multiples of a quarter of an hour, between these.
ZONE_STEP = 900.0
EARLIEST_ZONE, LATEST_ZONE = -12 * 3600.0, 14 * 3600.0
# How far NXLink's clock may be from ours.
CLOCK_TOLERANCE = 120.0
# Templates are younger than this; other years stand for "never" or are no time at all.
FIRST_YEAR = 2000


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
        self._known = sorted(created)
        self._spent: list[float] = []

    @property
    def created(self) -> tuple[float, ...]:
        """
        When the templates of the last hour were created, in order.

        A time in the future is a misread one, and would block for longer than an hour: it does not count.
        """
        now = self._now()
        return tuple(
            min(moment, now)
            for moment in sorted([*self._known, *self._spent])
            if now - HOUR < moment <= now + CLOCK_TOLERANCE
        )

    @property
    def left(self) -> float:
        """How many may be created now; infinity where any number may."""
        return max(0, self._per_hour - len(self.created)) if self._per_hour else math.inf

    def spend(self) -> None:
        """Count one that was created now."""
        self._spent.append(self._now())

    def learn(self, created: Iterable[float]) -> None:
        """Count creations made before the first :meth:`spend`, if they are more than were known."""
        found, since = sorted(created), self._now() - HOUR
        if sum(moment > since for moment in found) > sum(moment > since for moment in self._known):
            self._known = found

    def back_at(self, wanted: int) -> float:
        """Return when ``wanted`` more may be created, or as many as an hour allows; seconds since 1970."""
        created = self.created
        in_the_way = len(created) + min(wanted, self._per_hour) - self._per_hour
        return created[in_the_way - 1] + HOUR if in_the_way > 0 else self._now()

    def forecast(self, wanted: int) -> Forecast:
        """Return when ``wanted`` templates can be created, each as soon as the limit allows."""
        now = self._now()
        if not self._per_hour:
            return Forecast(wanted, wanted, 0.0)
        moments, moment = list(self.created), now
        for _ in range(wanted):
            if len(moments) >= self._per_hour:
                moment = max(moment, moments[-self._per_hour] + HOUR)
            moments.append(moment)
        return Forecast(wanted, int(min(wanted, self.left)), moment - now)


@dataclass(frozen=True)
class Forecast:
    """
    When the creations of a plan can be made.

    :param wanted: how many there are.
    :param at_once: how many of them the limit allows now.
    :param seconds: until the last of them can be made.
    """

    wanted: int
    at_once: int
    seconds: float

    @property
    def waits(self) -> bool:
        """True where the limit does not allow all of them now."""
        return self.at_once < self.wanted

    def __str__(self) -> str:
        """Return one line, as in ``300 to create: 100 now, the rest in about 2 h``."""
        if not self.waits:
            return f"{self.wanted} to create"
        now = f"{self.at_once} now" if self.at_once else "none now"
        return f"{self.wanted} to create: {now}, the rest in about {_duration(self.seconds)}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"to_create": self.wanted, "now": self.at_once, "seconds": round(self.seconds)}


def creation_times(templates: Iterable[Template], utc_offset: float | None = None) -> list[float]:
    """
    Return when templates were created, in seconds since 1970, as far as the list says.

    :param utc_offset: the zone of times without one, in seconds east of UTC; None leaves them out.
    """
    found = []
    for template in templates:
        moment = read_time(template.created_at)
        if moment is None:
            continue
        if moment.tzinfo is not None:
            found.append(moment.timestamp())
        elif utc_offset is not None:
            found.append(moment.replace(tzinfo=UTC).timestamp() - utc_offset)
    return found


def learned_offset(seen: Iterable[tuple[Template, float]]) -> float | None:
    """
    Return the zone of times without one, in seconds east of UTC; None while it is not certain.

    :param seen: templates as the list has them, each with when it was created by our clock.
    """
    offsets = set()
    for template, created in seen:
        moment = read_time(template.created_at)
        if moment is None or moment.tzinfo is not None:
            continue
        ahead = moment.replace(tzinfo=UTC).timestamp() - created
        offset = round(ahead / ZONE_STEP) * ZONE_STEP
        if abs(ahead - offset) > CLOCK_TOLERANCE or not EARLIEST_ZONE <= offset <= LATEST_ZONE:
            return None
        offsets.add(offset)
    return offsets.pop() if len(offsets) == 1 else None


def read_time(text: str | None) -> datetime | None:
    """Return a time of the list, with a zone only where the text names one; None for anything else."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    # The last year's end is beyond what a zone can be added to.
    return moment if FIRST_YEAR <= moment.year < datetime.max.year else None


def _duration(seconds: float) -> str:
    if seconds < HOUR - 300:
        return f"{max(1, math.ceil(seconds / 60))} min"
    return f"{max(1, math.floor(seconds / HOUR + 0.5))} h"
