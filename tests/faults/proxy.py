"""A TCP proxy that fails as ordered, at a chosen byte of a chosen request, or by dice from a seed."""

import contextlib
import random
import select
import socket
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

RESET = struct.pack("ii", 1, 0)  # linger for no time at all: closing sends RST
PIECE = 64 * 1024

Kind = Literal["reset", "cut", "hang"]
Point = Literal["request", "answer"]


@dataclass(frozen=True)
class Fault:
    """What befalls one request.

    :param kind: ``reset`` and ``cut`` end the connection (RST, FIN), ``hang`` keeps it open and silent.
    :param point: on the way there (``request``) or back (``answer``).
    :param after: bytes of the request or of the answer that get through first. At ``answer`` and 0 the
        server has done its work, and all of its answer is lost.
    """

    kind: Kind
    point: Point = "answer"
    after: int = 0


@dataclass
class _Exchange:
    """Where one connection stands: whose turn it is, and how many bytes of that turn got through."""

    turn: Point = "answer"
    passed: int = 0
    fault: Fault | None = None


class FaultProxy:
    """Stands between a client and ``upstream`` while the ``with`` block lasts.

        with FaultProxy(sandbox.url) as proxy:
            proxy.order(Fault("cut", "answer", after=40), skip=1)

    :param upstream: URL of the server; what passes is not looked into, so TLS passes too.
    :param seed: for faults by dice, when ``rate`` is above 0; the same seed gives the same faults.
    :param rate: how often a request without an order meets a fault, from 0 to 1.
    :param kinds: the faults on the dice.

    ``requests`` counts what came, ``met`` holds the faults that happened, in order.
    """

    def __init__(
        self, upstream: str, *, seed: int = 0, rate: float = 0.0, kinds: Sequence[Kind] = ("reset", "cut")
    ) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 0)
        self._scheme = parts.scheme
        self.seed = seed
        self.rate = rate
        self._kinds = kinds
        self._dice = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._orders: list[Fault | None] = []
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.requests = 0
        self.met: list[Fault] = []

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._listening.getsockname()[1]}"

    def order(self, fault: Fault, *, times: int = 1, skip: int = 0) -> None:
        """Place an order for the requests that come next; ``skip`` of them pass unharmed first."""
        with self._lock:
            self._orders += [None] * skip + [replace(fault)] * times

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._upstream)
        except OSError:
            _end(client, "reset")
            return
        with self._lock:
            self._open |= {client, server}
        with contextlib.suppress(OSError), client, server:
            exchange = _Exchange()
            while self._pass_on(client, server, exchange):
                pass
        with self._lock:
            self._open -= {client, server}

    def _pass_on(self, client: socket.socket, server: socket.socket, exchange: _Exchange) -> bool:
        """Pass on what comes next; return whether there may be more."""
        ready, _, _ = select.select([client, server], [], [])
        turn: Point = "request" if client in ready else "answer"
        data = (client if turn == "request" else server).recv(PIECE)
        if not data:
            return False
        if turn != exchange.turn:
            exchange.turn, exchange.passed = turn, 0
            if turn == "request":
                exchange.fault = self._next()
        fault = exchange.fault if exchange.fault and exchange.fault.point == turn else None
        left = len(data) if fault is None else fault.after - exchange.passed
        (server if turn == "request" else client).sendall(data[:left])
        exchange.passed += len(data)
        if fault is None or left > len(data):
            return True
        with self._lock:
            self.met.append(fault)
        if fault.kind == "hang":
            while client.recv(PIECE):
                pass
        else:
            _end(client, fault.kind)
        return False

    def _next(self) -> Fault | None:
        with self._lock:
            self.requests += 1
            if self._orders:
                return self._orders.pop(0)
            if self._dice.random() >= self.rate:
                return None
            point: Point = self._dice.choice(("request", "answer"))
            return Fault(self._dice.choice(self._kinds), point, self._dice.randrange(400))


def _end(connection: socket.socket, kind: Kind) -> None:
    if kind == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    else:
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
