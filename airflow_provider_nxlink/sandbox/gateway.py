"""The way in: notes each call, checks its headers, and lets the ordered fault befall it."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_nxlink.sandbox import hostile, shapes
from airflow_provider_nxlink.sandbox.access import JSON, HostPolicy, check_control_call
from airflow_provider_nxlink.sandbox.auth import Verdict, check_headers
from airflow_provider_nxlink.sandbox.faults import AFTER_THE_WORK, Fault
from airflow_provider_nxlink.sandbox.received import Received
from airflow_provider_nxlink.sandbox.state import State

CONTROL = "/_sandbox"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True)
class Endpoint:
    """One of the service's calls: its name, method, path and the content type of its body."""

    name: str
    method: str
    path: str
    content: str | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return the path as a regular expression."""
        return re.compile(re.sub(r"\{\w+\}", "[^/]+", self.path))


ENDPOINTS = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint("list", "GET", "/saas/wa/template/{phone}"),
        Endpoint("create", "POST", "/saas/wa/template/{phone}", JSON),
        Endpoint("update", "PUT", "/saas/wa/template/{phone}", JSON),
        Endpoint("details", "GET", "/saas/wa/template/{phone}/{template_id}"),
        Endpoint("delete", "DELETE", "/saas/wa/template/{phone}/{template_id}"),
        Endpoint("flows", "GET", "/saas/wa/flow/{phone}"),
        Endpoint("upload", "POST", "/saas/wa/media/{phone}", MULTIPART),
    )
}
# The vendor's page prints the upload with a double slash.
DOUBLE_SLASH_UPLOAD = "/saas/wa//media/{phone}"
_PATTERNS = [(endpoint, endpoint.method, endpoint.pattern) for endpoint in ENDPOINTS.values()]
_PATTERNS.append((ENDPOINTS["upload"], "POST", Endpoint("", "", DOUBLE_SLASH_UPLOAD).pattern))

SECRET_HEADERS = {"sign", "authorization", "cookie"}

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass
class Answer:
    """An HTTP answer, held until it is known whether it gets through."""

    status: int = HTTPStatus.OK
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    async def take(self, message: Message) -> None:
        """Take in what the application sends."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], tuple(message["headers"])
        else:
            self.body += message.get("body", b"")


class Gateway:
    """ASGI application around the routes."""

    def __init__(self, app: App, state: State, hosts: HostPolicy) -> None:
        self._app = app
        self._state = state
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, or fail to, as ordered."""
        arrived = time.monotonic()
        body = await _read(receive)
        exchange = _Exchange(self._app, self._state, scope, receive, send, body, arrived)
        if scope["path"].startswith(CONTROL):
            refusal = check_control_call(scope["method"], scope["headers"], body, self._hosts)
            await exchange.deliver(_refused(*refusal) if refusal else await exchange.work())
            return
        with self._state.lock:
            call = exchange.call = self._note(scope, exchange.body)
            fault = self._state.faults.take(call.endpoint, call.method, call.path)
        if fault:
            call.fault = fault.kind
            await _fail(exchange, fault)
        else:
            await exchange.deliver(await exchange.work())

    def _note(self, scope: Scope, body: bytes) -> Received:
        headers = {name.decode("latin-1").lower(): value for name, value in scope["headers"]}
        endpoint = endpoint_of(scope["method"], scope["path"])
        verdict = Verdict(0)
        if endpoint:
            wall = self._state.clock.wall()
            verdict = check_headers(headers, body, endpoint.content, self._state.account, wall)
        scope.setdefault("state", {})["verdict"] = verdict
        call = Received(
            method=scope["method"],
            path=scope.get("raw_path", scope["path"].encode()).decode("latin-1"),
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers={
                name: value.decode("latin-1") for name, value in headers.items() if name not in SECRET_HEADERS
            },
            body=body.decode("utf-8", "replace"),
            time=self._state.clock.wall(),
            endpoint=endpoint.name if endpoint else None,
            verified=verdict.verified,
        )
        self._state.calls.append(call)
        self._state.counts[call.endpoint or "unknown"] += 1
        return call


@dataclass
class _Exchange:
    app: App
    state: State
    scope: Scope
    receive: Receive
    send: Send
    body: bytes
    arrived: float
    call: Received | None = None

    async def work(self) -> Answer:
        """Let the application do the work, and hold its answer."""
        replayed = iter([{"type": "http.request", "body": self.body, "more_body": False}])

        async def replay() -> Message:
            return next(replayed, None) or await self.receive()

        answer = Answer()
        await self.app(self.scope, replay, answer.take)
        return answer

    def headers(self) -> dict[str, str]:
        """Return the request's headers, names in lower case."""
        return {key.decode("latin-1").lower(): each.decode("latin-1") for key, each in self.scope["headers"]}

    def note(self, status: int, body: bytes) -> None:
        """Note how the call is answered."""
        if self.call:
            self.call.http_status = status
            self.call.code, self.call.trace_id = _envelope_of(body)

    async def deliver(self, answer: Answer, part: int | None = None) -> None:
        """Send an answer, or only the first ``part`` bytes of what it promises."""
        self.note(answer.status, answer.body)
        ordered = {name.lower() for name, _ in answer.headers}
        date = formatdate(self.state.clock.wall(), usegmt=True).encode()
        own = ((b"date", date), (b"content-length", str(len(answer.body)).encode()))
        headers = [*answer.headers, *(header for header in own if header[0] not in ordered)]
        await self.send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self.send(
            {"type": "http.response.body", "body": answer.body[:part], "more_body": part is not None}
        )


