"""Ordered faults: what the client sees, and whether the work was done."""

import socket
import threading
import time

import httpx
import pytest

DROPPED = (httpx.RemoteProtocolError, httpx.ReadError)


def test_a_status_fault_answers_with_headers_and_body(client, sandbox):
    sandbox.inject("status", status=429, headers={"Retry-After": "7"}, body="<html>slow down</html>")
    path = f"/saas/wa/flow/{client.phone}"

    answer = client.send("GET", path, tenant_id=123)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.text == "<html>slow down</html>"
    assert client.send("GET", path, tenant_id=123).json()["code"] == 0


def test_a_status_fault_befalls_before_the_work_unless_told(client, sandbox):
    path = f"/saas/wa/template/{client.phone}"
    sandbox.inject("status", endpoint="create", status=502)
    assert client.send("POST", path, client.body).status_code == 502
    assert client.rows() == []

    sandbox.inject("status", endpoint="create", status=502, when="after")
    assert client.send("POST", path, client.body).status_code == 502
    assert len(client.rows()) == 1


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_a_code_fault_is_an_envelope_on_http_200(client, sandbox, when, left):
    sandbox.inject("code", endpoint="create", code=-1, when=when)
    answer = client.create()
    assert (answer["code"], answer["data"], len(answer["traceId"])) == (-1, None, 32)
    assert len(client.rows()) == left
    assert sandbox.received(endpoint="create")[0].code == -1


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_a_drop_closes_the_connection_without_an_answer(client, sandbox, when, left):
    sandbox.inject("drop", endpoint="create", when=when)

    with pytest.raises(DROPPED):
        client.create()

    assert len(client.rows()) == left
    call = sandbox.received(endpoint="create")[0]
    assert (call.fault, call.http_status, call.code, call.verified) == ("drop", None, None, True)


def test_a_drop_sends_not_a_byte(sandbox):
    sandbox.inject("drop")
    with socket.create_connection(sandbox.url.removeprefix("http://").split(":"), timeout=2) as raw:
        raw.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert raw.recv(100) == b""


def test_a_truncated_answer_ends_in_the_middle_after_the_work(client, sandbox):
    sandbox.inject("truncate", endpoint="create")
    with pytest.raises(DROPPED, match=r"incomplete|without sending complete"):
        client.create()
    assert len(client.rows()) == 1


def never_answered(client):
    """Create in vain; what is asked next has the client's own time for it."""
    patience, client.http.timeout = client.http.timeout, 0.2
    with pytest.raises(httpx.ReadTimeout):
        client.create()
    client.http.timeout = patience


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_a_hang_never_answers(client, sandbox, when, left):
    sandbox.inject("hang", endpoint="create", when=when)
    never_answered(client)
    assert len(client.rows()) == left


def test_latency_makes_the_real_answer_late(client, sandbox):
    sandbox.inject("latency", seconds=0.2)
    start = time.perf_counter()
    assert client.create()["code"] == 0
    assert time.perf_counter() - start >= 0.2


def test_what_the_sandbox_takes_itself_is_part_of_the_latency(client, sandbox):
    def be_slow(held):
        with sandbox.state.lock:
            held.set()
            time.sleep(0.8)

    def seconds():
        sandbox.reset()
        sandbox.inject("latency", seconds=1.0, when="after")
        held = threading.Event()
        threading.Thread(target=be_slow, args=[held], daemon=True).start()
        held.wait()
        start = time.perf_counter()
        assert client.create()["code"] == 0
        taken = time.perf_counter() - start + 0.002
        assert taken >= 1.0
        return taken

    # A busy machine holds an answer up now and then; the 0.8 s come on top of each, if they do.
    assert any(seconds() < 1.7 for _ in range(3))


def test_a_late_answer_holds_nobody_else_up(client, sandbox):
    sandbox.inject("hang", endpoint="create")
    never_answered(client)
    start = time.perf_counter()
    assert client.flows()["code"] == 0
    assert time.perf_counter() - start < 2


def test_times_and_skip_count_the_calls_that_fit(client, sandbox):
    sandbox.inject("code", endpoint="flows", code=-1, skip=1, times=2)
    client.list()
    assert [client.flows()["code"] for _ in range(4)] == [0, -1, -1, 0]


def test_a_fault_for_ever_lasts_until_it_is_withdrawn(client, sandbox):
    fault = sandbox.inject("code", code=-1, times=0)
    assert [client.flows()["code"] for _ in range(3)] == [-1, -1, -1]
    sandbox.state.faults.withdraw(fault.id)
    assert client.flows()["code"] == 0


@pytest.mark.parametrize(
    ("condition", "codes"),
    [
        ({"endpoint": "flows"}, (-1, 0)),
        ({"method": "POST"}, (0, -1)),
        ({"path": "/saas/wa/template/*"}, (0, -1)),
        ({"endpoint": "flows", "method": "POST"}, (0, 0)),
    ],
)
def test_a_fault_befalls_the_calls_that_fit_all_its_conditions(client, sandbox, condition, codes):
    sandbox.inject("code", code=-1, **condition)
    assert (client.flows()["code"], client.create()["code"]) == codes


def test_the_oldest_order_comes_first(client, sandbox):
    sandbox.inject("code", code=-1)
    sandbox.inject("code", code=22016)
    assert [client.flows()["code"] for _ in range(3)] == [-1, 22016, 0]


@pytest.mark.parametrize("wrong", [{"kind": "explode"}, {"kind": "drop", "when": "during"}])
def test_what_is_no_fault_is_refused(sandbox, wrong):
    with pytest.raises(ValueError, match=r"explode|during"):
        sandbox.inject(**wrong)
