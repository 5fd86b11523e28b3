"""When a call is sent again: one policy, which tenacity carries out for both clients."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tenacity import RetryCallState, wait_exponential, wait_random

from airflow_provider_nxlink.api.errors import (
    NxlinkClockSkewError,
    NxlinkError,
    NxlinkRateLimitError,
    NxlinkTransportError,
)

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.calls import Call

log = logging.getLogger(__name__)

DEFAULT_ATTEMPTS = 4
# Longer than this nobody waits inside a call: the error says how long, and the caller decides.
MAX_RETRY_AFTER = 60.0

_backoff = wait_exponential(multiplier=0.5, max=8.0) + wait_random(0.0, 0.5)


class RetryPolicy:
    """
    Decides for one call, attempt by attempt.

    A read is sent again after whatever may pass. A write is sent again only when it certainly did nothing:
    the connection was refused, or its timestamp was (1004, once).
    """

    def __init__(
        self, call: Call[Any], attempts: int = DEFAULT_ATTEMPTS, log_level: int = logging.WARNING
    ) -> None:
        self._call = call
        self._attempts = attempts
        self._log_level = log_level
        self._clock_corrected = False

    def arguments(self) -> dict[str, Any]:
        """Return what tenacity's ``Retrying`` and ``AsyncRetrying`` take."""
        return {
            "retry": self._again,
            "wait": self._wait,
            "stop": self._enough,
            "before_sleep": self._log,
            "reraise": True,
        }

    def _again(self, state: RetryCallState) -> bool:
        error = _error(state)
        if isinstance(error, NxlinkClockSkewError):
            first, self._clock_corrected = not self._clock_corrected, True
            return first
        if not isinstance(error, NxlinkError) or error.permanent:
            return False
        if isinstance(error, NxlinkRateLimitError) and (error.retry_after or 0) > MAX_RETRY_AFTER:
            return False
        if self._call.is_write:
            return isinstance(error, NxlinkTransportError) and not error.outcome_unknown
        return True

    def _enough(self, state: RetryCallState) -> bool:
        # Where the timestamp was refused nothing was tried yet.
        return state.attempt_number >= self._attempts + self._clock_corrected

    def _wait(self, state: RetryCallState) -> float:
        error = _error(state)
        if isinstance(error, NxlinkClockSkewError):
            return 0.0
        wait = _backoff(state)
        if isinstance(error, NxlinkRateLimitError) and error.retry_after is not None:
            # The jitter keeps those who were told the same second from coming back in the same one.
            return error.retry_after + wait / 4
        return wait

    def _log(self, state: RetryCallState) -> None:
        log.log(
            self._log_level,
            "%s (attempt %d of %d); next in %.1f s",
            _error(state),
            state.attempt_number,
            self._attempts + self._clock_corrected,
            state.upcoming_sleep,
        )


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
