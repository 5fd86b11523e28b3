"""Keeps the headers of NXLink's answers out of httpcore's own log, which holds all of them at DEBUG level."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ours: ContextVar[bool] = ContextVar("nxlink_exchange", default=False)


@contextmanager
def without_headers_in_the_log() -> Iterator[None]:
    """Say nothing of headers while this block runs; everybody else's requests are logged as ever."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


def _is_not_ours(record: logging.LogRecord) -> bool:
    # A redirect's Location may be a signed link, and a cookie is somebody's key.
    return not (_ours.get() and "response_headers" in str(record.msg))


for _protocol in ("httpcore.http11", "httpcore.http2", "httpcore.proxy"):
    logging.getLogger(_protocol).addFilter(_is_not_ours)
