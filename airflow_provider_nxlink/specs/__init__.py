"""What a user wants a WhatsApp template to be; no Airflow and no HTTP in here."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from airflow_provider_nxlink.submodules import submodule

if TYPE_CHECKING:
    from airflow_provider_nxlink.specs import (
        buttons,
        diff,
        fields,
        files,
        jinja_syntax,
        json_reader,
        languages,
        limits,
        live,
        model,
        nodes,
        part,
        part_rules,
        placeholders,
        plain,
        preview,
        rules,
        schema,
        spans,
        spelling,
        text_rules,
        violations,
        yaml_reader,
    )

__all__ = [
    "buttons",
    "diff",
    "fields",
    "files",
    "jinja_syntax",
    "json_reader",
    "languages",
    "limits",
    "live",
    "model",
    "nodes",
    "part",
    "part_rules",
    "placeholders",
    "plain",
    "preview",
    "rules",
    "schema",
    "spans",
    "spelling",
    "text_rules",
    "violations",
    "yaml_reader",
]


def __getattr__(name: str) -> ModuleType:
    return submodule(__name__, name)
