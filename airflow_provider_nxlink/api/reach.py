"""Which media links can't be meant, as NXLink's servers fetch them and would be led to themselves."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

OUT_OF_REACH = "leads NXLink's servers, which fetch the file, to themselves; put it where they can reach it"


def out_of_reach(url: str) -> bool:
    """
    Say whether ``url`` names this very machine or link, by name or address, so that nobody else can fetch it.

    This is about mistakes, not attacks: whoever writes the template may name any host, and NXLink fetches it
    from its own network. Private addresses (10.0.0.0/8 and the like) pass, as an NXLink within a company may
    reach them. Loopback and link-local ones lead every server to itself, so there is no switch to allow them.
    """
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_link_local or address.is_unspecified
