"""What a value is by its looks, before anything of a spec is read: as much as a DAG file needs to know."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from airflow_provider_nxlink.specs.model import TemplateSpec

SPEC_SUFFIXES = (".yaml", ".yml", ".json")
JINJA_MARKS = ("{{", "{%", "{#")


def is_json(value: Any) -> bool:
    """Return True for what a JSON or YAML file can hold, looking at the value itself and not inside it."""
    return value is None or isinstance(value, str | int | float | list | tuple | Mapping)


def is_plain(value: Any) -> bool:
    """Return True for what a JSON or YAML file can hold, all the way down."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(is_plain(item) for item in value)
    return is_json(value) and not (isinstance(value, float) and not math.isfinite(value))


def is_spec(value: object) -> TypeGuard[TemplateSpec]:
    """Return True for a ``TemplateSpec``. There is none where nobody has imported the class."""
    model = sys.modules.get("airflow_provider_nxlink.specs.model")
    return model is not None and isinstance(value, model.TemplateSpec)


def has_braces(text: str) -> bool:
    """Return True if a field that can hold no WhatsApp variable holds any Jinja at all."""
    return "{" in text and any(mark in text for mark in JINJA_MARKS)


def is_reference(value: object) -> TypeGuard[str]:
    """Return True for a string that names a spec file, with or without ``#name/language`` behind it."""
    return isinstance(value, str) and "\n" not in value and has_spec_suffix(split_reference(value)[0])


def has_spec_suffix(name: object) -> bool:
    """Return True for the name or path of a YAML or JSON file, in any case: ``b.YAML`` is one."""
    return str(name).lower().endswith(SPEC_SUFFIXES)


def split_reference(reference: str) -> tuple[str, str]:
    """Return the file and which of its templates is meant: ``a.yaml#promo/de`` → ``a.yaml``, ``promo/de``."""
    file, _, selector = reference.partition("#")
    return file, selector
