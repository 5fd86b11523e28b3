"""Faults, bad input and attacks that go through the whole provider, each on real sockets and processes."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_nxlink.sandbox.server import SandboxServer

BODY = {"language": "en_US", "category_type": 2, "content": "hello"}


@pytest.fixture
def seed(sandbox: SandboxServer) -> Callable[..., list[int]]:
    """Return what puts templates into the sandbox, pending unless told, and returns their ids."""

    def put(*names: str, status: int = 1, **fields: Any) -> list[int]:
        return sandbox.seed([{**BODY, "name": name, "status": status, **fields} for name in names])

    return put


@pytest.fixture
def execute() -> Callable[..., Any]:
    """Return what executes an operator that has nothing to render, as one of its task's tries."""
    from types import SimpleNamespace  # noqa: PLC0415 - beside its only use

    def run(operator: Any, *, try_number: int = 1, **arguments: Any) -> Any:
        context = {"ti": SimpleNamespace(try_number=try_number, map_index=-1)}
        return operator(task_id="task", **arguments).execute(context)

    return run


@pytest.fixture
def first_event() -> Callable[..., Any]:
    """Return what waits for the first event of a trigger, as JSON carries it."""

    async def first(trigger: Any, seconds: float = 30) -> Any:
        events = trigger.run()
        try:
            event = await asyncio.wait_for(anext(events), seconds)
            return json.loads(json.dumps(event.payload))
        finally:
            await events.aclose()

    return first


class SandboxProcess:
    """The sandbox in a process of its own, on one port, that can be killed and started again."""

    def __init__(self, port: int, *options: str) -> None:
        self._command = [
            *(sys.executable, "-m", "airflow_provider_nxlink.sandbox", "--port", str(port)),
            *options,
        ]
        self.process: subprocess.Popen[str] | None = None
        self.printed = ""

    def start(self) -> str:
        """Start it, and return the connection it prints."""
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed += line
            if line.startswith("AIRFLOW_CONN_NXLINK_DEFAULT="):
                return line.partition("=")[2].strip().strip("'")
        raise AssertionError("the sandbox did not start")

    def kill(self) -> None:
        """End it with SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def sandbox_process(tmp_path: Path, free_port: int) -> Iterator[SandboxProcess]:
    """A sandbox that keeps its state in a file; not yet started."""
    made = SandboxProcess(free_port, "--state", str(tmp_path / "state.sqlite"), "--approve-after", "3600")
    yield made
    if made.process and made.process.poll() is None:
        made.kill()


@pytest.fixture
def free_port() -> int:
    import socket  # noqa: PLC0415 - beside its only use

    with socket.create_server(("127.0.0.1", 0)) as bound:
        return int(bound.getsockname()[1])


def wait_until(seen: Callable[[], Any], seconds: float = 30) -> None:
    """Look until there is something to see; fail when there is nothing in time."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[..., None]:
    return wait_until
