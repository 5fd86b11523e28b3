"""Valid responses, mutated as bytes and as JSON, over HTTP into both clients: a result, or our own error."""

import asyncio
import contextlib
import copy
import gzip
import json
import random
import time
import tracemalloc

import msgspec
import pytest
from airflow.triggers.base import TriggerEvent

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.client import AsyncNxlinkClient, NxlinkClient
from airflow_provider_nxlink.api.errors import NxlinkApiError, NxlinkError
from airflow_provider_nxlink.api.models import TemplateRef
from airflow_provider_nxlink.api.waiting import Wait
from airflow_provider_nxlink.triggers import events
from tests.api.conftest import account_of
from tests.api.raw_server import RawServer, Step, http

ROUNDS = 400
LOOP_STOP = 0.5
MEMORY = 200 * 1024**2

ROW = {
    "id": 314,
    "name": "order_update",
    "language": "en_US",
    "status": 0,
    "category_type": 1,
    "content": "Hello {{1}}, see https://a.example/x?Signature=abc",
    "quality": "GREEN",
    "waRejectedReason": "INVALID_FORMAT",
    "created_at": "2024-06-25 14:31:26",
    "updated_at": "0001-01-01T00:00:00Z",
    "is_close_auto_flow": 0,
    "components": [{"type": "HEADER", "example": {"header_handle": ["https://a.example/x?sig=1"]}}],
    "buttonComponents": [{"type": "URL", "url": "https://a.example/{{1}}", "example": ["1"], "flow_id": 7}],
}
FLOW = {
    "id": "7",
    "name": "f",
    "status": "DRAFT",
    "categories": ["OTHER"],
    "validation_errors": [{"line": 1}],
}
VALID = {
    "list templates": {"list": [ROW, {**ROW, "id": "315"}], "total": 2, "has_next_page": False},
    "get template": ROW,
    "list flows": {"flow_list": [FLOW]},
    "create template": {"id": 314},
    "upload media": {"media_id": 7, "url": "https://a.example/x.jpg?Signature=1", "h": "4:a:b:e:1:c"},
}
ODD = [
    *(None, True, False, 0, -1, 2**31, 2**63, -(2**63) - 1, 10**30, int("9" * 4000), 0.5, 1e308),
    *(float("nan"), float("inf"), -float("inf"), "", " ", "0", "9" * 30, "9" * 5000, "-1", "NaN", "\x00"),
    *("bad \ud800 x", "\udfff\ud83d", "\u202e\ufeff", "{{ conn.a.password }}", "{% endraw %}", "../../etc"),
    *("-X-Amz-a" * 3000, "sign=" + "0f" * 16, "{{" * 5000, "x" * 10**6, [], {}, [[]], [{}] * 300),
    *({"\ud800": 1}, {"": {"a\x00": [float("nan"), 10**25]}}, ["\ud800", 10**20], [None], [0] * 30_000),
]
BYTES = [
    *(
        b"\x00",
        b"\xff",
        b"\xed\xa0\x80",
        b'"',
        b"\\",
        b"{",
        b"[",
        b"}",
        b"]",
        b",",
        b":",
        b"\\u0000",
        b"\\ud800",
    ),
    *(b"1e999", b"NaN", b"-Infinity", b"9" * 40, b"9" * 5000, b"[" * 3000, b'{"a":' * 3000, b"{}," * 30_000),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"<html>", b"\\" * 1000, b'"' * 1000),
]


def event_of(template):
    """Return the event in which a trigger carries a template to its task."""
    ref = TemplateRef(id=314)
    return events.verdicts_event([events.Result.of(ref, Wait().judge(ref, template, 0.0))])


