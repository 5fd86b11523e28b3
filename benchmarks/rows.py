"""A line of the table: two things measured in turns in one run, the ratio of them, and the target."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """
    What one comparison came to.

    :param what: what was measured.
    :param beside: what it was set against.
    :param measured: the ratio, or another number of which less is better.
    :param target: what ``measured`` may be at most; at least, where ``more_is_better``.
    :param note: what the reader has to know of this figure.
    :param details: the samples, and further figures; plain JSON.
    """

    what: str
    beside: str
    measured: float
    target: float
    more_is_better: bool = False
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether the target was reached, by the figure as it is printed."""
        shown = float(shortened(self.measured))
        return shown >= self.target if self.more_is_better else shown <= self.target


@dataclass(frozen=True)
class InTurns:
    """Samples of two things, taken in turns: the pair of one turn met the same machine."""

    ours: Sequence[float]
    beside: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median of what ours is to the other in each turn."""
        return statistics.median(self._ratios())

    def to_dict(self) -> dict[str, Any]:
        """Return the samples and how far the ratios of single turns lie apart, as plain JSON."""
        low, middle, high = statistics.quantiles(self._ratios(), n=4)
        return {
            "turns": len(self.ours),
            "ratio_quartiles": [round(value, 3) for value in (low, middle, high)],
            "ours": [round(value, 6) for value in self.ours],
            "beside": [round(value, 6) for value in self.beside],
        }

    def _ratios(self) -> list[float]:
        return [ours / beside for ours, beside in zip(self.ours, self.beside, strict=True)]


def in_turns(ours: Callable[[], float], beside: Callable[[], float], turns: int) -> InTurns:
    """
    Measure both, one after the other, again and again; a first turn warms up and does not count.

    :param ours: measures once, and returns how much it took.
    :param beside: the same for what it is set against.
    :param turns: how often, at least 2.
    """
    ours(), beside()
    samples: tuple[list[float], list[float]] = ([], [])
    for turn in range(turns):
        # Whoever comes second may find caches warm: so they change places.
        order = ((samples[0], ours), (samples[1], beside))
        for taken, measure in order if turn % 2 else reversed(order):
            taken.append(measure())
    return InTurns(*samples)


def shortened(value: float) -> str:
    """Return a number with three figures that count, and no fewer before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
