"""A client, opened by ``with``, closed and used again; and the limits of what it waits for and reads."""

import asyncio
import re
import socket
import time

import pytest
import urllib3

from airflow_provider_nxlink.api import base_client, calls
from airflow_provider_nxlink.api.client import AsyncNxlinkClient, NxlinkClient
from airflow_provider_nxlink.api.errors import NxlinkTransportError
from tests.api.conftest import BODY, account_of
from tests.api.raw_server import Step, envelope, http


def test_a_client_closes_its_connections_at_the_end_of_with_and_opens_new_ones(raw):
    raw.script(envelope())
    account = account_of(raw.url)

    with NxlinkClient(account) as client:
        client.send(calls.list_flows(account))
        client.send(calls.list_flows(account))
    client.close()
    client.send(calls.list_flows(account))
    client.close()

    assert client.account is account
    assert (len(raw.requests), raw.connections) == (3, 2)


def test_an_async_client_closes_its_connections_at_the_end_of_with_and_opens_new_ones(raw):
    raw.script(envelope())
    account = account_of(raw.url)

    async def use():
        async with AsyncNxlinkClient(account) as client:
            await client.send(calls.list_flows(account))
            await client.send(calls.list_flows(account))
            first = client._http
        assert first.is_closed
        await client.aclose()
        await client.send(calls.list_flows(account))
        await client.aclose()
        assert client.account is account

    asyncio.run(use())
    assert (len(raw.requests), raw.connections) == (3, 2)


def test_an_answer_is_read_up_to_the_limit_and_refused_for_good_above_it(connect, raw, monkeypatch):
    monkeypatch.setattr(base_client, "MAX_ANSWER_BYTES", 3 * 1024**2)
    body = b'{"code": 0, "data": []}'.ljust(3 * 1024**2)
    raw.script(http(body), http(body + b" "))
    account = account_of(raw.url)
    sender = connect(account)

    assert sender.send(calls.list_flows(account)) == []
    with pytest.raises(NxlinkTransportError) as caught:
        sender.send(calls.list_flows(account))

    assert str(caught.value) == "list flows: the answer is longer than 3 MiB"
    assert (caught.value.outcome_unknown, caught.value.permanent) == (False, True)
    assert len(raw.requests) == 2


@pytest.mark.parametrize("write", [False, True])
def test_a_lost_connection_is_told_with_call_host_and_kind(connect, raw, write):
    raw.script(Step(then="close"))
    account = account_of(raw.url)
    call = calls.create_template(account, BODY) if write else calls.list_flows(account)

    with pytest.raises(NxlinkTransportError) as caught:
        connect(account, attempts=1).send(call)

    assert re.match(rf"{call.name}: {re.escape(raw.url)}: \w+: .", str(caught.value))
    assert (caught.value.outcome_unknown, caught.value.permanent) == (write, False)


def test_garbage_that_came_instead_of_an_answer_is_not_told_at_length(connect, raw):
    raw.script(Step(b"garbage " * 7000 + b"\r\n\r\n", then="close"))
    account = account_of(raw.url)

    with pytest.raises(NxlinkTransportError, match="garbage garbage") as caught:
        connect(account, attempts=1).send(calls.list_flows(account))

    assert len(str(caught.value)) < 2100


def test_a_connection_is_waited_for_no_longer_than_its_limit(connect, monkeypatch):
    monkeypatch.setattr(base_client, "MAX_CONNECT_TIMEOUT", 0.15)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        account = account_of(f"http://127.0.0.1:{full.getsockname()[1]}", timeout=30)
        started = time.monotonic()

        with pytest.raises(NxlinkTransportError, match=r"Timeout|timed out"):
            connect(account, attempts=1).send(calls.list_flows(account))

        assert time.monotonic() - started < 10
        for each in waiting:
            each.close()


def test_an_endless_answer_is_not_read_to_its_end_where_urllib3_is_older(raw, monkeypatch):
    for kind in (urllib3.BaseHTTPResponse, urllib3.HTTPResponse):
        monkeypatch.delattr(kind, "read1")
    raw.script(envelope(), Step(http(b"x" * 80_000_000), then="close"))
    account = account_of(raw.url)

    with NxlinkClient(account) as client:
        assert client.send(calls.list_flows(account)) == []
        with pytest.raises(NxlinkTransportError, match="longer than 16 MiB"):
            client.send(calls.list_flows(account))

    assert raw.sent < 60_000_000
