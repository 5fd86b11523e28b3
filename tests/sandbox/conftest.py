import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from airflow_provider_nxlink.sandbox.server import SandboxServer

DATA = Path(__file__).parent.parent / "data"
PHONE = "8613800000000"
BODY = {"tenant_id": 123, "name": "promo", "language": "en_US", "category_type": 1, "content": "Hello"}


class Client:
    """Signs by the contract, written for these tests so that any part of a call can be spoilt."""

    phone = PHONE
    body = BODY

    def __init__(self, sandbox: SandboxServer) -> None:
        self.sandbox = sandbox
        # Plain http: without `verify=False` each client reads the CA bundle, for longer than a test takes.
        self.http = httpx.Client(base_url=sandbox.url, timeout=5, verify=False)  # noqa: S501

    def headers(self, body: bytes = b"", *, secret: str | None = None, **changes: Any) -> dict[str, str]:
        """Return signed headers; ``changes`` are signed too, a None leaves the header out afterwards."""
        values = {
            "accessKey": self.sandbox.account.access_key,
            "ts": str(int(time.time() * 1000)),
            "bizType": "2",
            "action": "mt",
            **{key: value for key, value in changes.items() if value is not None},
        }
        raw = "accessKey={accessKey}&action={action}&bizType={bizType}&ts={ts}".format(**values).encode()
        raw += b"&body=" + body if body else b""
        raw += f"&accessSecret={secret or self.sandbox.account.access_secret}".encode()
        digest = hashlib.sha256 if values.get("algorithm") == "sha256" else hashlib.md5
        values.setdefault("sign", digest(raw).hexdigest())
        return {key: value for key, value in values.items() if key not in changes or changes[key] is not None}

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self.headers(content)
        if content:
            headers["Content-Type"] = "application/json"
        return self.http.request(method, path, params=query or None, content=content or None, headers=headers)

    def list(self, **query: Any) -> Any:
        values = {"tenant_id": 123, "page_number": 1, "page_size": 100, **query}
        return self.send("GET", f"/saas/wa/template/{PHONE}", **values).json()

    def rows(self, **query: Any) -> Any:
        return self.list(**query)["data"]["list"]

    def create(self, body: Any = None, **changes: Any) -> Any:
        content = {**BODY, **changes} if body is None else body
        return self.send("POST", f"/saas/wa/template/{PHONE}", content).json()

    def update(self, **changes: Any) -> Any:
        return self.send("PUT", f"/saas/wa/template/{PHONE}", {**BODY, **changes}).json()

    def details(self, template_id: Any) -> Any:
        return self.send("GET", f"/saas/wa/template/{PHONE}/{template_id}", tenant_id=123).json()

    def delete(self, template_id: Any) -> Any:
        return self.send("DELETE", f"/saas/wa/template/{PHONE}/{template_id}", tenant_id=123).json()

    def flows(self) -> Any:
        return self.send("GET", f"/saas/wa/flow/{PHONE}", tenant_id=123).json()

    def upload(
        self, url: str | None = "https://example.com/a.jpg", path: str = f"/saas/wa/media/{PHONE}"
    ) -> Any:
        files = {"url": (None, url)} if url is not None else {"other": (None, "x")}
        return self.http.post(path, files=files, headers=self.headers())


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(approve_after=0) as server:
        yield server


@pytest.fixture
def client_of() -> Iterator[Callable[[SandboxServer], Client]]:
    """Return what makes a client of a sandbox, for tests that start one themselves."""
    made = []

    def make(server: SandboxServer) -> Client:
        made.append(Client(server))
        return made[-1]

    yield make
    for client in made:
        client.http.close()


@pytest.fixture
def client(sandbox: SandboxServer, client_of: Callable[[SandboxServer], Client]) -> Client:
    return client_of(sandbox)


@pytest.fixture
def vendor_body() -> Callable[[int], Any]:
    """Return what gives a request body of the vendor's page by its number."""
    return lambda number: json.loads((DATA / f"vendor_request_{number}.json").read_text())
