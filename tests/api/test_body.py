"""Response bodies that are hostile: they expand, nest, or hold values that msgpack or a database refuses."""

import asyncio
import contextlib
import gzip
import json
import logging
import math
import time
import tracemalloc
import zlib

import msgspec
import pytest

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.body import (
    MAX_DEPTH,
    MAX_ROWS,
    BodyReader,
    OversizedBody,
    UnreadableBody,
    read_json,
)
from airflow_provider_nxlink.api.client import AsyncNxlinkClient
from airflow_provider_nxlink.api.envelope import Answer, read_answer
from airflow_provider_nxlink.api.errors import NxlinkApiError, NxlinkTransportError
from tests.api.conftest import account_of, printed
from tests.api.raw_server import Step, http

ACCOUNT = account_of("https://nxlink.example")
LIMIT = 1024**2


def page_body(row="{}", rows=1, encoding="utf-8"):
    """Return a list response whose rows are this JSON."""
    text = '{"code": 0, "data": {"list": [' + ",".join([row] * rows) + '], "has_next_page": false}}'
    return text.encode(encoding, "surrogatepass")


def read_page(body):
    return read_answer(calls.list_templates(ACCOUNT), Answer(200, {}, body)).templates


@contextlib.contextmanager
def memory():
    """Give a function that returns the most memory, in bytes, that the block took."""
    tracemalloc.start()
    try:
        most = []
        yield lambda: most[0]
        most.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def stored(value):
    """Encode a value as Airflow encodes events, and as PostgreSQL takes JSON."""
    text = json.dumps(value, allow_nan=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    value_again = msgspec.msgpack.decode(msgspec.msgpack.encode(value))
    assert value_again == value
    return text


@pytest.mark.parametrize(
    ("raw", "clean", "changed"),
    [
        (b'"bad \\ud800 x"', "bad \ufffd x", True),
        (b'"bad \\udfff\\ud83d"', "bad \ufffd\ufffd", True),
        (b'"\xed\xa0\x80"', "\ufffd", True),
        (b'"a\\u0000b"', "a\ufffdb", True),
        (b'"\\ud83d\\ude00 \xc3\xa9"', "\U0001f600 é", False),
        (b'"\\\\u0000"', "\\u0000", False),
        (b"123456789012345678901234567890", "123456789012345678901234567890", True),
        (b"9223372036854775807", 2**63 - 1, False),
        (b"9223372036854775808", str(2**63), True),
        (b"-9223372036854775808", -(2**63), False),
        (b"-9223372036854775809", str(-(2**63) - 1), True),
        (b"1" + b"0" * 5000, "1" + "0" * 5000, True),
        (b"NaN", None, True),
        (b"-Infinity", None, True),
        (b"1e999", None, True),
        (b"1.5", 1.5, False),
        (b'{"k\\u0000": [{"\\ud800": NaN}]}', {"k\ufffd": [{"\ufffd": None}]}, True),
        (b"true", True, False),
    ],
    ids=printed,
)
def test_only_values_that_can_be_stored_come_out(raw, clean, changed):
    value, changes = read_json(b'{"v": [' + raw + b"]}")

    assert value == {"v": [clean]}
    stored(value)
    assert bool(changes) is changed


ODD = {
    "half a surrogate": '"bad \\ud800 x"',
    "NUL": '"bad \\u0000 x"',
    "30-digit integer": "1" * 30,
    "30 digits as text": f'"{"1" * 30}"',
    "5000-digit integer": "9" * 5000,
    "NaN": "NaN",
    "infinity": "-Infinity",
    "overflow": "1e999",
    "an object": '{"\\ud800": [1e999, ' + "7" * 25 + "]}",
}
FIELDS = [
    *("id", "name", "language", "status", "category", "category_type", "content", "quality"),
    *("rejected_reason", "waRejectedReason", "wa_rejected_reason", "created_at", "updated_at"),
    *("components", "buttons", "buttonComponents", "is_close_auto_flow"),
]


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("field", FIELDS)
def test_no_odd_value_of_any_field_reaches_a_result(field, odd):
    for value in (odd, f"[{odd}]", f'[{{"text": {odd}, "example": [{odd}]}}]'):
        row = f'{{"id": 7, "name": "promo", "language": "en", "status": 1, "{field}": {value}}}'
        (template,) = read_page(page_body(row))
        stored(template.to_dict())


def test_an_id_beyond_64_bits_is_kept_as_text():
    digits = "123456789012345678901234567890"
    for row in (f'{{"id": {digits}}}', f'{{"id": "{digits}"}}'):
        assert read_page(page_body(row))[0].id == digits


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("key", ["code", "message", "traceId", "http"])
def test_no_odd_value_reaches_an_error(key, odd):
    body = f'{{"code": 1003, "message": "no", "traceId": "t", "{key}": {odd}}}'

    with pytest.raises(NxlinkApiError) as caught:
        read_answer(calls.list_flows(ACCOUNT), Answer(200, {}, body.encode()))

    error = caught.value
    stored([str(error), error.code, error.message, error.trace_id])


def test_what_was_changed_is_logged(caplog):
    with caplog.at_level(logging.WARNING):
        read_page(page_body('{"id": ' + "1" * 30 + ', "content": "a\\u0000", "name": "\\ud800", "x": NaN}'))

    (message,) = caplog.messages
    assert message.startswith("list templates: the response has values that cannot be stored: ")
    assert "2 text(s)" in message
    assert "1 integer(s)" in message
    assert "1 number(s)" in message


def test_a_clean_response_logs_nothing(caplog):
    read_page(page_body('{"id": 7, "content": "é \\ud83d\\ude00", "x": 1.5}'))
    assert caplog.messages == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("row", ["{}", "[]", "0", '""', "null", '"a,b\\",["'])
def test_more_rows_than_allowed_are_refused_and_not_built(row, encoding):
    body = page_body(row, 400_000, encoding)

    too_much = pytest.raises(NxlinkTransportError, match="the answer holds more than")
    with memory() as peak, too_much as caught:
        read_page(body)

    assert caught.value.permanent
    assert not caught.value.from_envelope
    assert peak() < 80 * 1024**2


def test_as_many_rows_as_allowed_are_read():
    row = '{"id": 7, "name": "promo", "content": "a, \\"b\\" [c] {d} \\\\"}'
    assert len(read_page(page_body(row, MAX_ROWS))) == MAX_ROWS
    with pytest.raises(NxlinkTransportError, match="more than 20000 rows"):
        read_page(page_body(row, MAX_ROWS + 1))


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"[[[[[]]]]]," * 200_000 + b"0]",
        b'{"a": [' + b'{"b":[1,2,3,4,5]},' * 100_000 + b"0]}",
        b'{"code": 0, "data": {' + b",".join(b'"%d":0' % number for number in range(30_000)) + b"}}",
        b'"' * 16 * 1024**2,
        b'"' + b'\\"' * 8 * 1024**2,
        b'[""' * 4 * 1024**2,
        b"[" * 16 * 1024**2,
        b'{"a":' * 3 * 1024**2,
        b"[" + b"0," * 8 * 1024**2,
        b"\\" * 16 * 1024**2,
        b"[" + b"1" * 16 * 1024**2,
        b"[" + b"12345678901234567890," * 15_000 + b"0]",
    ],
    ids=range(12),
)
def test_the_worst_bodies_take_little_time_and_memory(body):
    began = time.perf_counter()
    with memory() as peak, contextlib.suppress(OversizedBody, UnreadableBody):
        read_json(body)

    assert peak() < 150 * 1024**2
    assert time.perf_counter() - began < 5  # measured: below 1 s, and tracemalloc takes a part of it


