"""``python -m airflow_provider_nxlink.sandbox``, run as a process."""

import json
import re
import shlex
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from airflow_provider_nxlink.sandbox.seeds import read_seeds

COMMAND = [sys.executable, "-m", "airflow_provider_nxlink.sandbox"]


@pytest.fixture
def start():
    """Start the command on a free port; return the process, its URL and what it printed."""
    started = []

    def run(*arguments):
        process = subprocess.Popen([*COMMAND, "--port", "0", *arguments], stdout=subprocess.PIPE, text=True)
        started.append(process)
        lines = []
        while not lines or not lines[-1].startswith("AIRFLOW_CONN"):
            line = process.stdout.readline()
            assert line, "".join(lines)
            lines.append(line)
        return process, re.search(r"http://\S+", lines[0])[0], "".join(lines)

    yield run
    for process in started:
        process.kill()
        process.communicate()


def refused(*arguments):
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_it_prints_the_connection_to_copy_and_answers_from_the_first_moment(start):
    account = ["--phone", "4917", "--tenant-id", "7", "--access-key", "k", "--access-secret", "it's"]
    _, url, text = start(*account)

    [assignment] = shlex.split(text.splitlines()[-1])

    assert json.loads(assignment.removeprefix("AIRFLOW_CONN_NXLINK_DEFAULT=")) == {
        "conn_type": "nxlink",
        "host": url,
        "login": "k",
        "password": "it's",
        "extra": {"phone": "4917", "tenant_id": 7},
    }
    assert httpx.get(f"{url}/_sandbox/health").json() == {"status": "ok"}
    assert f"{url}/_sandbox/" in text
    assert "*reject*=reject" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_though_a_connection_is_open(start, number):
    process, url, _ = start()
    with httpx.Client(base_url=url) as client:
        client.get("/_sandbox/health")
        process.send_signal(number)
        assert process.wait(5) == 0


def test_switches_and_shapes_can_be_given(start, tmp_path):
    rows = [{"name": "one", "language": "en"}, {"name": "two", "language": "en"}]
    (tmp_path / "a.json").write_text(json.dumps(rows[0]))
    (tmp_path / "b.json").write_text(json.dumps({"code": 0, "data": {"list": rows[1:]}}))
    _, url, text = start(
        *("--seed-from", str(tmp_path), "--shape", "create=null", "--shape", "code=string"),
        *("--approve-after", "0.5", "--no-strict-references", "--keep-deleted", "--edits-per-day", "0"),
        *("--review", "a*=reject:SPAM", "--review", "b*=never"),
    )

    switches = httpx.get(f"{url}/_sandbox/switches").json()

    expected = {"approve_after": 0.5, "strict_references": False, "keep_deleted": True, "edits_per_day": 0}
    assert switches | expected == switches
    assert switches["review"] == ["a*=reject:SPAM", "b*=never"]
    assert (switches["shape"]["create"], switches["shape"]["code"]) == ("null", "string")
    assert [row["name"] for row in httpx.get(f"{url}/_sandbox/templates").json()] == ["one", "two"]
    assert "create=null" in text
    assert "in use 0.5 s after" in text


def test_state_in_a_file_survives_a_restart(start, tmp_path):
    file = str(tmp_path / "state.sqlite")
    process, url, _ = start("--state", file)
    httpx.post(f"{url}/_sandbox/templates", json=[{"name": "kept", "language": "en"}])
    process.terminate()
    process.wait(5)

    _, url, _ = start("--state", file)

    assert [row["name"] for row in httpx.get(f"{url}/_sandbox/templates").json()] == ["kept"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_it_refuses_to_listen_on_what_is_not_loopback(host):
    message = refused("--host", host)
    assert host in message
    assert "--allow-remote" in message


def test_it_listens_elsewhere_when_told(start):
    _, url, _ = start("--host", "0.0.0.0", "--allow-remote")
    assert url.startswith("http://0.0.0.0:")


def test_a_remote_sandbox_still_refuses_a_rebound_name(start):
    _, url, _ = start("--host", "0.0.0.0", "--allow-remote", "--allow-host", "named.example")
    port = url.rpartition(":")[2]
    health = f"http://127.0.0.1:{port}/_sandbox/health"
    hosts = {"evil.example": 403, "named.example": 200, "sandbox": 200, f"0.0.0.0:{port}": 200}
    assert {host: httpx.get(health, headers={"Host": host}).status_code for host in hosts} == hosts


@pytest.mark.parametrize(
    ("arguments", "expected"), [([], "from-the-environment"), (["--access-secret", "given"], "given")]
)
def test_the_secret_can_come_from_the_environment(start, monkeypatch, arguments, expected):
    monkeypatch.setenv("NXLINK_SANDBOX_SECRET", "from-the-environment")
    _, _, text = start(*arguments)
    [assignment] = shlex.split(text.splitlines()[-1])
    assert json.loads(assignment.partition("=")[2])["password"] == expected


def test_a_port_in_use_is_said_plainly():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        message = refused("--port", port)
    assert port in message


def test_wrong_arguments_are_all_told_at_once(tmp_path):
    message = refused("--shape", "create=xml", "--review", "nonsense", "--edits-per-day", "-1")
    assert all(word in message for word in ("create", "nonsense", "edits_per_day"))


def test_a_wrong_seed_names_the_file(tmp_path):
    (tmp_path / "bad.json").write_text("{")
    assert "bad.json" in refused("--seed-from", str(tmp_path))


@pytest.mark.parametrize("content", ["5", "null", '[{"name": "no language"}]', '{"data": {"list": 1}}'])
def test_a_seed_that_is_no_template_names_the_file(tmp_path, content):
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(ValueError, match=r"bad\.json"):
        read_seeds(tmp_path)


def test_a_seed_folder_that_is_none_is_said(tmp_path):
    with pytest.raises(ValueError, match="no-such-folder"):
        read_seeds(tmp_path / "no-such-folder")


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn", "python_multipart"])
def test_without_the_extra_it_says_what_to_install(missing):
    code = f"""
import runpy, sys
sys.modules[{missing!r}] = None
runpy.run_module("airflow_provider_nxlink.sandbox", run_name="__main__")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 1
    assert f"The sandbox needs {missing}" in done.stderr
    assert "airflow-provider-nxlink[sandbox]" in done.stderr
    assert "Traceback" not in done.stderr
