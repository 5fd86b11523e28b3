"""A proxy that lets nothing through: the request certainly did not arrive, so writes are sent again."""

import socket

import pytest

from airflow_provider_nxlink.api.errors import NxlinkTransportError
from tests.api.conftest import CALLS, account_of
from tests.api.raw_server import Step, http


@pytest.fixture(autouse=True)
def no_exceptions(monkeypatch):
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("call", ["list flows", "create template"])
def test_a_proxy_that_opens_no_tunnel_did_nothing(connect, raw, monkeypatch, call):
    raw.script(Step(http(status=403), then="close"))
    monkeypatch.setenv("https_proxy", raw.url)
    account = account_of("https://nxlink.example")
    sender = connect(account, attempts=2)

    with pytest.raises(NxlinkTransportError, match="403") as caught:
        sender.send(CALLS[call](account))

    assert [request.method for request in raw.requests] == ["CONNECT", "CONNECT"]
    assert not caught.value.outcome_unknown
    assert not caught.value.permanent


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("call", ["list flows", "create template"])
def test_a_proxy_that_is_not_there_did_nothing(connect, monkeypatch, call, scheme):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{port}")
    account = account_of(f"{scheme}://nxlink.example", allow_http=True)
    sender = connect(account, attempts=2)

    with pytest.raises(NxlinkTransportError) as caught:
        sender.send(CALLS[call](account))

    assert len(sender.sleeps) == 1
    assert not caught.value.outcome_unknown
