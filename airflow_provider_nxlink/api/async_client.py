"""The client for triggers: it sends a Call over httpx, and hands back what it asks for."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from types import TracebackType
from typing import Self, TypeVar

import httpx
from tenacity import AsyncRetrying

from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.auth import HttpxSigningAuth, ServerClock
from airflow_provider_nxlink.api.base_client import HEADERS, JSON_HEADERS, BaseClient
from airflow_provider_nxlink.api.calls import Call
from airflow_provider_nxlink.api.envelope import Answer
from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.api.paging import PageWalk
from airflow_provider_nxlink.api.quiet import without_headers_in_the_log
from airflow_provider_nxlink.api.retries import DEFAULT_ATTEMPTS, RetryPolicy

T = TypeVar("T")

# A page of 100 templates has some 60 kB and takes half a millisecond.
_READ_IN_THREAD = 96 * 1024


class AsyncNxlinkClient(BaseClient):
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
        """
        Send ``call``, again where that is safe, and return what it asks for.

        Results and errors are those of :meth:`.NxlinkClient.send`.
        """
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
        if len(answer.body) > _READ_IN_THREAD:
            return await asyncio.to_thread(self._read, call, answer)
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
                        headers=JSON_HEADERS if call.body else HEADERS,
                    ) as response,
                ):
                    body = self._reader(call, response.headers)
                    if response.is_stream_consumed:  # a transport that answers from memory
                        body = self._reader(call, {})
                        body.add(response.content)
                    else:
                        async for chunk in response.aiter_raw():
                            body.add(chunk)
                    return Answer(response.status_code, response.headers, body.finish())
        except TimeoutError:
            fault = self._too_slow(call)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            fault = self._fault(call, error, arrived=False)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # TLS's own errors come as they are
            fault = self._fault(call, error)
        # Raised out here, as the library's error may quote what came and would be the context of this one.
        raise fault

    async def _connected(self) -> httpx.AsyncClient:
        if self._http is None:
            # Reading the CA files takes some 50 ms: not on the event loop.
            context = await asyncio.to_thread(_ssl_context, self.account.verify)
            self._http = self._http or httpx.AsyncClient(
                auth=HttpxSigningAuth(self._signer),
                verify=context,
                timeout=httpx.Timeout(self.account.timeout, connect=self._connect_timeout),
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
