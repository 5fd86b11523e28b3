"""Assets that stand for message templates: ``nxlink://<phone>/<name>/<language>``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Asset

SCHEME = "nxlink"
_FORM = "nxlink://<phone>/<name>/<language>, or nxlink://<phone> for all templates of a sender"


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """
    Return the one form of an asset's URI: digits only in the phone, ``en_US`` as WhatsApp spells it.

    Airflow calls this for each URI of the scheme ``nxlink``.

    :raises ValueError: when it is not ``nxlink://<phone>/<name>/<language>``, ``nxlink://<phone>/<name>`` or
        ``nxlink://<phone>``.
    """
    phone = re.sub(r"[+\-(). ]|%20", "", uri.netloc)
    if not re.fullmatch(r"[0-9]{7,15}", phone):
        raise ValueError(f"the phone of {uri.geturl()!r} is not 7 to 15 digits; write {_FORM}")
    parts = [part for part in uri.path.split("/") if part]
    if len(parts) > 2 or uri.query or not all(re.fullmatch(r"\w+(-\w+)?", part, re.ASCII) for part in parts):
        raise ValueError(f"{uri.geturl()!r} names no template; write {_FORM}")
    path = "/".join([parts[0].lower(), *map(_language, parts[1:])]) if parts else ""
    return uri._replace(netloc=phone, path=f"/{path}" if path else "")


def create_asset(*, phone: str, name: str, language: str, extra: dict[str, Any] | None = None) -> Asset:
    """
    Return the asset that stands for a template.

    :param phone: the WhatsApp sender with its country code.
    :param name: the template's name.
    :param language: its language, such as ``en_US``.
    :param extra: what else to keep with the asset.
    """
    from airflow.providers.common.compat.sdk import Asset  # noqa: PLC0415 - this module is read everywhere

    return Asset(uri=f"{SCHEME}://{phone}/{name}/{language}", extra=extra)


def _language(code: str) -> str:
    language, _, country = code.replace("-", "_").partition("_")
    return f"{language.lower()}_{country.upper()}" if country else language.lower()
