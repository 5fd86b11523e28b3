"""How a sync gets on, told in the log while it does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from airflow_provider_nxlink.provisioning.report import WRITTEN, Result

log = logging.getLogger(__name__)

# Takes each result, how many there are now, and how many there will be.
OnProgress = Callable[[Result, int, int], None]

SECONDS_BETWEEN_LINES = 5.0


class LoggedProgress:
    """Logs each template that is written or refused, and now and then how many are left."""

    def __init__(self) -> None:
        self._begun = self._last = time.monotonic()

    def __call__(self, result: Result, done: int, total: int) -> None:
        """Take note of one more result."""
        if result.outcome in WRITTEN:
            log.info("%s is %s", result.planned.ref, result.outcome)
        elif result.outcome in ("failed", "blocked"):
            log.error("%s: %s", result.planned.ref, result.note)
        now = time.monotonic()
        if done < total and now - self._last < SECONDS_BETWEEN_LINES:
            return
        self._last = now
        rate = done / max(now - self._begun, 0.001)
        log.info("%d of %d done, %.1f a second, %d left", done, total, rate, total - done)
