"""Who may use the control API: keeps web pages out, which can reach loopback through the user's browser."""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

JSON = "application/json"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True)
class HostPolicy:
    """Which ``Host`` headers the control API accepts.

    A page that rebinds its DNS name to this machine still sends its own name as ``Host``. Loopback addresses
    and ``localhost`` are always accepted. With ``remote`` so are IP addresses, names without a dot (as in a
    Docker network; nobody can register one), and this machine's own name.

    :param remote: whether the sandbox may be reached from other machines (``--allow-remote``).
    :param names: further host names to accept, without port.
    """

    remote: bool = False
    names: frozenset[str] = frozenset()

    @classmethod
    def for_host(cls, host: str, *, remote: bool, names: Iterable[str] = ()) -> "HostPolicy":
        """Return the policy of a sandbox that listens on ``host``."""
        own = {socket.gethostname(), socket.getfqdn()} if remote else set()
        return cls(remote, frozenset(name.lower().rstrip(".") for name in {host, *own, *names}))

    def accepts(self, host: str) -> bool:
        """Tell whether a ``Host`` header names this sandbox."""
        name = _without_port(host).lower().rstrip(".")
        if name in self.names or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return self.remote and bool(name) and "." not in name
        return self.remote or address.is_loopback


def check_control_call(
    method: str, headers: Iterable[tuple[bytes, bytes]], body: bytes, hosts: HostPolicy
) -> tuple[int, str] | None:
    """Return the HTTP status and reason to refuse a control call with, or None to accept it."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").strip())
    host = found.get("host", [])
    if len(host) != 1 or not hosts.accepts(host[0]):
        return (
            HTTPStatus.FORBIDDEN,
            f"Host {', '.join(host)!r} is not this sandbox; use the printed URL or --allow-host",
        )
    if any(origin.lower() != f"http://{host[0].lower()}" for origin in found.get("origin", [])):
        return HTTPStatus.FORBIDDEN, f"Origin {', '.join(found['origin'])!r} is not this sandbox"
    if method in SAFE_METHODS:
        return None
    kinds = found.get("content-type", [])
    # A form or a script of another page cannot send JSON without asking first, which is never granted.
    if (kinds or body) and [kind.split(";")[0].strip().lower() for kind in kinds] != [JSON]:
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type must be {JSON}"
    return None


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host
