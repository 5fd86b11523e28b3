"""The sandbox held against its own OpenAPI document by schemathesis, each call signed as our client signs it.

The examples are derandomised: the same ones each run, for one version of schemathesis and hypothesis.
"""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is in the newest environment alone")

from airflow_provider_nxlink.api.account import Account  # noqa: E402
from airflow_provider_nxlink.api.auth import ServerClock, Signer, SigningSession  # noqa: E402
from airflow_provider_nxlink.sandbox.control import router as control_router  # noqa: E402
from airflow_provider_nxlink.sandbox.gateway import CONTROL  # noqa: E402
from airflow_provider_nxlink.sandbox.openapi import document  # noqa: E402
from airflow_provider_nxlink.sandbox.server import SandboxServer  # noqa: E402
from airflow_provider_nxlink.sandbox.settings import Account as SandboxAccount  # noqa: E402
from airflow_provider_nxlink.sandbox.state import Seeds, State  # noqa: E402

GenerationMode = schemathesis.GenerationMode
DOCUMENT = document(State(SandboxAccount(), Seeds()), control_router.routes)
for path in DOCUMENT["paths"].values():
    for described in path.values():
        # The headers are the signer's.
        described["parameters"] = [each for each in described.get("parameters", []) if each["in"] != "header"]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
SCHEMA.config.generation.with_security_parameters = False
SCHEMA.config.generation.allow_extra_parameters = False
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
CALLS = [operation for operation in OPERATIONS if not operation.path.startswith(CONTROL)]
ORDERS = [operation for operation in OPERATIONS if operation.path.startswith(CONTROL)]
CHECKS = [
    check
    for name, check in (
        (name, schemathesis.checks.CHECKS.get_one(name))
        for name in (
            "not_a_server_error",
            "status_code_conformance",
            "content_type_conformance",
            "response_headers_conformance",
            "response_schema_conformance",
        )
    )
]
BODY = {"tenant_id": 123, "language": "en_US", "category_type": 1, "content": "Hello {{1}}"}
BUTTONS = [{"type": "QUICK_REPLY", "text": "Yes", "buttonEvents": [{"event": "tag", "tagName": "tag1"}]}]
SEEDS = [
    {
        **BODY,
        "id": 7,
        "name": "in_use",
        "headerText": "Head",
        "footerText": "Foot",
        "buttonComponents": BUTTONS,
    },
    {**BODY, "id": 8, "name": "rejected", "status": 0, "waRejectedReason": "SPAM", "mediaType": "IMAGE"},
    {**BODY, "id": 9, "name": "gone", "status": 14},
]


def bounded(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        # To shrink an example over HTTP takes longer than to read it as it is.
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


CALLS_IN_THE_SUITE, ORDERS_IN_THE_SUITE, IN_SOAK = bounded(12), bounded(6), bounded(100)


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(approve_after=0) as started:
        yield started


@pytest.fixture(scope="module")
def account(server: SandboxServer) -> Account:
    own = server.account
    return Account.checked(
        base_url=server.url,
        access_key=own.access_key,
        access_secret=own.access_secret,
        phone=own.phones[0],
        tenant_id=own.tenant_ids[0],
    )


@pytest.fixture(scope="module")
def signing(account: Account) -> Iterator[requests.Session]:
    with SigningSession(account) as session:
        yield session


@pytest.fixture
def anew(server: SandboxServer) -> Callable[[], SandboxServer]:
    """Return what puts the sandbox into the state in which each example finds it."""

    def again() -> SandboxServer:
        server.reset()
        server.seed(SEEDS)
        return server

    return again


def names(server: SandboxServer) -> Counter[tuple[str, str, str]]:
    """Count the living templates of each sender, name and language."""
    return Counter((each.phone, each.name, each.language) for each in server.state.store if each.status != 14)


def templates(server: SandboxServer) -> str:
    return repr(list(server.state.store)) + repr(server.state.media)


def assert_it_answers_as_it_says(operation: Any, mode: Any, server: Any, signing: Any, data: Any) -> Any:
    case = data.draw(operation.as_strategy(generation_mode=mode))
    before = templates(server)

    response = case.call(base_url=server.url, session=signing)

    case.validate_response(response, checks=CHECKS)
    assert max(names(server).values(), default=0) <= 1
    if operation in CALLS:
        code = response.json()["code"] if response.status_code == 200 else None
        if mode is GenerationMode.NEGATIVE:
            assert code != 0, case.as_curl_command()
        if code != 0:
            assert templates(server) == before
        assert server.received()[-1].verified is not False or code == 1003
    return response


MODES = pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)


