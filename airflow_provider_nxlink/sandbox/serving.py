"""Puts the application on uvicorn: in the foreground until a signal, or in a thread until told."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

try:
    import python_multipart  # noqa: F401 - FastAPI asks for it only at the first upload
    import uvicorn

    from airflow_provider_nxlink.sandbox.app import create_app
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"The sandbox needs {error.name}: pip install 'airflow-provider-nxlink[sandbox]'", name=error.name
    ) from error

from airflow_provider_nxlink.sandbox.access import HostPolicy
from airflow_provider_nxlink.sandbox.state import State

GRACE_SECONDS = 1


def serve_until_signalled(state: State, listening: socket.socket, hosts: HostPolicy) -> None:
    """Answer calls until SIGINT or SIGTERM."""
    config = _config(state, hosts, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS)
    asyncio.run(_ForegroundServer(config).serve(sockets=[listening]))


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address; port 0 is a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol left at 0 asyncio leaves Nagle's algorithm on, and each answer takes 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()
    except OSError:
        bound.close()
        raise
    return bound


class ThreadServer(uvicorn.Server):
    """uvicorn that tells when it listens and stops at once, where it would look every 100 ms."""

    def __init__(self, state: State) -> None:
        super().__init__(_config(state, HostPolicy(), log_level="critical"))
        self.ready = threading.Event()

    async def main_loop(self) -> None:
        """Wait until told to stop."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self.ready.set()
        await self._stopping.wait()

    def stop(self) -> None:
        """Stop, from whichever thread."""
        if self.ready.is_set():
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut the open connections."""
        for server in self.servers:
            server.close()
        connections: set[Any] = set(self.server_state.connections)
        for connection in connections:
            connection.transport.abort()
        await asyncio.sleep(0)


class _ForegroundServer(uvicorn.Server):
    """uvicorn that ends, when asked to by a signal, as though all were well: it is."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)


def _config(state: State, hosts: HostPolicy, **values: Any) -> uvicorn.Config:
    """Return a configuration in which the application can reach the connection it answers on.

    ASGI has no message for closing a connection without an answer, which is what a dropped
    connection is; so each connection is put into the state its calls carry.
    """
    config = uvicorn.Config(
        create_app(state, hosts),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # ours comes from the sandbox's clock
        ws="none",
        **values,
    )
    config.load()
    protocol_class = config.http_protocol_class

    def protocol(**arguments: Any) -> asyncio.Protocol:
        made: Any = protocol_class(**arguments)
        made.app_state = {**made.app_state, "connection": made}
        return made  # type: ignore[no-any-return]

    config.http_protocol_class = protocol  # type: ignore[assignment]
    return config
