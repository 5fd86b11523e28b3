"""The dates in HTTP's headers."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST = 100


def http_date(text: str | None) -> datetime | None:
    """Return the date of a ``Date`` or ``Retry-After`` header, in UTC where it names no zone; else None."""
    if len(text or "") > _LONGEST:
        return None
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
