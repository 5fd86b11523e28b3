"""Whom we speak to and as whom: the settings of a connection, checked once, all faults at once."""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_nxlink.api.regions import DEFAULT_REGION

DEFAULT_BASE_URL = DEFAULT_REGION.api
DEFAULT_TIMEOUT = 30.0
DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000
ALGORITHMS = ("md5", "sha256")

_PHONE = re.compile(r"[0-9]{7,15}")
_PHONE_PUNCTUATION = re.compile(r"[+\-() .]")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


class AccountError(ValueError):
    """
    The connection can't be used as it is.

    :param problems: one sentence for each field that is wrong, with the way out.
    :param source: where the fields are from, for the first line of the message.
    """

    def __init__(self, problems: list[str], source: str) -> None:
        self.problems = problems
        self.source = source
        super().__init__(problems, source)

    def __str__(self) -> str:
        """List every problem on a line of its own."""
        return f"{self.source} can't be used:" + "".join(f"\n  - {problem}" for problem in self.problems)


@dataclass(frozen=True)
class Account:
    """
    A sender on an NXLink tenant and the way to reach it. Made by :meth:`checked`.

    A pickle of it holds no secret: what is made of one cannot sign.

    :param base_url: scheme and host, without a slash at the end.
    :param access_key: NXLink's accessKey.
    :param access_secret: NXLink's accessSecret; never shown.
    :param phone: the WhatsApp sender, digits only.
    :param tenant_id: NXLink's tenant.
    :param algorithm: ``md5`` or ``sha256``.
    :param timeout: seconds to wait for each part of an answer; the whole may take ten times as long.
    :param page_size: templates a page when listing.
    :param verify: True, or the path of a CA file to check the server's certificate with.
    """

    base_url: str
    access_key: str
    access_secret: str = field(repr=False)
    phone: str
    tenant_id: int
    algorithm: str = "md5"
    timeout: float = DEFAULT_TIMEOUT
    page_size: int = DEFAULT_PAGE_SIZE
    verify: bool | str = True

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds."""
        return {**vars(self), "access_secret": ""}

    def __copy__(self) -> Account:
        """Return this very account, as it never changes."""
        return self

    def __deepcopy__(self, memo: object) -> Account:
        """Return this very account, as it never changes."""
        return self

    @classmethod
    def checked(
        cls,
        *,
        base_url: object = None,
        access_key: object = None,
        access_secret: object = None,
        phone: object = None,
        tenant_id: object = None,
        algorithm: object = None,
        timeout: object = None,
        page_size: object = None,
        verify: object = None,
        allow_http: object = None,
        source: str = "NXLink connection",
    ) -> Account:
        """
        Return the account these settings describe; None or an empty string takes the default.

        :param allow_http: True to accept plain http to a host that is not loopback.
        :raises AccountError: with every field that is missing or wrong.
        """
        problems: list[str] = []
        account = cls(
            base_url=_base_url(base_url, _flag("allow_http", allow_http, False, problems), problems),
            access_key=_credential("login", "accessKey", access_key, problems),
            access_secret=_credential("password", "accessSecret", access_secret, problems),
            phone=_phone(phone, problems),
            tenant_id=_whole("tenant_id", tenant_id, None, (1, 2**63 - 1), problems),
            algorithm=_algorithm(algorithm, problems),
            timeout=_seconds(timeout, problems),
            page_size=_whole("page_size", page_size, DEFAULT_PAGE_SIZE, (1, MAX_PAGE_SIZE), problems),
            verify=_verify(verify, problems),
        )
        if problems:
            raise AccountError(problems, source)
        return account

    @property
    def identity(self) -> str:
        """
        Which account this is, without the key: tenant, sender and host.

        Equal for the same account, also after its key, its secret or a client setting has changed. Holds no
        secret, so it may be stored and logged.
        """
        # Stored with deferred waits: another form would make every one of them look like another account.
        parts = urlsplit(self.base_url.lower())
        default_port = {"https": 443, "http": 80}.get(parts.scheme)
        netloc = parts.netloc.removesuffix(f":{default_port}")
        return f"tenant {self.tenant_id}, sender {self.phone} at {parts.scheme}://{netloc}{parts.path}"


def is_loopback(host: str | None) -> bool:
    """Say whether ``host`` is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _base_url(value: object, allow_http: bool, problems: list[str]) -> str:
    text = DEFAULT_BASE_URL if _absent(value) else str(value).strip()
    if re.search("[@?#]", text):
        # What is too much there may be a secret: show none of it.
        problems.append("host: holds more than scheme, host and port; the key goes into login and password")
        return ""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        problems.append(f"host: {_shown(text)} is not a URL; give one like {DEFAULT_BASE_URL}")
        return ""
    if parts.scheme not in ("http", "https") or not host or "://" not in text:
        problems.append(f"host: {_shown(text)} has no scheme; write it as https://{text.rpartition('//')[2]}")
    elif re.search(r"[^\x21-\x7e]|\\", text):
        problems.append(
            f"host: {_shown(text)} holds blanks or control characters, or some that are not ASCII"
        )
    elif parts.scheme == "http" and not (allow_http or is_loopback(host)):
        problems.append(
            f"host: plain http to {host} is refused, as the signature covers neither path nor query; "
            f'use https://, or set "allow_http": true in extra'
        )
    return text.rstrip("/")


