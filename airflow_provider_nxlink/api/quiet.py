"""Keeps what a server sends as headers out of the HTTP libraries' own logs during calls to NXLink."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ours: ContextVar[bool] = ContextVar("nxlink_exchange", default=False)


@contextmanager
def without_headers_in_the_log() -> Iterator[None]:
    """Log no response headers while this block runs; other requests are logged as before."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


def _without_headers(record: logging.LogRecord) -> bool:
    """Drop httpcore's records that hold headers, or an error that quotes what came instead of them."""
    # A redirect's Location may be a signed link, and a cookie is somebody's key.
    message = str(record.msg)
    return not (_ours.get() and ("response_headers" in message or ".failed" in message))


def _without_malformed_lines(record: logging.LogRecord) -> bool:
    """Take the malformed lines, which urllib3 quotes with a traceback, out of its warning."""
    if _ours.get() and "parse headers" in str(record.msg):
        record.msg, record.args = (
            "Failed to parse the response headers; the malformed lines are not shown",
            (),
        )
        record.exc_info = record.exc_text = None
    return True


for _protocol in ("httpcore.http11", "httpcore.http2", "httpcore.proxy"):
    logging.getLogger(_protocol).addFilter(_without_headers)
logging.getLogger("urllib3.connection").addFilter(_without_malformed_lines)