def encoded(payload):
    """Encode a payload as the triggerer, XCom and PostgreSQL do."""
    encoder = msgspec.msgpack.Encoder()
    with contextlib.suppress(ImportError):  # before Airflow 3.1 the triggerer speaks JSON
        from airflow.sdk.execution_time.comms import _new_encoder  # noqa: PLC0415

        encoder = _new_encoder()
    event = TriggerEvent(payload)
    encoder.encode(event.model_dump() if hasattr(event, "model_dump") else {"payload": event.payload})
    text = json.dumps(payload, allow_nan=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode()
    msgspec.msgpack.decode(msgspec.msgpack.encode(payload))


def places(value, path=()):
    """Yield the path of each value inside a JSON value."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from places(value[index], (*path, index))


def mutated(envelope, dice):
    """Return a copy of an envelope in which one to three values, or keys, are odd."""
    envelope = copy.deepcopy(envelope)
    for _ in range(dice.randint(1, 3)):
        path = dice.choice([path for path in places(envelope) if path])
        holder = envelope
        for step in path[:-1]:
            holder = holder[step]
        kind = dice.random()
        if kind < 0.15 and isinstance(holder, dict):
            holder[dice.choice(["\ud800", "a\x00", "x" * 10_000, ""])] = holder.pop(path[-1])
        elif kind < 0.25 and isinstance(holder, dict):
            del holder[path[-1]]
        else:
            holder[path[-1]] = copy.deepcopy(dice.choice(ODD))
    return envelope


def cut_and_filled(body, dice):
    """Return a body with bytes taken out, put in, or repeated."""
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(body) + 1)
        end = min(len(body), start + dice.choice([0, 1, 1, 5, 50, 10**6]))
        body = body[:start] + dice.choice([*BYTES, b"", body[start:end] * 3]) + body[end:]
    return body


def response(name, dice):
    """Return a hostile HTTP response to a call."""
    envelope = {
        "code": dice.choice([0, 0, 0, 0, 1003, -1, "0"]),
        "message": "m",
        "data": VALID[name],
        "traceId": "t",
    }
    if dice.random() < 0.6:
        envelope = mutated(envelope, dice)
    text = json.dumps(envelope, ensure_ascii=dice.random() < 0.5)
    body = text.encode("utf-8", "surrogatepass")
    if dice.random() < 0.5:
        body = cut_and_filled(body, dice)
    headers = {}
    if dice.random() < 0.3:
        body, headers = gzip.compress(body, 1), {"Content_Encoding": "gzip"}
        if dice.random() < 0.3:
            body = cut_and_filled(body, dice)
    status = dice.choice([200, 200, 200, 200, 500, 403, 302])
    answer = http(body, status, **headers)
    if dice.random() < 0.1:
        answer = answer[: dice.randrange(len(answer))]
    elif dice.random() < 0.1:
        answer = answer.replace(
            b"\r\n", b"\r\n" + dice.choice([b"sign", b"\x00: a", b"a b: c", b": x"]) + b"\r\n", 1
        )
    return Step(answer, then="close")


def account_for(server):
    return account_of(server.url, timeout=1)


MAKERS = {
    "list templates": calls.list_templates,
    "get template": lambda account: calls.get_template(account, 314),
    "list flows": calls.list_flows,
    "create template": lambda account: calls.create_template(account, {"name": "order_update"}),
    "upload media": lambda account: calls.upload_media(account, "https://a.example/x.jpg"),
}


def check(name, outcome):
    """Encode a result or an error as Airflow would."""
    if isinstance(outcome, NxlinkError):
        encoded(events.error_event(outcome))
        assert len(str(outcome)) < 5000
        assert str(outcome).isprintable()
        if isinstance(outcome, NxlinkApiError):
            encoded({"code": outcome.code, "message": outcome.message, "trace_id": outcome.trace_id})
    elif name == "create template":
        encoded({"id": outcome})
    elif outcome is not None:
        many = outcome.templates if name == "list templates" else outcome
        for each in many if isinstance(many, list) else [many]:
            encoded(each.to_dict())
            if name in ("list templates", "get template"):
                encoded(event_of(each))


@pytest.fixture(params=sorted(VALID))
def name(request):
    return request.param


def test_the_sync_client_returns_a_result_or_our_error(name):
    dice = random.Random(f"sync {name}")  # noqa: S311 - the same responses each time
    with RawServer() as server, NxlinkClient(account_for(server), attempts=1) as client:
        for _ in range(ROUNDS):
            server.script(response(name, dice))
            tracemalloc.start()
            try:
                outcome = client.send(MAKERS[name](client.account))
            except NxlinkError as error:
                outcome = error
            finally:
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
            assert peak < MEMORY
            check(name, outcome)


def test_the_async_client_never_stops_the_event_loop(name):
    dice = random.Random(f"async {name}")  # noqa: S311 - as above
    longest = 0.0

    async def watch():
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - before)

    async def play(server):
        async with AsyncNxlinkClient(account_for(server), attempts=1) as client:
            await client._connected()  # reads the CA files
            watching = asyncio.create_task(watch())
            for _ in range(ROUNDS):
                server.script(await asyncio.to_thread(response, name, dice))
                try:
                    outcome = await client.send(MAKERS[name](client.account))
                except NxlinkError as error:
                    outcome = error
                await asyncio.to_thread(check, name, outcome)
            watching.cancel()

    with RawServer() as server:
        asyncio.run(play(server))
    assert longest < LOOP_STOP
