"""The sandbox's own clock, which tests move instead of sleeping."""

import time
from datetime import UTC, datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOCAL_EPOCH = EPOCH.replace(tzinfo=None)
FIRST, LAST = (
    int(each.replace(microsecond=0, tzinfo=UTC).timestamp()) for each in (datetime.min, datetime.max)
)


def local_time(moment: float, offset_hours: float) -> datetime:
    """Return a time, seconds since the epoch, as a clock at this UTC offset shows it, without a zone."""
    bounded = min(max(moment + offset_hours * 3600, FIRST), LAST)
    return LOCAL_EPOCH + timedelta(seconds=int(bounded))


def seconds_of(value: float | str, offset_hours: float) -> float:
    """Return seconds since the epoch of a time: a number of them, or ISO 8601 text.

    :param offset_hours: the UTC offset of a text without a zone.
    :raises ValueError: when the text is no time.
    """
    if not isinstance(value, str):
        return float(value)
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone(timedelta(hours=offset_hours)))
    return (moment - EPOCH).total_seconds()


class Clock:
    """Two readings of one clock, moved independently.

    ``wall`` is what the ``Date`` header says and what ``ts`` is held against; ``now`` is what
    reviews, edit limits, name locks and media handles go by. Keeping them apart lets a test let
    thirty days pass without every client's signature expiring.
    """

    def __init__(self) -> None:
        self.skew = 0.0
        self.passed = 0.0

    def wall(self) -> float:
        """Return the server's time of day, seconds since the epoch."""
        return time.time() + self.skew

    def now(self) -> float:
        """Return the time by which templates age, seconds since the epoch."""
        return time.time() + self.passed

    def shift(self, seconds: float) -> None:
        """Set how far the server's clock is ahead of this machine's (negative: behind)."""
        self.skew = float(seconds)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass for reviews, limits, locks and handles."""
        self.passed += float(seconds)

    def reset(self) -> None:
        """Return to this machine's time."""
        self.skew = self.passed = 0.0
