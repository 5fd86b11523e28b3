"""Reads a hostile response body: bounded in size, entries and nesting, and cleaned of odd values."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pydantic_core import from_json

from airflow_provider_nxlink.api.calls import Call
from airflow_provider_nxlink.api.errors import NxlinkTransportError

MAX_ROWS = 20_000
MAX_DEPTH = 64
# Commas and brackets outside strings: 20 000 rows with 25 fields each.
MAX_STRUCTURE = 500_000
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1

# The only coding asked for. Any other body is taken as it is, and is no JSON then.
ACCEPT_ENCODING = "gzip"
_STEP = 1024**2

_NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b"[]{},")
_COMMA, _OPENING = ord(","), b"[{"
_ODD_TEXT = re.compile("[\x00\ud800-\udfff]")
# Python refuses to convert more than 4300 digits.
_LONG_INTEGER = 4000
# What is logged as changed.
_TEXTS = "text(s) with invalid characters, which were replaced"
_INTEGERS = "integer(s) beyond 64 bits, kept as text"
_NUMBERS = "number(s) that are not finite, dropped"


class UnreadableBody(ValueError):  # noqa: N818 - never leaves the package
    """The body is no JSON, or JSON nested too deep; the message is safe to show."""


class OversizedBody(ValueError):  # noqa: N818 - as above
    """The body is within the bytes allowed, and holds more than is read; the message is safe to show."""


class BodyReader:
    """
    Collects a response body as it arrives, decompressed, and stops at the limit.

    :param call: what was asked, for errors.
    :param encoding: the ``Content-Encoding`` header. ``gzip`` is decompressed here, piece by piece; the HTTP
        libraries decompress a whole chunk, however long it becomes.
    :param limit: how many bytes are read at most, before and after decompression.
    """

    def __init__(self, call: Call[Any], encoding: str | None, limit: int) -> None:
        self._call = call
        self._limit = limit
        self._arrived = 0
        is_gzip = (encoding or "").strip().lower() in ("gzip", "x-gzip")
        self._gzip = zlib.decompressobj(zlib.MAX_WBITS | 16) if is_gzip else None
        self._body = bytearray()

    def add(self, chunk: bytes) -> None:
        """
        Take in what arrived.

        :raises NxlinkTransportError: it is longer than the limit, or is not gzip.
        """
        self._arrived += len(chunk)
        self._check(self._arrived)
        if self._gzip is None:
            self._body += chunk
            return
        try:
            while chunk and not self._gzip.eof:
                piece = self._gzip.decompress(chunk, _STEP)
                self._body += piece
                self._check(len(self._body))
                chunk = self._gzip.unconsumed_tail
                # A full piece may leave output behind when all input is taken.
                while not chunk and len(piece) == _STEP and not self._gzip.eof:
                    piece = self._gzip.decompress(b"", _STEP)
                    self._body += piece
                    self._check(len(self._body))
        except zlib.error:
            raise self._broken("is not the gzip that it is said to be") from None

    def finish(self) -> bytearray:
        """
        Return the whole body.

        :raises NxlinkTransportError: the gzip ends early.
        """
        if self._gzip is not None and self._arrived and not self._gzip.eof:
            raise self._broken("ends in the middle of its gzip")
        return self._body

    def _check(self, length: int) -> None:
        if length > self._limit:
            limit = f"{self._limit // 1024**2} MiB"
            error = NxlinkTransportError(
                f"{self._call.name}: the answer is longer than {limit}", self._call.is_write
            )
            error.permanent = True
            raise error

    def _broken(self, what: str) -> NxlinkTransportError:
        return NxlinkTransportError(f"{self._call.name}: the answer {what}", self._call.is_write)


def read_json(body: bytes | bytearray) -> tuple[Any, str]:
    """
    Return what a JSON body holds, and in words what was changed in it, "" for nothing.

    Strings that come out are valid Unicode without NUL (replaced by U+FFFD), integers are within 64 bits
    (larger ones become text) and floats are finite (others become None).

    :raises UnreadableBody: it is no JSON, or nested deeper than ``MAX_DEPTH``.
    :raises OversizedBody: an array or object has more than ``MAX_ROWS`` entries, or all of them together more
        than ``MAX_STRUCTURE``. Nothing was built of it then.
    """
    _check_structure(body)
    changes: Counter[str] = Counter()
    try:
        # Values are not kept for the next answer to share: some are a customer's, or secret.
        value = from_json(body, cache_strings="keys", allow_inf_nan=False)
    except ValueError:
        # It takes no byte order mark, no UTF-16, no half of a surrogate pair, no NaN and no number of
        # thousands of digits. Python's own parser does.
        value = _read_leniently(body, changes)
    else:
        if b"\\u0000" not in body and _is_clean((value,)):
            return value, ""
    value = _cleaned(value, changes)
    return value, ", ".join(f"{count} {what}" for what, count in changes.items())


def _read_leniently(body: bytes | bytearray, changes: Counter[str]) -> Any:
    def integer(digits: str) -> int | str:
        if len(digits) < _LONG_INTEGER:
            return int(digits)
        changes[_INTEGERS] += 1
        return digits

    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
    except ValueError:
        raise UnreadableBody("no valid Unicode") from None
    _check_structure(text.encode("utf-8", "surrogatepass"), every=True)
    try:
        return json.loads(text, parse_int=integer)
    except (ValueError, RecursionError):
        raise UnreadableBody("no JSON") from None


def _check_structure(body: bytes | bytearray, *, every: bool = False) -> None:
    """
    Refuse too many entries and, with ``every``, too deep nesting before anything is built of the body.

    Most bodies pass on the number of their commas and brackets. Only a long one is looked at closely: with
    the strings taken out, what is left of it is its structure.
    """
    if not every:
        if len(body) < 2 * MAX_ROWS:
            return
        # pydantic's parser bounds the depth (200) itself.
        if body.count(b",") < MAX_ROWS and body.count(b"[") + body.count(b"{") < MAX_ROWS:
            return
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if plain.count(b'"') > 4 * MAX_STRUCTURE:
        raise _too_much()
    structure = b"".join(plain.split(b'"')[::2]).translate(None, _NOT_STRUCTURE)
    if len(structure) > MAX_STRUCTURE:
        raise _too_much()
    _walk_structure(structure)


def _walk_structure(structure: bytes) -> None:
    outer: list[int] = []
    entries = 1
    for byte in structure:
        if byte == _COMMA:
            entries += 1
            if entries > MAX_ROWS:
                raise _too_much()
        elif byte in _OPENING:
            outer.append(entries)
            entries = 1
            if len(outer) > MAX_DEPTH:
                raise _too_deep()
        else:
            entries = outer.pop() if outer else 1


def _too_much() -> OversizedBody:
    return OversizedBody(f"more than {MAX_ROWS} rows, or more than {MAX_STRUCTURE} values")


def _too_deep() -> UnreadableBody:
    return UnreadableBody(f"nested deeper than {MAX_DEPTH}")


def _is_clean(values: Iterable[Any], depth: int = 0) -> bool:
    """Say whether no number is odd. Texts are not looked at: a long list has thousands."""
    if depth > MAX_DEPTH:
        raise _too_deep()
    for value in values:
        kind = value.__class__
        if kind is str or value is None or kind is bool:
            continue
        if kind is dict or kind is list:
            if not _is_clean(value.values() if kind is dict else value, depth + 1):
                return False
        elif kind is int:
            if not MIN_INTEGER <= value <= MAX_INTEGER:
                return False
        elif value - value != 0:  # infinite or not a number
            return False
    return True


def _cleaned(value: Any, changes: Counter[str], depth: int = 0) -> Any:
    if depth > MAX_DEPTH + 1:
        raise _too_deep()
    if isinstance(value, dict):
        return {
            _cleaned(key, changes, depth): _cleaned(item, changes, depth + 1) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(item, changes, depth + 1) for item in value]
    if isinstance(value, str):
        clean, odd = _ODD_TEXT.subn("\ufffd", value)
        if odd:
            changes[_TEXTS] += 1
        return clean
    if isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
        changes[_INTEGERS] += 1
        return str(value)
    if isinstance(value, float) and value - value != 0:
        changes[_NUMBERS] += 1
        return None
    return value
