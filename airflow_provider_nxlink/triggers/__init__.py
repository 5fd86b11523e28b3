"""Triggers that wait for NXLink without a worker."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from airflow_provider_nxlink.submodules import submodule

if TYPE_CHECKING:
    from airflow_provider_nxlink.triggers import (
        changes,
        events,
        pause,
        poll,
        polling,
        reader,
        template,
    )

__all__ = [
    "changes",
    "events",
    "pause",
    "poll",
    "polling",
    "reader",
    "template",
]


def __getattr__(name: str) -> ModuleType:
    return submodule(__name__, name)
