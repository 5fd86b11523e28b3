"""The two clients: they send a Call, over requests or over httpx, and hand back what it asks for."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cache, cached_property
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from requests import Request, Response
from tenacity import AsyncRetrying, Retrying
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError, ProxyError

from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.auth import HttpxSigningAuth, ServerClock, Signer, SigningSession
from airflow_provider_nxlink.api.calls import Call
from airflow_provider_nxlink.api.envelope import MAX_ANSWER_BYTES, Answer, read_answer
from airflow_provider_nxlink.api.errors import NxlinkClockSkewError, NxlinkTransportError
from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.api.paging import PageWalk
from airflow_provider_nxlink.api.quiet import without_headers_in_the_log
from airflow_provider_nxlink.api.redaction import excerpt
from airflow_provider_nxlink.api.retries import DEFAULT_ATTEMPTS, RetryPolicy

T = TypeVar("T")

MAX_CONNECT_TIMEOUT = 10.0
# Each part of an answer may take the account's timeout; all of them together this many times as long.
MAX_TIMEOUTS = 10
_CHUNK = 64 * 1024
_JSON_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_HEADERS = {"Accept": "application/json"}


class _Client:
    """What both clients have in common: whom they speak to, the clock, and how an answer is read."""

    def __init__(
        self, account: Account, *, attempts: int = DEFAULT_ATTEMPTS, clock: ServerClock | None = None
    ) -> None:
        self.account = account
        self._attempts = attempts
        self._signer = Signer(account, clock)
        self._secrets = (account.access_secret,)

    def _read(self, call: Call[T], answer: Answer) -> T:
        try:
            return read_answer(call, answer, self._secrets)
        except NxlinkClockSkewError:
            self._signer.clock.learn(answer.headers.get("Date"))
            raise

    def _fault(self, call: Call[T], error: Exception, *, arrived: bool = True) -> NxlinkTransportError:
        """Name what kept the answer from coming. Without ``arrived`` the request certainly did nothing."""
        # The libraries quote what came instead of an answer, which may be 64 KiB of anything.
        reason = excerpt(str(error), self._secrets, 2000) or "no reason given"
        fault = NxlinkTransportError(
            f"{call.name}: {self.account.base_url}: {type(error).__name__}: {reason}",
            outcome_unknown=call.is_write and arrived,
        )
        fault.permanent = _certificate_refused(error)
        return fault

    def _too_long(self, call: Call[T]) -> NxlinkTransportError:
        limit = MAX_ANSWER_BYTES // 1024**2
        fault = NxlinkTransportError(f"{call.name}: the answer is longer than {limit} MiB", call.is_write)
        fault.permanent = True
        return fault

    def _too_slow(self, call: Call[T]) -> NxlinkTransportError:
        return NxlinkTransportError(
            f"{call.name}: the answer was not complete after {self._longest:g} s", call.is_write
        )

    @property
    def _longest(self) -> float:
        return self.account.timeout * MAX_TIMEOUTS

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.account.base_url} phone={self.account.phone}>"


class NxlinkClient(_Client):
    """
    Sends calls over requests.

    >>> with NxlinkClient(account) as client:  # doctest: +SKIP
    ...     names = [template.name for template in client.templates()]

    :param account: whom to speak to; see
        :meth:`~airflow_provider_nxlink.api.account.Account.checked`.
    :param attempts: how often a call is sent at most.
    :param clock: the server's time; its own but in tests.
    :param pool_size: connections kept open, for use from several threads.
    :param sleep: how to wait between attempts.
    """

    def __init__(
        self,
        account: Account,
        *,
        attempts: int = DEFAULT_ATTEMPTS,
        clock: ServerClock | None = None,
        pool_size: int = 10,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(account, attempts=attempts, clock=clock)
        self._sleep = sleep
        self.session = SigningSession(account, self._signer, pool_size=pool_size)

    def send(self, call: Call[T]) -> T:
        """
        Send ``call``, again where that is safe, and return what it asks for.

        :raises NxlinkApiError: NXLink refused.
        :raises NxlinkRateLimitError: HTTP 429, and the wait asked for is too long or came too often.
        :raises NxlinkTransportError: no answer; ``outcome_unknown`` when a write may have arrived.
        """
        retrying = Retrying(sleep=self._sleep, **RetryPolicy(call, self._attempts).arguments())
        result: T = retrying(self._send_once, call)
        return result

    def templates(self, name: str | None = None) -> Iterator[Template]:
        """Iterate over all pages of the list; with ``name``, over what NXLink finds under it."""
        walk = PageWalk(self.account, name)
        while call := walk.next_call():
            yield from walk.take(self.send(call))

    def _send_once(self, call: Call[T]) -> T:
        answer = self._exchange(call, call.path)
        if answer.status == 404 and call.other_path:
            answer = self._exchange(call, call.other_path)
        return self._read(call, answer)

    def _exchange(self, call: Call[T], path: str) -> Answer:
        timeout, started = self.account.timeout, time.monotonic()
        request = Request(
            call.method,
            self.account.base_url + path,
            params=call.query,
            data=call.body,
            files={key: (None, text) for key, text in call.form.items()} if call.form else None,
            headers=_JSON_HEADERS if call.body else _HEADERS,
        )
        try:
            with self.session.send(
                self.session.prepare_request(request),
                timeout=(min(timeout, MAX_CONNECT_TIMEOUT), timeout),
                allow_redirects=False,
                **self._environment,
            ) as response:
                body = bytearray()
                for chunk in _arriving(response):
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise self._too_long(call)
                    if time.monotonic() - started > self._longest:
                        raise self._too_slow(call)
                return Answer(response.status_code, response.headers, bytes(body))
        except (
            OSError,
            HTTPError,
        ) as error:  # requests' own errors are OSErrors; urllib3's come from the body
            raise self._fault(call, error, arrived=not _never_connected(error)) from None

    @cached_property
    def _environment(self) -> dict[str, Any]:
        """Proxies and CA file, also from the environment; to ask it each time would be a fifth of a call."""
        url = self.account.base_url
        settings: dict[str, Any] = self.session.merge_environment_settings(url, {}, True, None, None)
        return settings

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncNxlinkClient(_Client):
    """
    Sends calls over httpx, and never blocks the event loop.

    :param account: whom to speak to.
    :param attempts: how often a call is sent at most.
    :param clock: the server's time; its own but in tests.
    :param sleep: how to wait between attempts.
    """

    def __init__(
        self,
        account: Account,
        *,
        attempts: int = DEFAULT_ATTEMPTS,
        clock: ServerClock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(account, attempts=attempts, clock=clock)
        self._sleep = sleep
        self._http: httpx.AsyncClient | None = None

    async def send(self, call: Call[T]) -> T:
        """Send ``call`` as :meth:`NxlinkClient.send` does, with the same result and the same errors."""
        # Triggers ask for ever, and tell themselves when an outage begins and ends.
        policy = RetryPolicy(call, self._attempts, logging.DEBUG)
        retrying = AsyncRetrying(sleep=self._sleep, **policy.arguments())
        return await retrying(self._send_once, call)

    async def templates(self, name: str | None = None) -> AsyncIterator[Template]:
        """Iterate over all pages of the list; with ``name``, over what NXLink finds under it."""
        walk = PageWalk(self.account, name)
        while call := walk.next_call():
            for template in walk.take(await self.send(call)):
                yield template

    async def _send_once(self, call: Call[T]) -> T:
        answer = await self._exchange(call, call.path)
        if answer.status == 404 and call.other_path:
            answer = await self._exchange(call, call.other_path)
        return self._read(call, answer)

    async def _exchange(self, call: Call[T], path: str) -> Answer:
        try:
            http = await self._connected()
            with without_headers_in_the_log():
                async with (
                    asyncio.timeout(self._longest),
                    http.stream(
                        call.method,
                        self.account.base_url + path,
                        params=dict(call.query),
                        content=call.body,
                        files={key: (None, text) for key, text in call.form.items()} if call.form else None,
                        headers=_JSON_HEADERS if call.body else _HEADERS,
                    ) as response,
                ):
                    body = bytearray()
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > MAX_ANSWER_BYTES:
                            raise self._too_long(call)
                    return Answer(response.status_code, response.headers, bytes(body))
        except TimeoutError:
            raise self._too_slow(call) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise self._fault(call, error, arrived=False) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # TLS's own errors come as they are
            raise self._fault(call, error) from None

    async def _connected(self) -> httpx.AsyncClient:
        if self._http is None:
            timeout = self.account.timeout
            # Reading the CA files takes some 50 ms: not on the event loop.
            context = await asyncio.to_thread(_ssl_context, self.account.verify)
            self._http = self._http or httpx.AsyncClient(
                auth=HttpxSigningAuth(self._signer),
                verify=context,
                timeout=httpx.Timeout(timeout, connect=min(timeout, MAX_CONNECT_TIMEOUT)),
                follow_redirects=False,
            )
        return self._http

    async def aclose(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _ssl_context(verify: bool | str) -> ssl.SSLContext:
    """Trust the CA file alone where there is one, as requests does; else the usual CAs."""
    return ssl.create_default_context(cafile=verify) if isinstance(verify, str) else _usual_ssl_context()


@cache
def _usual_ssl_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _certificate_refused(error: BaseException | None) -> bool:
    """Say whether it was the server's certificate that we did not accept, before anything was sent."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def _arriving(response: Response) -> Iterator[bytes]:
    """Yield an answer's body as it arrives."""
    read1 = getattr(response.raw, "read1", None)
    if read1 is None:  # an old urllib3, or an adapter of the user's own
        yield from response.iter_content(_CHUNK)
    else:
        # iter_content would wait for a whole chunk, however slowly it drips in.
        while piece := read1(_CHUNK, decode_content=True):
            yield piece


def _never_connected(error: Exception) -> bool:
    """Say whether no connection came about, so that the request certainly did not arrive."""
    if _certificate_refused(error):
        return True
    cause = error.args[0] if error.args else None
    cause = cause.reason if isinstance(cause, MaxRetryError) else cause
    cause = cause.original_error if isinstance(cause, ProxyError) else cause
    # urllib3's words for a proxy that lets nothing through to an https host; it has no class for it.
    no_tunnel = str(cause).startswith("Tunnel connection failed")
    return no_tunnel or isinstance(cause, (NewConnectionError, ConnectTimeoutError))
