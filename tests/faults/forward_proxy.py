"""An HTTP proxy that sends every host's requests to one server."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class ForwardProxy:
    """Passes requests on to one server, whatever host they name, and keeps their heads."""

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.removeprefix("http://").partition(":")
        self._upstream = (host, int(port))
        self.heads: list[str] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
            yield f"127.0.0.1:{listening.getsockname()[1]}"
            listening.shutdown(socket.SHUT_RDWR)

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._upstream) as server, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += client.recv(65536)
            head, _, body = request.partition(b"\r\n\r\n")
            self.heads.append(head.decode("latin-1"))
            method, url, version = head.split(b"\r\n", 1)[0].split(b" ")
            path = b"/" + url.split(b"/", 3)[3]
            lines = [
                line
                for line in head.split(b"\r\n")[1:]
                if not line.lower().startswith((b"proxy-", b"connection:"))
            ]
            # One request a connection, so that each comes by here.
            lines.append(b"Connection: close")
            server.sendall(b"\r\n".join([b" ".join((method, path, version)), *lines, b"", body]))
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            _pump(server, client)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
