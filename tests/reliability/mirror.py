"""A server that answers with what it was sent, secrets included, in any form an answer may come in."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Form:
    """
    How an answer looks.

    :param code: the envelope's code; None for an answer without envelope.
    :param status: the HTTP status.
    :param cut: whether the connection ends in the middle of the answer.
    :param location: where a redirect goes.
    """

    code: int | None = None
    status: int = 200
    cut: bool = False
    location: str = ""


@contextmanager
def mirror(form: Form, *planted: str) -> Iterator[tuple[str, list[str]]]:
    """Answer every request with its own headers and body and with ``planted``; yield URL and signatures."""
    signatures: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            signatures.append(self.headers.get("sign", ""))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
            told = [*planted, *(f"{name}: {value}" for name, value in self.headers.items()), body]
            content = _page(form, told).encode()
            self.send_response(form.status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Retry-After", "0")
            if form.location:
                self.send_header("Location", form.location)
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if form.cut else content)
            self.close_connection = form.cut

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None:
            """Keep what this server would print out of the test's own output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", signatures
        server.shutdown()


def _page(form: Form, told: list[str]) -> str:
    if form.code is None:
        return f"<html><pre>{' | '.join(told)}</pre><p>{json.dumps(told)}</p></html>"
    message = " | ".join(told)
    return json.dumps({"code": form.code, "message": message, "data": told, "traceId": f"trace {message}"})
