"""What is sent again: each fault on real sockets, against each kind of call."""

import gzip
import logging
import re
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.envelope import retry_after
from airflow_provider_nxlink.api.errors import NxlinkRateLimitError, NxlinkTransportError
from tests.api.conftest import BODY, CALLS, DATA, READS, WRITES, account_of
from tests.api.raw_server import Step, envelope, http
from tests.faults.proxy import Fault, FaultProxy

TIMED_OUT = r"Timeout|timed out"
HTML = b"<html><h1>Bad Gateway</h1></html>"

# The request may have arrived, and no answer that can be believed came back.
LOST = {
    "reset before the request is read": Step(read="nothing", then="reset"),
    "reset after the head": Step(read="head", then="reset"),
    "reset after the request": Step(then="reset"),
    "closed without an answer": Step(then="close"),
    "cut in the answer's head": Step(b"HTTP/1.1 200 OK\r\nConte", then="close"),
    "cut in the answer's body": Step(http(b'{"code": 0, "da', length=200), then="close"),
    "reset in the answer's body": Step(http(b'{"code": 0, "da', length=200), then="reset"),
    "length too short": Step(http(b'{"code": 0}', length=5, Connection="close"), then="close"),
    "cut between chunks": Step(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", then="close"),
    "not HTTP": Step(b"SSH-2.0-OpenSSH_9.6\r\n", then="close"),
    "not gzip": Step(http(b"plain", Content_Encoding="gzip")),
    "500": Step(http(HTML, 500)),
    "502": Step(http(HTML, 502)),
    "503": Step(http(HTML, 503)),
    "504": Step(http(b"", 504)),
    "200 and empty": Step(http()),
    "200 and HTML": Step(http(b"<html>Log in to the hotel's network</html>")),
    "200 and an array": Step(http(b"[]")),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_a_read_is_sent_again_until_it_is_answered(connect, raw, fault):
    raw.script(fault, fault, fault, envelope([]))
    account = account_of(raw.url)

    assert connect(account).send(calls.list_flows(account)) == []

    assert len(raw.requests) == 4


@pytest.mark.parametrize("fault", [LOST["reset after the request"], LOST["502"]], ids=["reset", "502"])
@pytest.mark.parametrize("call", READS)
def test_a_read_is_sent_four_times_at_most(connect, raw, call, fault):
    raw.script(fault)
    account = account_of(raw.url)

    with pytest.raises(NxlinkTransportError, match=call) as caught:
        connect(account).send(READS[call](account))

    assert len(raw.requests) == 4
    assert not caught.value.outcome_unknown
    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("call", "fault"),
    [("create template", fault) for fault in LOST]
    + [(call, fault) for call in WRITES for fault in ("reset after the request", "502")],
)
def test_a_write_that_may_have_arrived_is_sent_once(connect, raw, call, fault):
    raw.script(LOST[fault], envelope(DATA[call]))
    account = account_of(raw.url)

    with pytest.raises(NxlinkTransportError, match="may have carried it out: look before") as caught:
        connect(account).send(WRITES[call](account))

    assert len(raw.requests) == 1
    assert caught.value.outcome_unknown
    assert not caught.value.permanent


def test_each_attempt_that_failed_is_told_with_what_comes_next(connect, raw, caplog):
    raw.script(http(HTML, 503), envelope([]))
    account = account_of(raw.url)
    sender = connect(account)
    level = logging.WARNING if isinstance(sender.client, NxlinkClient) else logging.DEBUG

    with caplog.at_level(logging.DEBUG, "airflow_provider_nxlink"):
        sender.send(calls.list_flows(account))

    # Where Airflow 2 has set up its logging, httpx is heard as well.
    ours = [told for told in caplog.record_tuples if told[0].startswith("airflow_provider_nxlink")]
    ((_, logged_as, text),) = ours
    assert logged_as == level
    assert re.fullmatch(
        r"list flows: HTTP 503, no answer of NXLink's: .* \(attempt 1 of 4\); next in \d\.\d s", text
    )


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_is_never_answered_ends_at_its_timeout(connect, raw, call):
    raw.script(Step(then="hang"))
    account = account_of(raw.url, timeout=0.15)

    told = ": ReadTimeout: (no reason given|.*timed out)"  # httpx says no more than the kind
    with pytest.raises(NxlinkTransportError, match=told) as caught:
        connect(account, attempts=2).send(CALLS[call](account))

    assert caught.value.outcome_unknown is (call in WRITES)
    assert len(raw.requests) == (1 if call in WRITES else 2)


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_stops_ends_at_its_timeout(connect, raw, call):
    raw.script(Step(http(b'{"code"', length=100), then="hang"))
    account = account_of(raw.url, timeout=0.15)

    with pytest.raises(NxlinkTransportError, match=TIMED_OUT) as caught:
        connect(account, attempts=1).send(CALLS[call](account))

    assert caught.value.outcome_unknown is (call in WRITES)


@pytest.mark.parametrize("call", ["list flows", "create template"])
def test_an_answer_that_comes_in_drips_ends_after_ten_timeouts(connect, raw, call):
    # Each byte comes well within the timeout.
    raw.script(Step(http(b'{"code"', length=10**6), then="drip"))
    account = account_of(raw.url, timeout=0.1)
    started = time.monotonic()

    with pytest.raises(
        NxlinkTransportError, match=f"{call}: the answer was not complete after 1 s"
    ) as caught:
        connect(account, attempts=2).send(CALLS[call](account))

    assert caught.value.outcome_unknown is (call in WRITES)
    assert not caught.value.permanent
    assert len(raw.requests) == (1 if call in WRITES else 2)
    assert time.monotonic() - started < 10


def test_an_answer_that_comes_slowly_is_waited_for_beyond_its_timeout(connect, raw):
    body = b'{"code": 0, "data": []}'
    raw.script(Step(http(body + b" ", length=len(body) + 30), then="drip"))
    account = account_of(raw.url, timeout=0.2)
    assert connect(account, attempts=1).send(calls.list_flows(account)) == []


def test_a_connection_is_kept_whatever_form_its_answers_have(connect, raw):
    body = b'{"code": 0, "data": []}'
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + body[:5] + b"\r\n12\r\n"
    packed = http(gzip.compress(body), Content_Encoding="gzip")
    raw.script(http(body), packed, chunked + body[5:] + b"\r\n0\r\n\r\n", http(body))
    account = account_of(raw.url)
    sender = connect(account, attempts=1)

    assert [sender.send(calls.list_flows(account)) for _ in range(4)] == [[]] * 4

    assert (len(raw.requests), raw.connections) == (4, 1)


@pytest.mark.parametrize("call", CALLS)
def test_a_refused_connection_did_nothing_so_writes_are_sent_again_too(connect, call):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    account = account_of(f"http://127.0.0.1:{port}")
    sender = connect(account)

    with pytest.raises(NxlinkTransportError, match=r"127\.0\.0\.1") as caught:
        sender.send(CALLS[call](account))

    assert len(sender.sleeps) == 3
    assert not caught.value.outcome_unknown
    assert not caught.value.permanent


@pytest.mark.parametrize("call", ["list flows", "create template"])
def test_a_connection_that_never_comes_about_did_nothing(connect, call):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        account = account_of(f"http://127.0.0.1:{full.getsockname()[1]}", timeout=0.15)
        sender = connect(account, attempts=2)

        with pytest.raises(NxlinkTransportError, match=TIMED_OUT) as caught:
            sender.send(CALLS[call](account))

        for each in waiting:
            each.close()
    assert len(sender.sleeps) == 1
    assert not caught.value.outcome_unknown


def test_a_host_without_address_did_nothing(connect):
    account = account_of("https://no-such-host.invalid")
    sender = connect(account, attempts=2)

    with pytest.raises(NxlinkTransportError, match=r"no-such-host\.invalid") as caught:
        sender.send(calls.create_template(account, BODY))

    assert len(sender.sleeps) == 1
    assert not caught.value.outcome_unknown


def test_the_waits_between_attempts_grow_and_are_bounded(connect, raw):
    raw.script(http(status=503))
    account = account_of(raw.url)
    sender = connect(account, attempts=9)

    with pytest.raises(NxlinkTransportError):
        sender.send(calls.list_flows(account))

    assert len(sender.sleeps) == 8
    for wait, least in zip(sender.sleeps, [0.5, 1, 2, 4, 8, 8, 8, 8], strict=True):
        assert least <= wait <= least + 0.5


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("0", 0), ("60", 60)])
def test_a_read_waits_as_long_as_it_is_told(connect, raw, header, seconds):
    raw.script(http(status=429, Retry_After=header), envelope([]))
    account = account_of(raw.url)
    sender = connect(account)

    sender.send(calls.list_flows(account))

    assert seconds < sender.sleeps[0] <= seconds + 0.5
    assert len(raw.requests) == 2


