"""
Which language codes WhatsApp and NXLink know, and what a wrong one was meant to be.

``languages.json`` is the union of Meta's table and of the vendor's, which has lost some 50 codes.
"""

from __future__ import annotations

import difflib
import json
import re
from functools import cache
from importlib import resources

WELL_FORMED = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


def is_known(code: str) -> bool:
    """Return True for a code of either table."""
    return code in names()


def is_well_formed(code: str) -> bool:
    """Return True for a code of the right shape, ``de`` or ``pt_BR``."""
    return WELL_FORMED.fullmatch(code) is not None


def suggest(wrong: str) -> str | None:
    """
    Return the code that a wrong one was probably meant to be, None when there is none near.

    ``en-US`` gives ``en_US``, ``pt_br`` gives ``pt_BR``, ``German`` gives ``de``.
    """
    head, _, tail = wrong.strip().replace("-", "_").partition("_")
    code = f"{head.lower()}_{tail.upper()}" if tail else head.lower()
    if is_known(code):
        return code
    by_name = {name.lower(): known for known, name in names().items()}
    if wrong.strip().lower() in by_name:
        return by_name[wrong.strip().lower()]
    near = difflib.get_close_matches(code, names(), n=1, cutoff=0.75)
    return near[0] if near else None


@cache
def names() -> dict[str, str]:
    """Return the English name of each known language, by its code."""
    table = resources.files(__package__).joinpath("languages.json").read_text(encoding="utf-8")
    return {code: str(row["name"]) for code, row in json.loads(table).items()}
