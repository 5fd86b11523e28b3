"""The control API refuses what a web page could send: foreign hosts, foreign origins, simple requests."""

import stat

import httpx
import pytest

from airflow_provider_nxlink.sandbox.access import HostPolicy
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sandbox.statefile import StateFile

CONTROL_CALLS = [("GET", "received"), ("GET", "health"), ("GET", ""), ("POST", "reset"), ("DELETE", "faults")]


def call(server, method, path, *, content=b"", **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.Client(trust_env=False) as client:
        return client.request(method, f"{server.url}/_sandbox/{path}", content=content, headers=names)


@pytest.mark.parametrize(("method", "path"), CONTROL_CALLS)
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.0.2.1",
        "x",
    ],
)
def test_a_control_call_for_another_host_is_refused(sandbox, method, path, host):
    sandbox.seed([{"name": "kept", "language": "en"}])
    answer = call(sandbox, method, path, Host=host)
    assert answer.status_code == 403
    assert "Host" in answer.json()["error"]
    assert sandbox.template("kept", "en")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.1.2.3:80", "[::1]:80", "a.localhost"]
)
def test_loopback_names_are_accepted(sandbox, host):
    assert call(sandbox, "GET", "health", Host=host).status_code == 200


@pytest.mark.parametrize(("method", "path"), CONTROL_CALLS)
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "https://{host}"]
)
def test_a_control_call_from_another_origin_is_refused(sandbox, method, path, origin):
    own = sandbox.url.removeprefix("http://")
    answer = call(sandbox, method, path, Origin=origin.format(host=own))
    assert answer.status_code == 403
    assert "Origin" in answer.json()["error"]


def test_the_own_origin_is_accepted(sandbox):
    assert call(sandbox, "POST", "reset", Origin=sandbox.url).status_code == 200


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "text/plain; a=application/json", "application/x-www-form-urlencoded"]
)
@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", "clock", b'{"advance": 5}'),
        ("PATCH", "switches", b'{"approve_after": 9}'),
        ("POST", "reset", b" "),
    ],
)
def test_a_change_that_is_not_declared_as_json_is_refused(sandbox, method, path, content, kind):
    headers = {"Content_Type": kind} if kind else {}
    answer = call(sandbox, method, path, content=content, **headers)
    assert answer.status_code == 415
    assert sandbox.clock.passed == 0
    assert sandbox.state.switches.approve_after == 0


def test_a_change_without_a_body_may_not_claim_another_type(sandbox):
    assert call(sandbox, "POST", "reset", Content_Type="text/plain").status_code == 415
    assert call(sandbox, "POST", "reset").status_code == 200


def test_json_with_a_charset_is_accepted(sandbox):
    kind = "application/json; charset=utf-8"
    assert call(sandbox, "POST", "clock", content=b'{"advance": 5}', Content_Type=kind).status_code == 200
    assert sandbox.clock.passed == 5


def test_the_signed_calls_do_not_depend_on_the_host(client):
    headers = {**client.headers(), "Host": "api-hk.nxlink.ai"}
    answer = client.http.get(f"/saas/wa/flow/{client.phone}?tenant_id=123", headers=headers)
    assert answer.json()["code"] == 0


@pytest.mark.parametrize(
    ("host", "accepted"),
    [
        ("192.0.2.1:8765", True),
        ("sandbox:8765", True),
        ("[2001:db8::1]", True),
        ("named.example", True),
        ("evil.example", False),
        ("", False),
    ],
)
def test_a_remote_sandbox_accepts_addresses_and_names_nobody_can_register(host, accepted):
    assert HostPolicy.for_host("0.0.0.0", remote=True, names=["Named.example"]).accepts(host) is accepted


def test_a_state_file_is_readable_by_its_owner_alone(tmp_path):
    path = tmp_path / "state.sqlite"
    for mode in (None, 0o644):
        if mode:
            path.chmod(mode)
        file = StateFile(path)
        with SandboxServer(file=file) as server:
            server.seed([{"name": f"t{mode}", "language": "en"}])
            modes = {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
        file.close()
        assert modes == {0o600}
