"""NXLink's regions: where the API of each is, and the console for people."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit


class Region(NamedTuple):
    """
    One of NXLink's regions.

    :param name: as NXLink calls it.
    :param api: base URL of its API.
    :param console: where a person logs in.
    """

    name: str
    api: str
    console: str


# The first is where an account is, unless its connection says otherwise.
REGIONS = (
    Region("Hong Kong", "https://api-hk.nxlink.ai", "https://app.nxlink.ai"),
    Region("Americas", "https://chl-api.nxlink.ai", "https://chl-nxlink.nxcloud.com"),
    Region("Indonesia", "https://api-idn.nxlink.ai", "https://idn.nxlink.ai"),
)
DEFAULT_REGION = REGIONS[0]

_CONSOLES = {urlsplit(region.api).hostname: region.console for region in REGIONS}


def console_of(base_url: str) -> str | None:
    """Return the console that belongs to an API base URL; None where it is none of NXLink's, as a sandbox."""
    return _CONSOLES.get(urlsplit(base_url).hostname)
