"""Nothing secret in a log at DEBUG, a text, a traceback or a pickle, through success and every failure."""

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
    NxlinkTransportError,
)
from tests.api.conftest import BODY, CALLS, DATA, account_of
from tests.api.raw_server import Step, envelope, http

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


def test_the_error_under_ours_does_not_carry_the_signature(connect, raw):
    raw.script(Step(then="close"))
    account = account_of(raw.url, access_secret=SECRET)

    with pytest.raises(NxlinkTransportError) as caught:
        connect(account).send(calls.create_template(account, BODY))

    error = caught.value.__context__
    while error is not None:
        request = getattr(error, "_request", None) or getattr(error, "request", None)
        assert "sign" not in getattr(request, "headers", {})
        error = error.__cause__ or error.__context__


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
