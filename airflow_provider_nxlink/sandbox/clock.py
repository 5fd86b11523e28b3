"""The sandbox's own clock, which tests move instead of sleeping."""

import time


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
