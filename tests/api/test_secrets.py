"""Nothing secret in a log at DEBUG, a text, a traceback or a pickle, through success and every failure."""

import json
import logging
import pickle
import re
import traceback

import pytest

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.auth import Signer, SigningSession
from airflow_provider_nxlink.api.errors import (
    NxlinkAuthError,
    NxlinkError,
)
from tests.api.conftest import BODY, CALLS, DATA, account_of
from tests.api.raw_server import RawServer, Step, envelope, http

SECRET = "pl4nted-S3cret"
LINK = "https://bucket.example/a.jpg?OSSAccessKeyId=pl4nted-KEY&Signature=pl4nted-SIG"
ECHO = f"your accessSecret is {SECRET}, sign={'0f' * 16}, see {LINK}"

ANSWERS = {
    "success": None,
    "1003": envelope(None, 1003, message=ECHO, traceId=ECHO),
    "-1": envelope(None, -1, message=ECHO),
    "unknown code": envelope(None, 4711, message=ECHO),
    "no code": envelope(None, None, message=ECHO, traceId=ECHO),
    "data of another form": envelope(ECHO),
    "HTML": http(f"<html>{ECHO}</html>".encode(), 502),
    "redirect": http(ECHO.encode(), 302),
    "429": http(ECHO.encode(), 429, Retry_After="99"),
    "403": http(ECHO.encode(), 403),
    "closed": Step(then="close"),
    "cut": Step(http(ECHO.encode(), length=9999), then="close"),
    "escaped JSON": envelope(json.dumps({"headers": {"sign": "0f" * 16}, "url": LINK, "secret": ECHO})),
    "escaped twice": envelope(json.dumps(json.dumps({"sign": "0f" * 16, "Signature": "pl4nted-SIG"}))),
    "malformed header": Step(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + f"{ECHO}\r\nsign {'0f' * 16}\r\n\r\n".encode() + b"{}",
        then="close",
    ),
    "malformed chunk": Step(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + f"{ECHO}\r\n".encode(), then="close"
    ),
    "malformed status": Step(f"HTTP/1.1 {ECHO}\r\n\r\n".encode(), then="close"),
    "not HTTP": Step(f"{ECHO}\r\n\r\n".encode(), then="close"),
}


def leaks(text):
    """Return what is secret in a text: the planted parts, and any signature."""
    return re.findall(r"pl4nted-\w+|\b[0-9a-f]{32}\b", text)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("call", ["list flows", "create template", "upload media"])
def test_no_log_and_no_error_shows_a_secret(connect, raw, caplog, capfd, call, answer):
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "httpx", "httpcore", "asyncio", "requests"):
        caplog.set_level(logging.DEBUG, name)
    raw.script(answer or envelope(DATA[call]))
    account = account_of(raw.url, access_secret=SECRET)
    sender = connect(account)
    made = {
        "upload media": calls.upload_media(account, LINK),
        "create template": calls.create_template(account, {**BODY, "mediaUrl": LINK}),
    }
    said = []

    try:
        said.append(repr(sender.send(made.get(call, CALLS[call](account)))))
    except NxlinkError as error:
        said += ["".join(traceback.format_exception(error)), repr(error), repr(vars(error))]
        said.append(repr(pickle.loads(pickle.dumps(error))))  # noqa: S301 - our own

    shown = caplog.text + "".join(said) + "".join(capfd.readouterr())
    assert raw.requests
    assert re.search(r"[0-9a-f]{32}", raw.requests[0].head.decode())  # a signature was there to be shown
    assert leaks(shown) == []


def test_nothing_shows_a_secret_when_asked_to_show_itself(connect):
    account = account_of("https://nxlink.example", access_secret=SECRET)
    sender = connect(account)
    things = [sender.client, account, SigningSession(account), Signer(account), sender.client._signer.clock]

    shown = "".join(f"{thing!r} {thing}" for thing in things)

    assert leaks(shown) == []
    assert "https://nxlink.example" in repr(sender.client)


@pytest.mark.parametrize("answer", ["closed", "cut", "not HTTP", "malformed header", "malformed chunk"])
def test_no_error_of_a_library_comes_along(connect, raw, answer):
    raw.script(ANSWERS[answer])
    account = account_of(raw.url, access_secret=SECRET)

    with pytest.raises(NxlinkError) as caught:
        connect(account).send(calls.create_template(account, BODY))

    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


class Echo(RawServer):
    """Sends back the signature it got, in the place a test names."""

    answer = ""

    def _answer(self, connection, raw):
        received = connection.recv(65536)
        if not received:
            return False
        self.signature = re.search(rb"sign: ([0-9a-f]{32})", received)[1].decode()
        connection.sendall(self.answer(self.signature))
        return False


ECHOES = {
    "message": lambda sign: envelope(None, 1003, message=f"signature {sign} does not match"),
    "data": lambda sign: envelope(json.dumps({"received": {"headers": [sign]}})),
    "HTML": lambda sign: http(f"<td>{sign}</td>".encode(), 502),
    "header line": lambda sign: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%s\r\n\r\n{}" % sign.encode(),
    "status line": lambda sign: f"{sign}\r\n\r\n".encode(),
    "Location": lambda sign: http(b"", 302, Location=f"https://x.example/?s={sign}"),
}


@pytest.mark.parametrize("answer", ECHOES.values(), ids=ECHOES)
def test_our_own_signature_is_not_shown_wherever_it_comes_back(connect, caplog, answer):
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "urllib3.connection", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, name)
    with Echo() as server:
        server.answer = answer
        account = account_of(server.url, access_secret=SECRET)
        with pytest.raises(NxlinkError) as caught:
            connect(account, attempts=1).send(calls.list_flows(account))

    shown = caplog.text + "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert server.signature not in shown


def test_a_session_of_a_hook_logs_no_malformed_header_either(raw, caplog):
    raw.script(ANSWERS["malformed header"])
    account = account_of(raw.url, access_secret=SECRET)

    with caplog.at_level(logging.DEBUG), SigningSession(account) as session:
        session.get(raw.url)

    assert "Failed to parse the response headers" in caplog.text
    assert leaks(caplog.text) == []


def test_a_wrong_secret_is_an_error_that_names_the_way_out(connect, sandbox):
    account = account_of(sandbox.url, access_secret=SECRET)

    with pytest.raises(
        NxlinkAuthError, match=r"authentication failed \(1003\).*traceId \w+.*check"
    ) as caught:
        connect(account).send(calls.list_flows(account))

    assert leaks(str(caught.value).replace(caught.value.trace_id, "")) == []


def test_a_password_of_a_netrc_file_is_not_sent(connect, raw, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password of-another-service\n")
    monkeypatch.setenv("NETRC", str(netrc))
    raw.script(envelope({"list": []}))

    connect(account_of(raw.url)).list()

    assert "authorization" not in {name.lower() for name in raw.requests[0].headers}
