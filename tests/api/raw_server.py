"""A scripted HTTP server on a bare socket: it keeps the bytes it gets, and answers any bytes, or none."""

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

RESET = struct.pack("ii", 1, 0)  # linger for no time at all: closing sends RST
PIECE = 64 * 1024


@dataclass(frozen=True)
class Step:
    """What is done with one request.

    :param data: the bytes to answer.
    :param read: how much of the request is read before.
    :param then: what becomes of the connection after; ``hang`` keeps it open and silent, ``drip`` sends a
        byte of ``data`` again every now and then, for as long as somebody is there.
    :param plain: whether ``data`` goes past TLS, as garbage in the middle of a connection does.
    """

    data: bytes = b""
    read: Literal["all", "head", "nothing"] = "all"
    then: Literal["keep", "close", "reset", "hang", "drip"] = "keep"
    plain: bool = False


@dataclass(frozen=True)
class Request:
    """The bytes of one request, and what they say."""

    head: bytes
    body: bytes

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode()

    @cached_property
    def target(self) -> str:
        return self.head.split(b" ", 2)[1].decode("ascii")

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers by their names in lower case; one that is there twice fails."""
        headers: dict[str, str] = {}
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            assert name.lower() not in headers, f"{name} is there twice"
            headers[name.lower()] = value.strip()
        return headers


def http(body: bytes = b"", status: int = 200, length: int | None = None, **headers: str) -> bytes:
    """Return an HTTP answer; ``length`` to lie about it, underscores in header names are dashes."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    given.setdefault("Content-Length", str(len(body) if length is None else length))
    lines += [f"{name}: {value}" for name, value in given.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def envelope(data: Any = None, code: Any = 0, *, status: int = 200, **more: Any) -> bytes:
    """Return NXLink's envelope as an HTTP answer."""
    content = {"code": code, "message": "", "data": data, "traceId": "trace-1", **more}
    return http(json.dumps(content).encode(), status, Content_Type="application/json")


@dataclass
class RawServer:
    """Answers by script while the ``with`` block lasts: a step for each request, the last for all after it.

    :param tls: to speak TLS, with this context's certificate.
    """

    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    sent: int = 0
    _steps: list[Step] = field(default_factory=list)
    _taken: int = 0

    def script(self, *steps: Step | bytes) -> Self:
        """Say what comes from now on; bytes are answered, and the connection kept."""
        self._steps = [step if isinstance(step, Step) else Step(step) for step in steps]
        self._taken = 0
        return self

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def request(self) -> Request:
        """The only request that came."""
        (request,) = self.requests
        return request

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
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
                connection, _ = self._listening.accept()
                with self._lock:
                    self.connections += 1
                    self._open.add(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        raw = connection.dup()
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with contextlib.suppress(OSError, ssl.SSLError):
                while self._answer(connection, raw):
                    pass
        except (OSError, ssl.SSLError):
            pass  # the client went away, or did not like the certificate
        finally:
            raw.close()
            connection.close()

    def _answer(self, connection: socket.socket, raw: socket.socket) -> bool:
        received = bytearray(connection.recv(PIECE))
        if not received:
            return False
        with self._lock:
            step = self._steps[min(self._taken, len(self._steps) - 1)]
            self._taken += 1
        self._read(connection, received, step)
        sending = raw if step.plain else connection
        for start in range(0, len(step.data), PIECE):
            sending.sendall(step.data[start : start + PIECE])
            self.sent += len(step.data[start : start + PIECE])
        if step.then == "reset":
            for each in (raw, connection):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        while step.then == "drip":
            connection.sendall(step.data[-1:])
            time.sleep(0.01)
        if step.then == "hang":
            while connection.recv(PIECE):
                pass
        return step.then == "keep"

    def _read(self, connection: socket.socket, received: bytearray, step: Step) -> None:
        while step.read != "nothing" and b"\r\n\r\n" not in received:
            received += connection.recv(PIECE)
        head, _, body = bytes(received).partition(b"\r\n\r\n")
        request = Request(head, b"")
        if step.read == "all":
            length = int(request.headers.get("content-length", 0))
            while len(body) < length:
                body += connection.recv(PIECE)
        with self._lock:
            self.requests.append(Request(head, body))
