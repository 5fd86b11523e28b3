"""An HTTP proxy between here and NXLink, as the environment of a company names it."""

import asyncio
import contextlib
import dataclasses
import socket
import threading
from collections.abc import Iterator
from typing import TypeVar

import pytest

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.calls import Call
from airflow_provider_nxlink.api.client import AsyncNxlinkClient, NxlinkClient
from airflow_provider_nxlink.api.errors import NxlinkApiError, NxlinkTransportError
from airflow_provider_nxlink.sandbox.server import SandboxServer
from tests.faults.forward_proxy import ForwardProxy

T = TypeVar("T")

# A name that only the proxy can reach: what arrives has gone through it.
HOST = "http://nxlink.invalid"
PASSWORD = "proxy-PaSsWoRd"
BODY = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello"}


async def sent_by_httpx(account: Account, call: Call[T]) -> T:
    async with AsyncNxlinkClient(account, attempts=1) as client:
        return await client.send(call)


@contextlib.contextmanager
def refusing_proxy(times: int) -> Iterator[str]:
    """A proxy that wants to know who asks."""
    page = b"<h1>Who are you, then</h1>"
    head = b"HTTP/1.1 407 Who Are You\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(page)

    def refuse() -> None:
        for _ in range(times):
            client, _ = listening.accept()
            with client:
                client.recv(65536)
                client.sendall(head + page)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=refuse, daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def account(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Account:
    for variable in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    given = sandbox.account
    return Account.checked(
        base_url=HOST,
        allow_http=True,
        access_key=given.access_key,
        access_secret=given.access_secret,
        phone=given.phones[0],
        tenant_id=given.tenant_ids[0],
    )


def test_both_clients_go_through_the_environments_proxy(
    account: Account, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = ForwardProxy(sandbox.url)
    with proxy.running() as address:
        monkeypatch.setenv("http_proxy", f"http://user:{PASSWORD}@{address}")
        with NxlinkClient(account) as client:
            client.send(calls.create_template(account, BODY))
            assert [template.name for template in client.templates()] == ["promo"]
        page = asyncio.run(sent_by_httpx(account, calls.list_templates(account)))
    assert [template.name for template in page.templates] == ["promo"]
    assert [call.verified for call in sandbox.received()] == [True] * 3
    assert all(f" {HOST}/saas/wa/" in head for head in proxy.heads)


def test_a_proxy_that_is_away_is_named_without_its_password(
    account: Account, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://user:{PASSWORD}@127.0.0.1:{free_port}")
    call = calls.create_template(account, BODY)
    with NxlinkClient(account, attempts=1) as client, pytest.raises(NxlinkTransportError) as raised:
        client.send(call)
    with pytest.raises(NxlinkTransportError) as raised_by_httpx:
        asyncio.run(sent_by_httpx(account, call))
    for error in (raised.value, raised_by_httpx.value):
        assert not error.outcome_unknown, "nothing can have arrived"
        assert PASSWORD not in repr(error) + str(error)


def test_a_proxy_that_refuses_is_told_apart_from_nxlink(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a proxy answers is no answer of NXLink's, and says what it is."""
    with refusing_proxy(2) as address:
        monkeypatch.setenv("http_proxy", f"http://{address}")
        call = calls.list_templates(account)
        with NxlinkClient(account) as client, pytest.raises(NxlinkApiError, match=r"Who are you.*HTTP 407"):
            client.send(call)
        with pytest.raises(NxlinkApiError, match=r"Who are you.*HTTP 407"):
            asyncio.run(sent_by_httpx(account, call))


def test_a_write_that_a_proxy_did_not_let_through_certainly_did_nothing(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To an https host the proxy is asked for a tunnel first, and the request is sent through it."""
    account = dataclasses.replace(account, base_url=HOST.replace("http:", "https:"))
    with refusing_proxy(2) as address:
        monkeypatch.setenv("https_proxy", f"http://user:{PASSWORD}@{address}")
        call = calls.create_template(account, BODY)
        with NxlinkClient(account, attempts=1) as client, pytest.raises(NxlinkTransportError) as raised:
            client.send(call)
        with pytest.raises(NxlinkTransportError) as raised_by_httpx:
            asyncio.run(sent_by_httpx(account, call))
    for error in (raised.value, raised_by_httpx.value):
        assert "407" in str(error)
        assert not error.outcome_unknown
        assert PASSWORD not in repr(error) + str(error)