def _credential(name: str, what: str, value: object, problems: list[str]) -> str:
    if _absent(value):
        problems.append(f"{name}: missing; put NXLink's {what} there")
    elif not _PRINTABLE.fullmatch(str(value)):
        # Never show it, not even the part that is wrong.
        problems.append(f"{name}: holds blanks, line breaks or characters that are not ASCII; copy it anew")
    return str(value)


def _phone(value: object, problems: list[str]) -> str:
    if _absent(value) or isinstance(value, bool):
        problems.append("phone: missing; put the WhatsApp sender's number into extra, or pass phone=")
        return ""
    digits = _PHONE_PUNCTUATION.sub("", str(value))
    if not isinstance(value, (str, int)) or not _PHONE.fullmatch(digits):
        problems.append(f"phone: {_shown(value)} is not a number with country code (7 to 15 digits)")
    return digits


def _whole(
    name: str, value: object, default: int | None, limits: tuple[int, int], problems: list[str]
) -> int:
    if _absent(value):
        if default is None:
            problems.append(f"{name}: missing; put it into extra, or pass {name}=")
        return default or 0
    low, high = limits
    text = str(value).strip()
    number = int(text) if re.fullmatch(r"[0-9]{1,19}", text) and not isinstance(value, bool) else -1
    if not low <= number <= high:
        problems.append(f"{name}: {_shown(value)} is not a whole number from {low} to {high}")
    return number


def _seconds(value: object, problems: list[str]) -> float:
    if _absent(value):
        return DEFAULT_TIMEOUT
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        problems.append(f"timeout: {_shown(value)} is not a number of seconds above 0 and up to 3600")
    return seconds


def _algorithm(value: object, problems: list[str]) -> str:
    name = ALGORITHMS[0] if _absent(value) else str(value).strip().lower()
    if name not in ALGORITHMS:
        problems.append(f"algorithm: {_shown(value)} is not one of {', '.join(ALGORITHMS)}")
    return name


def _flag(name: str, value: object, default: bool, problems: list[str]) -> bool:
    if _absent(value):
        return default
    flag = {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())
    if flag is None:
        problems.append(f"{name}: {_shown(value)} is neither true nor false")
    return bool(flag)


def _verify(value: object, problems: list[str]) -> bool | str:
    if _absent(value) or str(value).strip().lower() in ("true", "1"):
        return True
    if str(value).strip().lower() in ("false", "0"):
        problems.append(
            "verify: the server's certificate is always checked; for a private CA give the path of its file"
        )
        return True
    try:
        path = Path(str(value)).expanduser()
        if path.is_file():
            ssl.create_default_context(cafile=path)
            return str(path)
    except (OSError, RuntimeError, ValueError):  # no certificate in it, unreadable, no such user, too long
        pass
    # One message for all: it must not tell which files exist on the worker.
    problems.append(
        f"verify: {_shown(value)} is neither true nor the path of a CA file: no certificate can be read in it"
    )
    return True


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
