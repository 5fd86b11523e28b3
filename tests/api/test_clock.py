"""The clock: ten minutes off either way, corrected once from the answer's Date, and kept."""

import logging
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.auth import ServerClock
from airflow_provider_nxlink.api.errors import NxlinkClockSkewError
from tests.api.conftest import BODY, CALLS, DATA, account_of
from tests.api.raw_server import envelope, http

EXPIRED = b'{"code": 1004, "message": "", "data": null, "traceId": "trace-1"}'


@pytest.mark.parametrize("minutes", [10, -10])
def test_a_clock_that_is_off_is_corrected_once(connect, sandbox, minutes):
    sandbox.clock.shift(minutes * 60)
    account = account_of(sandbox.url)
    sender = connect(account)

    sender.send(calls.create_template(account, BODY))
    (template,) = sender.list()

    assert template.name == "promo"
    assert [call.code for call in sandbox.received()] == [1004, 0, 0]
    assert sender.sleeps == [0.0]


@pytest.mark.parametrize("call", CALLS)
def test_every_call_is_sent_again_after_1004(connect, raw, call):
    server_time = time.time() + 20 * 3600
    raw.script(http(EXPIRED, Date=formatdate(server_time, usegmt=True)), envelope(DATA[call]))
    account = account_of(raw.url)

    connect(account).send(CALLS[call](account))

    assert len(raw.requests) == 2
    assert abs(int(raw.requests[1].headers["ts"]) - server_time * 1000) < 5000


@pytest.mark.parametrize("call", CALLS)
def test_1004_that_stays_is_an_error_that_says_check_the_clock(connect, raw, call):
    raw.script(http(EXPIRED, Date=formatdate(usegmt=True)))
    account = account_of(raw.url)

    with pytest.raises(NxlinkClockSkewError, match=r"1004.*check this machine's clock"):
        connect(account).send(CALLS[call](account))

    assert len(raw.requests) == 2


def test_1004_does_not_count_as_an_attempt(connect, raw, caplog):
    raw.script(http(EXPIRED, Date=formatdate(usegmt=True)), http(status=503), envelope([]))
    account = account_of(raw.url)

    with caplog.at_level(logging.DEBUG, "airflow_provider_nxlink"):
        assert connect(account, attempts=2).send(calls.list_flows(account)) == []

    told = [text for name, _, text in caplog.record_tuples if name.startswith("airflow_provider_nxlink")]
    assert "timestamp expired (1004): list flows" in told[0]
    assert "(attempt 2 of 3)" in told[1]


def test_a_single_attempt_corrects_the_clock_too(connect, sandbox):
    sandbox.clock.shift(600)
    assert connect(account_of(sandbox.url), attempts=1).list() == []


FAR = ["Fri, 31 Dec 9999 23:59:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"]


@pytest.mark.parametrize("date", FAR)
def test_a_date_far_away_is_not_learned_and_a_later_one_is(connect, raw, date):
    true = formatdate(time.time() + 600, usegmt=True)
    raw.script(http(EXPIRED, Date=date), http(EXPIRED, Date=true), envelope([]), envelope([]))
    account = account_of(raw.url)
    sender = connect(account)

    with pytest.raises(NxlinkClockSkewError):
        sender.send(calls.list_flows(account))
    assert sender.send(calls.list_flows(account)) == []

    ts = [int(request.headers["ts"]) / 1000 - time.time() for request in raw.requests]
    assert [round(seconds / 600) for seconds in ts] == [0, 0, 1]


@pytest.mark.parametrize(("hours", "learned"), [(23.9, True), (-23.9, True), (24.1, False), (-24.1, False)])
def test_the_offset_is_bounded_to_a_day(hours, learned):
    clock = ServerClock(lambda: 10**9)

    clock.learn(formatdate(10**9 + hours * 3600, usegmt=True))

    assert (clock.offset != 0) is learned


def test_a_wrong_offset_is_learned_anew(connect, raw):
    wrong, true = (formatdate(time.time() + hours * 3600, usegmt=True) for hours in (20, 0))
    raw.script(http(EXPIRED, Date=wrong), envelope([]), http(EXPIRED, Date=true), envelope([]))
    account = account_of(raw.url)
    sender = connect(account)

    for _ in range(2):
        assert sender.send(calls.list_flows(account)) == []

    assert abs(int(raw.requests[3].headers["ts"]) / 1000 - time.time()) < 5


DATES = {
    "too long": "Thu, 01 Jan 1970 00:20:00" + " " * 100 + "GMT",
    "none": None,
    "empty": "",
    "garbage": "yesterday",
    "year too large": "Thu, 01 Jan 99999 00:00:00 GMT",
    "zone too large": "Thu, 01 Jan 2026 00:00:00 +999999999999999999",
    "number too large": "Thu, 01 Jan 2026 00:00:" + "9" * 30 + " GMT",
}


@pytest.mark.parametrize("date", DATES.values(), ids=DATES)
def test_a_date_that_can_not_be_read_changes_nothing(date):
    clock = ServerClock(lambda: 1000.0)
    clock.learn("Thu, 01 Jan 1970 00:20:00 GMT")

    clock.learn(date)

    assert clock.milliseconds() == "1200000"


def test_a_date_without_zone_is_in_utc_wherever_this_machine_is(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    clock = ServerClock(lambda: 0.0)

    clock.learn("Thu, 01 Jan 1970 00:20:00 -0000")

    monkeypatch.undo()
    time.tzset()
    assert clock.milliseconds() == "1200000"


numbers = st.integers(0, 10**12)


@given(
    st.text()
    | st.builds(
        "{}, {} Jan {} {}:{}:{} {}".format,
        st.sampled_from(["Thu", ""]),
        *[numbers] * 5,
        st.sampled_from(["GMT", "-0000", "", "+9999", "+9999999999"]),
    )
)
def test_no_date_breaks_the_clock(date):
    clock = ServerClock(lambda: 0.0)
    clock.learn(date)
    assert clock.milliseconds().lstrip("-").isdecimal()