def test_a_read_waits_until_the_date_it_is_told(connect, raw):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    raw.script(http(status=429, Retry_After=date), envelope([]))
    account = account_of(raw.url)
    sender = connect(account)

    sender.send(calls.list_flows(account))

    assert 25 < sender.sleeps[0] < 31


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "soon"}, {"Retry_After": "-5"}])
def test_a_read_that_is_not_told_waits_as_usual(connect, raw, headers):
    raw.script(http(status=429, **headers), envelope([]))
    account = account_of(raw.url)
    sender = connect(account)

    sender.send(calls.list_flows(account))

    assert 0.5 <= sender.sleeps[0] <= 1


def test_a_wait_over_a_minute_is_the_callers_to_decide(connect, raw):
    raw.script(http(status=429, Retry_After="61"))
    account = account_of(raw.url)

    with pytest.raises(NxlinkRateLimitError, match="asks to wait 61 s") as caught:
        connect(account).send(calls.list_flows(account))

    assert caught.value.retry_after == 61
    assert not caught.value.permanent
    assert len(raw.requests) == 1


@pytest.mark.parametrize("call", WRITES)
def test_a_write_told_to_wait_leaves_that_to_the_caller(connect, raw, call):
    raw.script(http(status=429, Retry_After="1"))
    account = account_of(raw.url)

    with pytest.raises(NxlinkRateLimitError) as caught:
        connect(account).send(WRITES[call](account))

    assert caught.value.retry_after == 1
    assert len(raw.requests) == 1


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("Thu, 01 Jan 2026 00:00:10 GMT", 10),
        ("Thu, 01 Jan 2026 00:00:10 -0000", 10),
        ("Thu, 01 Jan 2026 01:00:10 +0100", 10),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0),
        (None, None),
        ("", None),
        ("1.5", None),
        ("٥", None),
        ("9" * 400, None),
        ("Thu, 01 Jan 99999 00:00:00 GMT", None),
        ("Thu, 01 Jan 2026 00:00:00 +999999999999999999", None),
    ],
)
def test_a_retry_after_is_read_as_seconds_or_as_a_date(header, seconds):
    assert retry_after(header, NOW) == seconds


