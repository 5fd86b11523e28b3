"""``make audit`` against a service for advisories on loopback: clean, vulnerable, and out of reach."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pip_audit", reason="pip-audit is in the newest environment alone")

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "audit.py"


class Advisories(ThreadingHTTPServer):
    """Plays osv.dev: it knows what ``planted`` says of a package, and of the others nothing."""

    def __init__(self) -> None:
        self.planted: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/query"


class Answer(BaseHTTPRequestHandler):
    server: Advisories

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = query["package"]["name"]
        self.server.asked.append(name)
        found = self.server.planted.get(name)
        body = json.dumps({"vulns": [found]} if found else {}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def advisories() -> Iterator[Advisories]:
    with Advisories() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def audit() -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(url: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {
            key: value for key, value in os.environ.items() if key not in {"GITHUB_ACTIONS", "AUDIT_STRICT"}
        }
        command = [sys.executable, str(SCRIPT), "--osv-url", url]
        return subprocess.run(
            command, env={**kept, **environment}, capture_output=True, text=True, check=False, timeout=60
        )

    return run


def test_what_a_user_installs_is_asked_for_and_clean(audit, advisories):
    done = audit(advisories.url, AUDIT_STRICT="1")

    assert (done.returncode, done.stderr) == (0, "")
    assert f"{len(advisories.asked)} dependencies audited, 0 known" in done.stdout
    assert {"apache-airflow", "requests", "httpx", "pyyaml", "fastapi", "h11"} <= set(advisories.asked)
    assert not {"pytest", "mypy", "airflow-provider-nxlink"} & set(advisories.asked)


def test_a_known_vulnerability_fails_and_is_named_with_the_way_out(audit, advisories):
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}]
    advisories.planted["requests"] = {
        "id": "PYSEC-2099-1",
        "aliases": ["CVE-2099-1"],
        "modified": "2099-01-01T00:00:00Z",
        "details": "Planted.",
        "affected": [{"package": {"name": "requests", "ecosystem": "PyPI"}, "ranges": ranges}],
    }

    done = audit(advisories.url)

    assert done.returncode == 1
    assert "requests 2." in done.stdout
    assert "PYSEC-2099-1, CVE-2099-1; fixed in 99.1" in done.stdout


@pytest.mark.parametrize(
    ("strict", "code"), [({}, 0), ({"AUDIT_STRICT": "1"}, 2), ({"GITHUB_ACTIONS": "true"}, 2)]
)
def test_a_service_out_of_reach_is_said_and_fails_where_that_is_asked_for(audit, strict, code):
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]

    done = audit(f"http://127.0.0.1:{port}/v1/query", **strict)

    assert done.returncode == code
    assert done.stdout.startswith("NOT AUDITED: ")
    assert done.stdout.count("\n") == 1


def test_a_service_that_does_not_work_has_not_said_that_all_is_well(audit, advisories):
    advisories.status = 503
    done = audit(advisories.url, AUDIT_STRICT="1")
    assert (done.returncode, "NOT AUDITED" in done.stdout) == (2, True)