def _refused(status: int, reason: str) -> Answer:
    content = json.dumps({"error": reason}).encode()
    return Answer(status, ((b"content-type", JSON.encode()),), content)


async def _fail(exchange: _Exchange, fault: Fault) -> None:
    answer = None
    if fault.when == "after" or fault.kind in AFTER_THE_WORK:
        answer = await exchange.work()
    if fault.kind == "latency":
        # What the sandbox itself took is part of what it is told to take.
        await asyncio.sleep(exchange.arrived + fault.seconds - time.monotonic())
        await exchange.deliver(answer or await exchange.work())
    elif fault.kind == "status":
        headers = tuple((key.encode(), value.encode()) for key, value in fault.headers.items())
        await exchange.deliver(Answer(fault.status, headers, fault.body.encode()))
    elif fault.kind == "code":
        text = json.dumps(shapes.envelope(fault.code, None, exchange.state.switches.shape))
        await exchange.deliver(Answer(headers=((b"content-type", JSON.encode()),), body=text.encode()))
    elif answer and fault.kind in hostile.CHANGES:
        query = exchange.call.query if exchange.call else {}
        body = hostile.changed(fault, answer.body, query)
        headers = tuple(header for header in answer.headers if header[0].lower() != b"content-length")
        await exchange.deliver(Answer(answer.status, headers, body))
    elif fault.kind in hostile.ANSWERS:
        content = shapes.envelope(fault.code, None, exchange.state.switches.shape)
        await exchange.deliver(Answer(*hostile.answered(fault, content, exchange.headers())))
    else:
        transport = exchange.scope["state"]["connection"].transport
        if fault.kind == "bad_header":
            envelope = shapes.envelope(fault.code, None, exchange.state.switches.shape)
            transport.write(hostile.bad_header(envelope, exchange.headers()))
            exchange.note(HTTPStatus.OK, json.dumps(envelope).encode())
        if answer and fault.kind == "truncate":
            await exchange.deliver(answer, part=len(answer.body) // 2)
        if fault.kind != "hang":
            transport.close()
        await _until_closed(exchange.receive)


def endpoint_of(method: str, path: str) -> Endpoint | None:
    """Return the call that a method and path mean."""
    for endpoint, wanted, pattern in _PATTERNS:
        if method == wanted and pattern.fullmatch(path):
            return endpoint
    return None


def _envelope_of(body: bytes) -> tuple[int | None, str | None]:
    try:
        content = json.loads(body)
        return int(content["code"]), str(content["traceId"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None, None


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def _until_closed(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
