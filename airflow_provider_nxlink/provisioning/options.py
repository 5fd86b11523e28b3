"""How a sync is done: its limits, checked once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Compare = Literal["full", "content", "always"]
OnCategoryChange = Literal["warn", "fail"]
Surface = Literal["python", "cli"]

COMPARE = ("full", "content", "always")
ON_CATEGORY_CHANGE = ("warn", "fail")

DEFAULT_CONCURRENCY = 4
DEFAULT_MAX_DELETES = 10
# Meta's, for one WhatsApp account.
DEFAULT_CREATES_PER_HOUR = 100

# What a limit may be at least.
LIMITS = {"max_deletes": 0, "max_concurrency": 1, "max_creates_per_hour": 0}


@dataclass(frozen=True)
class Rules:
    """
    How a spec is compared with what is there.

    :param compare: ``full``: with the details; ``content``: with what the list alone tells, category and
        content; ``always``: nothing counts as equal, for what NXLink does not show, such as another picture.
    :param on_category_change: what a category given by Meta is: ``warn`` or ``fail``.
    :param resuming: an earlier try may have sent it already; what certainly is sent is not sent again.
    :param surface: where the user gives arguments, for messages that name one: in Python, or on the command
        line.
    """

    compare: Compare = "full"
    on_category_change: OnCategoryChange = "warn"
    resuming: bool = False
    surface: Surface = "python"

    def __post_init__(self) -> None:
        """Refuse what is no choice."""
        problems = [
            f"{name}: {value!r} is none of {', '.join(choices)}"
            for name, value, choices in (
                ("compare", self.compare, COMPARE),
                ("on_category_change", self.on_category_change, ON_CATEGORY_CHANGE),
            )
            if value not in choices
        ]
        if problems:
            raise ValueError("; ".join(problems))

    def said(self, argument: str, value: object) -> str:
        """
        Return an argument as the user would write it.

        >>> Rules().said("max_deletes", 5), Rules(surface="cli").said("max_deletes", 5)
        ('max_deletes=5', '--max-deletes 5')
        """
        if self.surface == "python":
            return f'{argument}="{value}"' if isinstance(value, str) else f"{argument}={value}"
        option = f"--{argument.replace('_', '-')}"
        return option if value is True else f"{option} {value}"

    @property
    def needs_details(self) -> bool:
        """True where the list alone does not tell enough."""
        return self.compare != "content"


@dataclass(frozen=True)
class Options:
    """
    How a sync is done.

    :param rules: how a spec is compared with what is there.
    :param prune: delete templates that match ``prune_pattern`` and are not among the specs.
    :param prune_pattern: names, with ``*`` and ``?`` as in a shell.
    :param prune_only: write no spec, only delete. The way out for an account at its template limit, where no
        spec can be created before something is deleted; templates in use are then deleted at once.
    :param allow_delete_all: allow deletions after which none of the present templates would be left.
    :param hold_deletions: postpone every deletion: the caller syncs again once every spec is in use.
    :param max_deletes: with more than this to delete, nothing is done at all.
    :param max_concurrency: how many calls at a time.
    :param max_creates_per_hour: how many creations within any hour; 0 for any number.
    """

    rules: Rules = field(default_factory=Rules)
    prune: bool = False
    prune_pattern: str | None = None
    max_deletes: int = DEFAULT_MAX_DELETES
    max_concurrency: int = DEFAULT_CONCURRENCY
    max_creates_per_hour: int = DEFAULT_CREATES_PER_HOUR
    prune_only: bool = False
    allow_delete_all: bool = False
    hold_deletions: bool = False

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        problems = [
            f"{name}: {getattr(self, name)!r} is not a whole number from {least} up"
            for name, least in LIMITS.items()
            if not is_count(getattr(self, name), least)
        ]
        if (self.prune or self.prune_only) and not self.prune_pattern:
            problems.append(
                "prune_pattern: missing; prune deletes what matches it and is no spec, as in 'promo_*'"
            )
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def prunes(self) -> bool:
        """True where anything may be deleted."""
        return bool((self.prune or self.prune_only) and self.prune_pattern)


def is_count(value: object, least: int) -> bool:
    """Return True for a whole number from ``least`` up."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