def test_the_structure_of_a_body_is_bounded():
    with pytest.raises(OversizedBody, match="or more than 500000 values"):
        read_json(b"[" + b"[[],[],[],[]]," * 60_000 + b"0]")


@pytest.mark.parametrize("parser", ["", "\ufeff"])
def test_nesting_is_bounded_for_both_parsers(parser):
    def nested(depth):
        return (parser + '{"v":' * depth + "0" + "}" * depth).encode()

    assert read_json(nested(MAX_DEPTH))[0]
    with pytest.raises(UnreadableBody):
        read_json(nested(MAX_DEPTH + 1))


class TestDecompression:
    def read(self, data, encoding="gzip", step=7):
        reader = BodyReader(calls.list_flows(ACCOUNT), encoding, LIMIT)
        for start in range(0, len(data), step):
            reader.add(data[start : start + step])
        return bytes(reader.finish())

    @pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZip "])
    def test_gzip_is_decompressed(self, encoding):
        assert self.read(gzip.compress(b"abc" * 1000), encoding) == b"abc" * 1000

    @pytest.mark.parametrize("encoding", [None, "", "identity", "br", "gzip, gzip"])
    def test_other_codings_are_left_as_they_are(self, encoding):
        assert self.read(b"abc", encoding) == b"abc"

    @pytest.mark.parametrize("step", [1000, 10**9])
    def test_a_body_is_read_up_to_the_limit(self, step):
        assert len(self.read(gzip.compress(bytes(LIMIT)), step=step)) == LIMIT
        with pytest.raises(NxlinkTransportError, match="longer than 1 MiB"):
            self.read(gzip.compress(bytes(LIMIT + 1)), step=step)

    def test_one_chunk_that_expands_is_not_expanded_beyond_the_limit(self):
        data = gzip.compress(bytes(300 * LIMIT))
        with memory() as peak, pytest.raises(NxlinkTransportError, match="longer than 1 MiB"):
            self.read(data, step=len(data))
        assert peak() < 6 * LIMIT

    def test_a_body_of_nothing_but_headers_is_bounded(self):
        flushing = zlib.compressobj(9, zlib.DEFLATED, 31)
        empty = flushing.compress(b"") + flushing.flush(zlib.Z_SYNC_FLUSH)
        nothing = flushing.flush(zlib.Z_FULL_FLUSH) or b"\x00\x00\x00\xff\xff"
        with pytest.raises(NxlinkTransportError, match="longer than 1 MiB"):
            self.read(empty + nothing * LIMIT, step=LIMIT)

    @pytest.mark.parametrize(
        "data", [b"not gzip", gzip.compress(b"abc")[:-3], gzip.compress(b"abc")[:-8] + b"wrong" * 2]
    )
    def test_broken_gzip_is_no_answer(self, data):
        with pytest.raises(NxlinkTransportError, match="gzip") as caught:
            self.read(data)
        assert not caught.value.permanent

    def test_an_empty_body_is_empty(self):
        assert self.read(b"") == b""


