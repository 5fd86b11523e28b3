"""A sandbox, and clients that speak to it without Airflow."""

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.sandbox.server import SandboxServer

# The specs to try out are those that the tests of specs use.
SPEC_FIXTURES = runpy.run_path(str(Path(__file__).parents[1] / "specs" / "conftest.py"))
valid_specs = SPEC_FIXTURES["valid_specs"]
vendor_body = SPEC_FIXTURES["vendor_body"]


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A sandbox that approves at once."""
    with SandboxServer(approve_after=0) as sandbox:
        yield sandbox


def client_for(server: SandboxServer, **arguments: Any) -> NxlinkClient:
    connection = server.connection
    account = Account.checked(
        base_url=connection["host"],
        access_key=connection["login"],
        access_secret=connection["password"],
        **connection["extra"],
    )
    return NxlinkClient(account, **arguments)


@pytest.fixture(scope="session")
def connect() -> Callable[..., NxlinkClient]:
    """Return what makes a client for a sandbox."""
    return client_for


@pytest.fixture
def client(server: SandboxServer) -> Iterator[NxlinkClient]:
    """A client of the sandbox."""
    with client_for(server) as client:
        yield client