@pytest.mark.parametrize("operation", CALLS, ids=lambda operation: operation.label)
@MODES
def test_a_call_answers_as_the_document_says(operation, mode, anew, signing):
    @CALLS_IN_THE_SUITE
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        assert_it_answers_as_it_says(operation, mode, anew(), signing, data)

    holds()


class Spoilt(requests.auth.AuthBase):
    """Signs the bytes that are sent, and spoils one thing about it."""

    def __init__(self, account: Account, how: str) -> None:
        self._account, self._how = account, how

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        account, body, kind = self._account, request.body, request.headers.get("Content-Type")
        if self._how == "another secret":
            account = replace(account, access_secret="another-secret")
        if self._how == "other bytes":
            kind, body = "application/json", b'{"other": "bytes"}'
        if self._how == "an unknown key":
            account = replace(account, access_key="unknown-key")
        clock = ServerClock(lambda: time.time() - (61 if self._how == "too late" else 0))
        headers = Signer(account, clock).headers(request.url or "", kind, body)
        if self._how == "a header missing":
            del headers["bizType"]
        if self._how == "another action":
            headers["action"] = "mo"
        request.headers.update(headers if self._how != "no signature" else {})
        return request


SPOILT = {
    "no signature": 1001,
    "a header missing": 1001,
    "another action": 1002,
    "another secret": 1003,
    "other bytes": 1003,
    "too late": 1004,
    "an unknown key": 1005,
}


@pytest.mark.parametrize("operation", CALLS, ids=lambda operation: operation.label)
@pytest.mark.parametrize("how", SPOILT)
def test_a_call_signed_wrongly_is_refused_with_the_code_for_it(operation, how, anew, account):
    @bounded(3)
    @given(case=operation.as_strategy())
    def holds(case: Any) -> None:
        server = anew()
        before = templates(server)
        response = case.call(base_url=server.url, auth=Spoilt(account, how))
        case.validate_response(response, checks=CHECKS)
        assert response.json()["code"] == SPOILT[how]
        assert templates(server) == before

    holds()


def seven_calls(server: SandboxServer, signing: requests.Session) -> list[int]:
    """Send the seven calls as anybody would, and return the status of each answer."""
    phone, query = server.account.phones[0], {"tenant_id": 123}
    template, media = f"/saas/wa/template/{phone}", f"/saas/wa/media/{phone}"
    requests_made = [
        ("GET", template, {"params": {**query, "page_number": 1, "page_size": 50}}),
        ("POST", template, {"json": {**BODY, "name": "brand_new"}}),
        ("PUT", template, {"json": {**BODY, "name": "rejected"}}),
        ("GET", f"{template}/7", {"params": query}),
        ("GET", f"{template}/8", {"params": query}),
        ("DELETE", f"{template}/7", {"params": query}),
        ("GET", f"/saas/wa/flow/{phone}", {"params": query}),
        ("POST", media, {"files": {"url": (None, "https://example.com/a.jpg")}}),
    ]
    answers = [signing.request(method, server.url + path, **more) for method, path, more in requests_made]
    return [answer.status_code for answer in answers]