# Through the proxy, against a sandbox: what the service has done, whatever the client learnt of it.
ON_THE_WAY = {
    "reset before the request": (Fault("reset", "request"), 0),
    "cut in the request": (Fault("cut", "request", after=150), 0),
    "reset in the request": (Fault("reset", "request", after=150), 0),
    "answer cut before its first byte": (Fault("cut", "answer"), 1),
    "answer reset before its first byte": (Fault("reset", "answer"), 1),
    "answer cut in the middle": (Fault("cut", "answer", after=60), 1),
    "answer reset in the middle": (Fault("reset", "answer", after=60), 1),
}


@pytest.mark.parametrize(("fault", "created"), ON_THE_WAY.values(), ids=ON_THE_WAY)
def test_a_create_is_done_once_at_most_whatever_the_way_does(connect, sandbox, fault, created):
    with FaultProxy(sandbox.url) as proxy:
        proxy.order(fault)
        account = account_of(proxy.url)

        with pytest.raises(NxlinkTransportError) as caught:
            connect(account).send(calls.create_template(account, BODY))

        assert caught.value.outcome_unknown
        assert (proxy.requests, proxy.met) == (1, [fault])
    assert sandbox.count("create") == created


@pytest.mark.parametrize(("fault", "_"), ON_THE_WAY.values(), ids=ON_THE_WAY)
def test_a_read_arrives_whatever_the_way_does(connect, sandbox, fault, _):
    sandbox.seed([BODY])
    with FaultProxy(sandbox.url) as proxy:
        proxy.order(fault, times=3)
        names = [template.name for template in connect(account_of(proxy.url)).list()]

        assert names == ["promo"]
        assert (proxy.requests, proxy.met) == (4, [fault] * 3)


def test_a_create_whose_answer_hangs_on_the_way_is_done_once(connect, sandbox):
    with FaultProxy(sandbox.url) as proxy:
        proxy.order(Fault("hang", "answer"))
        account = account_of(proxy.url, timeout=0.3)

        with pytest.raises(NxlinkTransportError, match="Timeout") as caught:
            connect(account).send(calls.create_template(account, BODY))

    assert caught.value.outcome_unknown
    assert sandbox.count("create") == 1


@pytest.mark.parametrize("seed", range(5))
def test_reads_arrive_through_faults_by_dice(connect, sandbox, seed):
    sandbox.seed([{**BODY, "name": f"promo_{number}"} for number in range(30)])
    with FaultProxy(sandbox.url, seed=seed, rate=0.3) as proxy:
        account = account_of(proxy.url, page_size=3)
        templates = connect(account, attempts=20).list()

    assert len({template.name for template in templates}) == len(templates) == 30
    assert proxy.met
