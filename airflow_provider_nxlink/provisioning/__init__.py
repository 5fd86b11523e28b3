"""Bringing NXLink's templates to what specs say. No Airflow import below here."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from airflow_provider_nxlink.submodules import submodule

if TYPE_CHECKING:
    from airflow_provider_nxlink.provisioning import (
        allowance,
        apply,
        gather,
        guard,
        listing,
        media,
        options,
        parallel,
        plan,
        plan_many,
        progress,
        pull,
        remembered,
        report,
        sync,
        write,
    )

__all__ = [
    "allowance",
    "apply",
    "gather",
    "guard",
    "listing",
    "media",
    "options",
    "parallel",
    "plan",
    "plan_many",
    "progress",
    "pull",
    "remembered",
    "report",
    "sync",
    "write",
]


def __getattr__(name: str) -> ModuleType:
    return submodule(__name__, name)