def assert_an_order_leaves_it_answering(
    operation: Any, mode: Any, server: SandboxServer, signing: requests.Session, data: Any
) -> None:
    response = assert_it_answers_as_it_says(operation, mode, server, signing, data)
    if operation.label == "POST /_sandbox/faults":
        expected = {200}
        if response.status_code == 200:
            expected.add(json.loads(response.request.body).get("status", 500))
        with contextlib.suppress(requests.RequestException):
            assert signing.get(f"{server.url}/saas/wa/flow/1", timeout=0.1).status_code in expected
        assert signing.delete(f"{server.url}{CONTROL}/faults").status_code == 200
    assert all(status < 500 for status in seven_calls(server, signing))
    for page in ("templates", "received", "counts", "switches", "faults", "clock"):
        told = signing.get(f"{server.url}{CONTROL}/{page}")
        assert told.status_code == 200, page
        json.loads(told.content, parse_constant=pytest.fail)
    assert max(names(server).values(), default=0) <= 1


def skip_if_nothing_could_be_wrong(operation, mode):
    if mode is GenerationMode.NEGATIVE and not (
        operation.body or operation.path_parameters or operation.query
    ):
        pytest.skip("it takes nothing that could be wrong")


@pytest.mark.parametrize("operation", ORDERS, ids=lambda operation: operation.label)
@MODES
def test_an_order_is_done_or_refused_and_the_calls_still_answer(operation, mode, anew, signing):
    skip_if_nothing_could_be_wrong(operation, mode)

    @ORDERS_IN_THE_SUITE
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        assert_an_order_leaves_it_answering(operation, mode, anew(), signing, data)

    holds()


@pytest.mark.soak
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@MODES
def test_many_calls_and_orders_are_answered_as_the_document_says(operation, mode, anew, signing):
    held = assert_it_answers_as_it_says if operation in CALLS else assert_an_order_leaves_it_answering
    skip_if_nothing_could_be_wrong(operation, mode)

    @IN_SOAK
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        held(operation, mode, anew(), signing, data)

    holds()


@pytest.fixture
def sequences(anew, signing, server):
    """Return a machine that walks the document's links, and a count of what it saw done."""
    done: Counter[str] = Counter()

    class Sequences(SCHEMA.include(path_regex="^/saas/").as_state_machine()):
        def setup(self) -> None:
            server.reset()
            server.switch(edits_per_day=0, name_lock_days=0)
            self.living: dict[tuple[str, str], str] = {}

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"base_url": server.url, "session": signing}

        def validate_response(self, response: Any, case: Any, *_: Any, **__: Any) -> None:
            case.validate_response(response, checks=CHECKS)

        def after_call(self, response: Any, case: Any) -> None:
            answer = response.json() if response.status_code == 200 else {"code": None}
            name, went_well = case.operation.definition.raw["operationId"], answer["code"] == 0
            done[name] += went_well
            template_id = str((case.path_parameters or {}).get("template_id"))
            if name == "create" and went_well:
                assert (case.body["name"], case.body["language"]) not in self.living
                self.living[case.body["name"], case.body["language"]] = str(answer["data"]["id"])
            if name == "update" and went_well:
                assert (case.body["name"], case.body["language"]) in self.living
            if name == "details" and went_well:
                assert (answer["data"] is not None) is (template_id in self.living.values())
                done["details of one"] += answer["data"] is not None
            if name == "delete" and went_well:
                assert template_id in self.living.values()
                self.living = {key: one for key, one in self.living.items() if one != template_id}

        @invariant()
        def one_template_for_a_name_and_language(self) -> None:
            there = [(each.name, each.language) for each in server.state.store]
            assert sorted(there) == sorted(self.living)

    return Sequences, done


def walk(sequences, examples: int) -> None:
    machine, done = sequences
    machine.run(settings=settings(bounded(examples), stateful_step_count=12))
    assert all(done[name] for name in ("create", "details of one", "delete")), done


def test_sequences_of_calls_leave_one_template_for_a_name_and_language(sequences):
    walk(sequences, 8)


@pytest.mark.soak
def test_many_sequences_of_calls_leave_one_template_for_a_name_and_language(sequences):
    walk(sequences, 500)
