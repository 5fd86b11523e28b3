"""The clients that send a Call and hand back what it asks for: the one over requests, and httpx's by name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TypeVar

from requests import PreparedRequest, Request, Response
from tenacity import Retrying
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError, ProxyError

from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.async_client import AsyncNxlinkClient
from airflow_provider_nxlink.api.auth import ServerClock, SigningSession
from airflow_provider_nxlink.api.base_client import HEADERS, JSON_HEADERS, BaseClient, certificate_refused
from airflow_provider_nxlink.api.calls import Call
from airflow_provider_nxlink.api.envelope import Answer
from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.api.paging import PageWalk
from airflow_provider_nxlink.api.retries import DEFAULT_ATTEMPTS, RetryPolicy

__all__ = ["AsyncNxlinkClient", "NxlinkClient"]

T = TypeVar("T")

_CHUNK = 64 * 1024


class NxlinkClient(BaseClient):
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
        started = time.monotonic()
        request = Request(
            call.method,
            self.account.base_url + path,
            params=call.query,
            data=call.body,
            files={key: (None, text) for key, text in call.form.items()} if call.form else None,
            headers=JSON_HEADERS if call.body else HEADERS,
            auth=_signature_alone,
        )
        try:
            with self.session.send(
                self.session.prepare_request(request),
                timeout=(self._connect_timeout, self.account.timeout),
                allow_redirects=False,
                **self._environment,
            ) as response:
                body = self._reader(call, response.headers)
                for chunk in _arriving(response):
                    body.add(chunk)
                    if time.monotonic() - started > self._longest:
                        raise self._too_slow(call)
                return Answer(response.status_code, response.headers, body.finish())
        except (
            OSError,
            HTTPError,
        ) as error:  # requests' own errors are OSErrors; urllib3's come from the body
            fault = self._fault(call, error, arrived=not _never_connected(error))
        # Raised out here, as the library's error may quote what came and would be the context of this one.
        raise fault

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


def _arriving(response: Response) -> Iterator[bytes]:
    """Yield a response's body as it arrives, not decompressed."""
    read1 = getattr(response.raw, "read1", None)
    if read1 is None:  # urllib3 before 2.1
        yield from response.raw.stream(_CHUNK, decode_content=False)
    else:
        # stream() would wait for a whole chunk, however slowly it drips in.
        while piece := read1(_CHUNK, decode_content=False):
            yield piece


def _signature_alone(request: PreparedRequest) -> PreparedRequest:
    """Leave a request as it is, where requests would look for a ``.netrc`` and send the password in it."""
    return request


def _never_connected(error: Exception) -> bool:
    """Say whether no connection came about, so that the request certainly did not arrive."""
    if certificate_refused(error):
        return True
    cause = error.args[0] if error.args else None
    cause = cause.reason if isinstance(cause, MaxRetryError) else cause
    cause = cause.original_error if isinstance(cause, ProxyError) else cause
    # urllib3's words for a proxy that lets nothing through to an https host; it has no class for it.
    no_tunnel = str(cause).startswith("Tunnel connection failed")
    return no_tunnel or isinstance(cause, (NewConnectionError, ConnectTimeoutError))
