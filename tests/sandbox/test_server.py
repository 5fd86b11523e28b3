"""SandboxServer: quick to start and stop, usable from the test's own thread."""

import json
import socket
import statistics
import threading
import time

import httpx
import pytest
from airflow.models.connection import Connection

from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sandbox.serving import listening_socket
from airflow_provider_nxlink.sandbox.statefile import StateFile


def test_it_starts_in_under_300_ms_and_stops_at_once():
    def seconds():
        start = time.perf_counter()
        with SandboxServer() as server:
            assert httpx.get(f"{server.url}/_sandbox/health", verify=False).is_success  # noqa: S501
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 0.3


def test_it_leaves_neither_port_nor_thread_behind():
    before = set(threading.enumerate())
    with SandboxServer() as server:
        port = httpx.URL(server.url).port
    assert not [t for t in threading.enumerate() if t.name == "nxlink-sandbox" and t not in before]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/_sandbox/health")


def test_it_stops_though_a_call_hangs(client_of):
    with SandboxServer() as server:
        server.inject("hang")
        client = client_of(server)

        def ask():
            with pytest.raises(httpx.HTTPError):
                client.flows()

        hanging = threading.Thread(target=ask)
        hanging.start()
        deadline = time.monotonic() + 10
        while not server.count():
            assert time.monotonic() < deadline, "the call did not arrive"
            time.sleep(0.001)
        start = time.perf_counter()
    assert time.perf_counter() - start < 1
    hanging.join(2)
    assert not hanging.is_alive()


def test_it_cuts_open_connections_when_it_stops():
    with SandboxServer() as server:
        url = httpx.URL(server.url)
        idle = socket.create_connection((url.host, url.port), timeout=2)
        idle.sendall(b"GET /_sandbox/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(1000).startswith(b"HTTP/1.1 200")
    with idle:
        idle.settimeout(2)
        while idle.recv(1000):
            pass  # the rest of the answer; what is asked is that an end comes


def test_a_port_answers_from_the_moment_it_is_known():
    with listening_socket("127.0.0.1", 0) as listening:
        socket.create_connection(listening.getsockname(), timeout=2).close()


def test_answers_are_not_held_back_for_acknowledgements(client):
    def seconds():
        start = time.perf_counter()
        client.flows()
        return time.perf_counter() - start

    # Nagle's algorithm against delayed acknowledgements costs 40 ms a call.
    assert statistics.median(seconds() for _ in range(41)) < 0.03


def test_several_run_side_by_side(client_of):
    with SandboxServer() as one, SandboxServer() as two:
        client_of(one).create()
        assert (one.count(), two.count()) == (1, 0)


def test_its_connection_reads_as_one_in_airflow_from_json_and_uri(sandbox):
    for text in (sandbox.connection_json, sandbox.connection_uri):
        connection = (
            Connection.from_json(text, conn_id="x") if text[0] == "{" else Connection(conn_id="x", uri=text)
        )
        assert connection.conn_type == "nxlink"
        assert connection.host == sandbox.url
        assert (connection.login, connection.password) == ("sandbox-key", "sandbox-secret")
        assert connection.extra_dejson == {"phone": "8613800000000", "tenant_id": 123}
    assert json.loads(sandbox.connection_json) == sandbox.connection


def test_templates_from_the_start_survive_a_reset(client_of):
    with SandboxServer(templates=[{"name": "old", "language": "en"}]) as server:
        client = client_of(server)
        server.reset()
        assert [row["name"] for row in client.rows()] == ["old"]


def test_its_methods_may_be_called_from_another_thread_while_calls_come_in(client, sandbox):
    client.create()
    stop = threading.Event()

    def meddle():
        while not stop.is_set():
            sandbox.set_status("promo", "en_US", 0, "SPAM")
            sandbox.approve("promo", "en_US")
            sandbox.received()

    meddler = threading.Thread(target=meddle)
    meddler.start()
    seen = [(row["status"], row["waRejectedReason"]) for _ in range(30) for row in client.rows()]
    stop.set()
    meddler.join()

    assert set(seen) <= {(0, "SPAM"), (2, "")}


def test_an_unknown_template_has_no_status_to_set(sandbox):
    with pytest.raises(KeyError, match="absent"):
        sandbox.approve("absent", "en")


def test_state_in_a_file_survives(tmp_path, client_of):
    path = tmp_path / "state.sqlite"

    def run(work):
        file = StateFile(path)
        seeds = [{"name": "seed", "language": "en"}]
        with SandboxServer(approve_after=0, strict_media=True, file=file, templates=seeds) as server:
            result = work(client_of(server), server)
        file.close()
        return result

    def before(client, server):
        media = client.upload().json()["data"]
        client.delete(client.create(name="gone")["data"]["id"])
        client.create(mediaId=media["media_id"], mediaType="IMAGE", templateMediaId=media["h"])
        server.switch(approve_after=3600)
        client.create(name="pending")
        client.delete(client.create(name="last", syn_meta=False)["data"]["id"])
        return media, client.rows()

    def after(client, server):
        assert client.rows() == rows
        assert client.create(name="gone")["code"] == 22072
        assert client.create(name="new", mediaId=media["media_id"], mediaType="IMAGE")["data"] == {"id": 1006}
        server.clock.advance(3601)
        assert {row["name"]: row["status"] for row in client.rows()}["pending"] == 2
        server.reset()

    media, rows = run(before)
    run(after)
    assert run(lambda client, _: [row["name"] for row in client.rows()]) == ["seed"]


def test_any_name_may_be_locked_in_a_file(tmp_path, client_of):
    for already in (False, True):
        file = StateFile(tmp_path / "state.sqlite")
        with SandboxServer(file=file) as server:
            if not already:
                client_of(server).delete(server.seed([{"name": "two\nlines \ud83d", "language": "en"}])[0])
            assert ("8613800000000", "two\nlines \ud83d", "en") in server.state.name_locks
        file.close()
