"""The signature on every request: one function, and the adapters that apply it for requests and httpx."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter

from airflow_provider_nxlink.api.account import Account, AccountError
from airflow_provider_nxlink.api.dates import http_date
from airflow_provider_nxlink.api.errors import NxlinkTransportError
from airflow_provider_nxlink.api.quiet import without_headers_in_the_log

log = logging.getLogger(__name__)

# A clock that is further off is one to set, and a date that is, one not to believe.
MAX_CLOCK_OFFSET = 24 * 3600
ACTION = "mt"
BIZ_TYPE = "2"

# What must never travel to another host.
SIGNING_HEADERS = ("accessKey", "ts", "bizType", "action", "sign", "algorithm")


def sign(
    *,
    access_key: str,
    access_secret: str,
    ts: str | int,
    body: bytes | str | None = None,
    action: str = ACTION,
    biz_type: str = BIZ_TYPE,
    algorithm: str = "md5",
) -> str:
    """
    Return NXLink's signature: lower-case hex of a plain hash (no HMAC) over key, time, body and secret.

    :param access_key: the connection's login.
    :param access_secret: the connection's password.
    :param ts: the time of this attempt, in milliseconds; the server allows 60 s of drift.
    :param body: the JSON body, exactly as it is sent; None or empty for GET, DELETE and multipart.
    :param action: ``mt`` for WhatsApp.
    :param biz_type: ``2`` for WhatsApp.
    :param algorithm: ``md5`` or ``sha256``.
    """
    raw = f"accessKey={access_key}&action={action}&bizType={biz_type}&ts={ts}".encode()
    if body:
        raw += b"&body=" + (body.encode() if isinstance(body, str) else body)
    raw += b"&accessSecret=" + access_secret.encode()
    # The vendor chose the hash; over https it is not what keeps the request safe.
    return hashlib.new(algorithm, raw, usedforsecurity=False).hexdigest()


class ServerClock:
    """
    NXLink's time in milliseconds: this machine's, corrected once NXLink has called it wrong (1004).

    :param now: seconds since the epoch; ``time.time`` but in tests.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.offset = 0.0

    def milliseconds(self) -> str:
        """Return the ``ts`` of a request made now."""
        return str(int((self._now() + self.offset) * 1000))

    def learn(self, date: str | None) -> None:
        """
        Take the offset from a response's ``Date`` header, each time NXLink calls the clock wrong.

        A date that can't be read, or that is more than 24 h away from this machine's, changes nothing.
        """
        server = http_date(date)
        if server is None:
            return
        offset = server.timestamp() - self._now()
        if abs(offset) <= MAX_CLOCK_OFFSET:
            self.offset = offset
        else:
            log.warning(
                "NXLink refused the timestamp, and its Date header (%s) is more than %d h off; ignoring it",
                server.isoformat(),
                MAX_CLOCK_OFFSET // 3600,
            )


class Signer:
    """Makes the common headers for one account, and only for its own host."""

    def __init__(self, account: Account, clock: ServerClock | None = None) -> None:
        self._account = account
        self.clock = clock or ServerClock()
        self._origin = origin(account.base_url)
        #: What was signed lately, as an answer may repeat it.
        self.recent: deque[str] = deque(maxlen=64)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without what was signed, and without the secret, see :class:`.Account`."""
        return type(self), (self._account,)

    def headers(self, url: str, content_type: str | None, body: bytes | str | None) -> dict[str, str]:
        """Return the headers that sign one attempt; none for a URL outside the account's host."""
        if origin(url) != self._origin:
            return {}
        account, ts = self._account, self.clock.milliseconds()
        if not account.access_secret:
            raise AccountError(["password: left out of the pickle; make a new client"], "A pickled client")
        signs_body = (content_type or "").partition(";")[0].strip().lower() == "application/json"
        signature = sign(
            access_key=account.access_key,
            access_secret=account.access_secret,
            ts=ts,
            body=body if signs_body else None,
            algorithm=account.algorithm,
        )
        self.recent.append(signature)
        headers = {
            "accessKey": account.access_key,
            "ts": ts,
            "bizType": BIZ_TYPE,
            "action": ACTION,
            "sign": signature,
        }
        return headers if account.algorithm == "md5" else {**headers, "algorithm": account.algorithm}


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port: what a signature may be sent to."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


class SigningAdapter(HTTPAdapter):
    """
    Signs each attempt of a requests session as it leaves, redirects included.

    An ``auth`` callable would sign once, when the request is prepared, and requests would carry the headers
    along to whatever host a redirect names.
    """

    def __init__(self, signer: Signer, **kwargs: Any) -> None:
        self._signer = signer
        super().__init__(**kwargs)

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Sign ``request`` anew and send it."""
        for header in SIGNING_HEADERS:
            request.headers.pop(header, None)
        body = request.body if isinstance(request.body, (bytes, str)) else None
        content_type = _as_text(request.headers.get("Content-Type"))
        request.headers.update(self._signer.headers(request.url or "", content_type, body))
        try:
            with without_headers_in_the_log():
                return super().send(request, *args, **kwargs)
        finally:
            # Exceptions and responses carry the request: leave nothing in it to be printed.
            for header in SIGNING_HEADERS:
                request.headers.pop(header, None)


class SigningSession(Session):
    """A requests session that signs what it sends to the account's host, and never leaves https."""

    def __init__(self, account: Account, signer: Signer | None = None, *, pool_size: int = 10) -> None:
        super().__init__()
        self._account = account
        self.verify = account.verify
        adapter = SigningAdapter(signer or Signer(account), pool_connections=1, pool_maxsize=pool_size)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def get_redirect_target(self, resp: Response) -> str | None:
        """Follow a redirect unless it would go from https to plain http."""
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        schemes = [urlsplit(url).scheme for url in (resp.url, urljoin(resp.url, target))]
        if schemes[0] == "https" != schemes[1]:
            resp.close()
            error = NxlinkTransportError("redirected from https to plain http, which is not followed")
            error.permanent = True
            raise error
        return target

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Let the account's CA file come before the machine's ``REQUESTS_CA_BUNDLE``."""
        verify = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, verify, cert)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy as a session of its own; pickle without the secret, see :class:`.Account`."""
        return type(self), (self._account,)

    def __repr__(self) -> str:
        """Show the host, and nothing to keep secret."""
        return f"<SigningSession {self._account.base_url}>"


class HttpxSigningAuth(httpx.Auth):
    """
    Signs each attempt of an httpx client that follows no redirects.

    One that did would carry the headers along to whatever host a redirect names, as httpx builds the next
    request of this one before it gets back here.
    """

    requires_request_body = True

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign ``request`` anew and send it."""
        headers: Mapping[str, str] = self._signer.headers(
            str(request.url), request.headers.get("Content-Type"), request.content
        )
        request.headers.update(headers)
        try:
            yield request
        finally:
            # As above: httpx's exceptions carry the request.
            for header in SIGNING_HEADERS:
                request.headers.pop(header, None)


def _as_text(value: str | bytes | None) -> str | None:
    return value.decode("latin-1") if isinstance(value, bytes) else value