def test_a_small_response_that_expands_is_refused_by_both_clients(connect, raw):
    raw.script(http(gzip.compress(page_body("{}", 400_000)), Content_Encoding="gzip"))
    account = account_of(raw.url)
    sender = connect(account)

    with memory() as peak, pytest.raises(NxlinkTransportError, match="more than 20000 rows"):
        sender.send(calls.list_templates(account))

    assert peak() < 30 * 1024**2
    assert len(raw.requests) == 1


def test_gzip_is_asked_for_and_read_by_both_clients(connect, raw):
    raw.script(http(gzip.compress(page_body('{"id": 7}')), Content_Encoding="gzip"))
    account = account_of(raw.url)

    assert connect(account).send(calls.list_templates(account)).templates[0].id == 7
    assert raw.request.headers["accept-encoding"] == "gzip"


def test_a_cut_gzip_is_retried_and_then_an_error(connect, raw):
    raw.script(http(gzip.compress(page_body("{}"))[:-4], Content_Encoding="gzip"))
    account = account_of(raw.url)

    with pytest.raises(NxlinkTransportError, match="ends in the middle of its gzip"):
        connect(account, attempts=2).send(calls.list_templates(account))
    assert len(raw.requests) == 2


async def longest_stop(coroutine):
    """Return for how long the event loop stood still while this ran."""
    longest = 0.0

    async def watch():
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.002)
            longest = max(longest, time.perf_counter() - before - 0.002)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.01)
    with contextlib.suppress(NxlinkTransportError):
        await coroutine
    watching.cancel()
    return longest


@pytest.mark.parametrize(
    "body",
    [
        page_body('{"id": 7, "name": "promo", "content": "' + "x" * 700 + '"}', MAX_ROWS),
        page_body("{}", 400_000),
        page_body("{}", 20_000),
        page_body('"\\ud800"', 200_000),
        page_body("1" * 25, 15_000),
    ],
    ids=["16 MiB of rows", "400 000 empty rows", "20 000 empty rows", "odd texts", "odd integers"],
)
def test_a_large_response_does_not_stop_the_event_loop(raw, body):
    raw.script(Step(http(gzip.compress(body, 1), Content_Encoding="gzip")))
    account = account_of(raw.url)

    async def use():
        async with AsyncNxlinkClient(account, attempts=1) as client:
            return await longest_stop(client.send(calls.list_templates(account)))

    assert asyncio.run(use()) < 0.5


def test_floats_that_are_finite_stay():
    assert read_json(b"[1.5, -0.0, 1e308]")[0] == [1.5, 0.0, 1e308]
    assert math.isfinite(read_json(b'[1e308, "\\u0000"]')[0][0])
