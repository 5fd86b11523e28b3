"""One set of cases for both clients, a sandbox and a scripted server for them to speak to."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.calls import Call
from airflow_provider_nxlink.api.client import AsyncNxlinkClient, NxlinkClient
from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.sandbox.server import SandboxServer
from tests.api.raw_server import RawServer, Request

T = TypeVar("T")

# A machine that is busy with something else makes no example wrong.
settings.register_profile(
    "busy", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")

KEY, SECRET, PHONE, TENANT = "sandbox-key", "sandbox-secret", "8613800000000", 123
BODY = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello"}


def printed(value: object) -> str:
    """Return a value's id for pytest, short and without backslashes.

    When pytest runs twice in a process, as under mutmut, it escapes those of ids it made a second time.
    """
    return ascii(value).replace("\\", "~")[:40]


class Sender(Protocol):
    """A client, asked the same way whichever it is; ``sleeps`` are the waits it would have made."""

    sleeps: list[float]
    client: Any

    def send(self, call: Call[T]) -> T: ...

    def list(self, name: str | None = None) -> list[Template]: ...


class RequestsSender:
    def __init__(self, account: Account, **arguments: Any) -> None:
        self.sleeps: list[float] = []
        self.client = NxlinkClient(account, sleep=self.sleeps.append, **arguments)

    def send(self, call: Call[T]) -> T:
        return self.client.send(call)

    def list(self, name: str | None = None) -> list[Template]:
        return list(self.client.templates(name))

    def close(self) -> None:
        self.client.close()


class HttpxSender:
    def __init__(self, account: Account, **arguments: Any) -> None:
        self.sleeps: list[float] = []
        self._runner = asyncio.Runner()
        self.client = AsyncNxlinkClient(account, sleep=self._sleep, **arguments)

    async def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)

    def send(self, call: Call[T]) -> T:
        return self._runner.run(self.client.send(call))

    def list(self, name: str | None = None) -> list[Template]:
        async def all_pages() -> list[Template]:
            return [template async for template in self.client.templates(name)]

        return self._runner.run(all_pages())

    def close(self) -> None:
        self._runner.run(self.client.aclose())
        self._runner.close()


@pytest.fixture(params=[RequestsSender, HttpxSender], ids=["requests", "httpx"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Sender]]:
    """Return what makes a client of an account; each test that asks for it runs with either client."""
    made = []

    def make(account: Account, **arguments: Any) -> Sender:
        made.append(request.param(account, **arguments))
        return made[-1]

    yield make
    for sender in made:
        sender.close()


@pytest.fixture
def raw() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


@pytest.fixture(scope="session")
def one_sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(approve_after=0) as server:
        yield server


@pytest.fixture
def sandbox(one_sandbox: SandboxServer) -> SandboxServer:
    """A sandbox as it starts, shared by all tests and reset for each."""
    one_sandbox.reset()
    return one_sandbox


def account_of(url: str, **changes: Any) -> Account:
    """Return the sandbox's account at ``url``."""
    settings = {"access_key": KEY, "access_secret": SECRET, "phone": PHONE, "tenant_id": TENANT, "timeout": 5}
    return Account.checked(**{"base_url": url, **settings, **changes})


# Every endpoint, by the name its Call has.
READS: dict[str, Callable[[Account], Call[Any]]] = {
    "list templates": calls.list_templates,
    "get template": lambda account: calls.get_template(account, 314),
    "list flows": calls.list_flows,
}
WRITES: dict[str, Callable[[Account], Call[Any]]] = {
    "create template": lambda account: calls.create_template(account, BODY),
    "update template": lambda account: calls.update_template(account, BODY),
    "delete template": lambda account: calls.delete_template(account, 314),
    "upload media": lambda account: calls.upload_media(account, "https://example.com/a.jpg"),
}
CALLS = READS | WRITES

# An answer's data that each call can read.
DATA: dict[str, Any] = dict.fromkeys(CALLS) | {"upload media": {"media_id": "7"}}


def signature_of(request: Request, secret: str = SECRET) -> str:
    """Compute the signature of a request from the bytes that came, by the contract alone."""
    headers = request.headers
    raw = "accessKey={accesskey}&action={action}&bizType={biztype}&ts={ts}".format(**headers).encode()
    if request.body and headers["content-type"] == "application/json":
        raw += b"&body=" + request.body
    raw += b"&accessSecret=" + secret.encode()
    return getattr(hashlib, headers.get("algorithm", "md5"))(raw).hexdigest()
