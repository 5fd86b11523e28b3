"""Packages whose modules are imported when they are first used, so that a DAG file pays for what it needs."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def submodule(package: str, name: str) -> ModuleType:
    """
    Return a module of a package: what the package's ``__getattr__`` does for a module not imported yet.

    :raises AttributeError: there is no such module.
    """
    path = f"{package}.{name}"
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
