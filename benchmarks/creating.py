"""One signed create through the client, on a warm connection, beside the bare post of the same bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests
from answering import answering
from rows import Row, in_turns

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.client import NxlinkClient

TURNS = 40
CALLS_A_TURN = 50

BODY: dict[str, Any] = {
    "name": "order_shipped",
    "language": "en_US",
    "category_type": 2,
    "headerText": "Good news",
    "content": "Hello {{1}}, your order {{2}} is on its way to you and will arrive within two days.",
    "footerText": "Example Shop",
    "buttonComponents": [{"type": "URL", "text": "Track", "url": "https://shop.example/t/1"}],
}
ANSWER = {"code": 0, "message": "", "traceId": "0a1b2c3d", "data": {"id": 1001}}


def measure(turns: int = TURNS, calls_a_turn: int = CALLS_A_TURN) -> list[Row]:
    """
    Compare ``client.send(calls.create_template(…))`` with ``session.post(…).json()``.

    Ours makes the bytes, signs them, sends them, and reads and checks the answer. The other is given the same
    bytes and headers ready to be sent. The server is in a process of its own and answers with bytes that are
    ready: the less it takes, the more what the client adds shows.
    """
    with answering([ANSWER]) as url:
        account = account_at(url)
        with NxlinkClient(account) as client, requests.Session() as session:
            call = calls.create_template(account, BODY)
            headers = {
                "Content-Type": "application/json",
                "Accept": "application/json",
                "accessKey": account.access_key,
                "ts": "1767225600000",
                "bizType": "2",
                "action": "mt",
                "sign": "0" * 32,
            }
            address = url + call.path

            def ours() -> None:
                if client.send(calls.create_template(account, BODY)) != 1001:
                    raise RuntimeError("the answer was read wrongly")

            def bare() -> None:
                answer = session.post(address, data=call.body, headers=headers, timeout=(10, 30)).json()
                if answer["data"]["id"] != 1001:
                    raise RuntimeError("the answer was read wrongly")

            taken = {
                clock.__name__: in_turns(
                    lambda clock=clock: seconds_of(ours, calls_a_turn, clock),
                    lambda clock=clock: seconds_of(bare, calls_a_turn, clock),
                    turns,
                )
                for clock in (time.perf_counter, time.process_time)
            }
    wall, cpu = taken["perf_counter"], taken["process_time"]
    return [
        Row(
            what="one signed create through the client on a warm connection",
            beside="a bare requests.Session.post of the same bytes",
            measured=wall.ratio,
            target=1.2,
            note=f"elapsed time; in CPU time of the client alone {cpu.ratio:.2f} ×",
            details={
                "unit": f"seconds for {calls_a_turn} calls",
                **wall.to_dict(),
                "cpu": {"unit": f"CPU seconds for {calls_a_turn} calls", **cpu.to_dict()},
            },
        )
    ]


def account_at(url: str) -> Account:
    """Return an account at a server on loopback."""
    return Account.checked(
        base_url=url,
        access_key="sandbox-key",
        access_secret="sandbox-secret",  # noqa: S106 - for loopback only
        phone="8613800000000",
        tenant_id=1,
    )


def seconds_of(call: Callable[[], None], times: int, clock: Callable[[], float]) -> float:
    """Return what ``times`` calls take on a clock."""
    before = clock()
    for _ in range(times):
        call()
    return clock() - before
