"""NXLink over HTTP: signing, calls, answers and errors. Knows nothing of Airflow."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from airflow_provider_nxlink.submodules import submodule

if TYPE_CHECKING:
    from airflow_provider_nxlink.api import (
        account,
        async_client,
        auth,
        base_client,
        body,
        calls,
        client,
        dates,
        envelope,
        errors,
        lookup,
        models,
        paging,
        quiet,
        reach,
        redaction,
        regions,
        retries,
        status,
        waiting,
        writes,
    )

__all__ = [
    "account",
    "async_client",
    "auth",
    "base_client",
    "body",
    "calls",
    "client",
    "dates",
    "envelope",
    "errors",
    "lookup",
    "models",
    "paging",
    "quiet",
    "reach",
    "redaction",
    "regions",
    "retries",
    "status",
    "waiting",
    "writes",
]


def __getattr__(name: str) -> ModuleType:
    return submodule(__name__, name)
