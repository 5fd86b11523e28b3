"""A server that costs as little as can be: it reads a request, and answers with bytes made beforehand.

As a script it runs until its input ends: ``python answering.py FILE``, where FILE holds a list of bodies. It
prints its port. A request with ``page_number=N`` gets the Nth body, any other the first.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PAGE = re.compile(rb"page_number=([0-9]+)")
LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


@contextmanager
def answering(bodies: Sequence[Any]) -> Iterator[str]:
    """Serve ``bodies``, plain JSON each, from a process of their own; give the server's URL."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(bodies, file)
        file.flush()
        process = subprocess.Popen(
            [sys.executable, __file__, file.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            process.wait(10)
            process.stdout.close()


class Answers(asyncio.Protocol):
    """One connection, kept open."""

    def __init__(self, answers: Sequence[bytes]) -> None:
        self._answers = answers
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        """Remember where to write to."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once a request is there as a whole."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or (length and len(body) < int(length[1])):
            return
        self._received = b""
        page = PAGE.search(head)
        self._transport.write(self._answers[int(page[1]) - 1 if page else 0])


def with_head(body: bytes) -> bytes:
    """Return an HTTP answer."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve(bodies: Sequence[Any]) -> None:
    """Serve until the input ends."""
    answers = [with_head(json.dumps(body, separators=(",", ":")).encode()) for body in bodies]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answers(answers), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
