"""What is secret is in no log, no exception, no result and no output, whatever goes well or wrong."""

import asyncio
import contextlib
import json
import logging
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_nxlink.api import calls, retries, writes
from airflow_provider_nxlink.api.auth import sign
from airflow_provider_nxlink.api.errors import NxlinkRequestError
from airflow_provider_nxlink.cli.main import main
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.operators.flow import NxlinkListFlowsOperator
from airflow_provider_nxlink.operators.media import NxlinkUploadMediaOperator
from airflow_provider_nxlink.operators.template import (
    NxlinkApplyTemplateOperator,
    NxlinkCreateTemplateOperator,
    NxlinkDeleteTemplateOperator,
    NxlinkGetTemplateOperator,
    NxlinkListTemplatesOperator,
    NxlinkSyncTemplatesOperator,
    NxlinkUpdateTemplateOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sandbox.settings import Account
from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor
from airflow_provider_nxlink.triggers import poll
from airflow_provider_nxlink.triggers.events import read_event
from airflow_provider_nxlink.triggers.template import NxlinkTemplateChangeTrigger, NxlinkTemplateTrigger
from tests.reliability.conftest import SandboxProcess
from tests.reliability.mirror import Form, mirror

SECRET = "pLaNtEd-AcCeSs-SeCrEt"
LINK_SECRET = "pLaNtEd-LiNk-SiGnAtUrE"
LINK = f"https://media.example/spring.jpg?OSSAccessKeyId=LTAI&Expires=1&Signature={LINK_SECRET}"
REF = {"name": "promo", "language": "en_US"}
TEMPLATE = {**REF, "category": "MARKETING", "content": "Hello there", "header_media": {"url": LINK}}
CHANGED = {**REF, "category": "MARKETING", "content": "Hello again"}

# What is done, in an order that succeeds.
STEPS: dict[str, tuple[Any, dict[str, Any]]] = {
    "upload": (NxlinkUploadMediaOperator, {"media_url": LINK}),
    "create": (NxlinkCreateTemplateOperator, {"template": TEMPLATE, "wait_for_approval": True, "timeout": 2}),
    "sensor": (NxlinkTemplateSensor, {"template": REF, "timeout": 2}),
    "sensor that defers": (NxlinkTemplateSensor, {"template": REF, "deferrable": True}),
    "get": (NxlinkGetTemplateOperator, {"template": REF}),
    "list": (NxlinkListTemplatesOperator, {}),
    "flows": (NxlinkListFlowsOperator, {}),
    "update": (NxlinkUpdateTemplateOperator, {"template": CHANGED}),
    "apply": (NxlinkApplyTemplateOperator, {"template": TEMPLATE}),
    "sync": (NxlinkSyncTemplatesOperator, {"templates": [TEMPLATE]}),
    "delete": (NxlinkDeleteTemplateOperator, {"template": REF}),
}
FORMS = {
    **{f"code {code}": Form(code) for code in (-1, 0, 1002, 1003, 1004, 22016, 22072)},
    **{f"HTTP {status}": Form(status=status) for status in (200, 401, 404, 429, 502)},
    "code under 500": Form(22072, 500),
    "cut": Form(0, cut=True),
    "redirect": Form(status=302, location=LINK),
}


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "_backoff", lambda _: 0.0)
    monkeypatch.setattr(writes, "VISIBLE_AFTER", (0.0, 0.0))
    monkeypatch.setattr(poll, "POLL_ATTEMPTS", 1)


def connect(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    account = Account(access_secret=SECRET)
    connection = {
        "conn_type": "nxlink",
        "host": url,
        "login": account.access_key,
        "password": SECRET,
        "extra": {"phone": account.phones[0], "tenant_id": account.tenant_ids[0]},
    }
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """A sandbox whose secret nothing else could spell."""
    with SandboxServer(approve_after=0, edits_per_day=0, account=Account(access_secret=SECRET)) as server:
        connect(monkeypatch, server.url)
        yield server


class Watch:
    """Everything somebody could see, to be searched for what nobody may see."""

    def __init__(self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
        self._caplog, self._capfd = caplog, capfd
        self._seen: dict[str, str] = {}
        self.errors: list[BaseException] = []
        caplog.set_level(logging.DEBUG)
        for name in ("httpx", "httpcore", "urllib3", "asyncio", "airflow_provider_nxlink"):
            caplog.set_level(logging.DEBUG, logger=name)

    def note(self, what: str, value: Any) -> None:
        self._seen[what] = self._seen.get(what, "") + repr(value)

    def note_error(self, error: BaseException) -> None:
        self.errors.append(error)
        chain: BaseException | None = error
        while chain is not None:
            self.note("exception", [str(chain), chain.args, pickle.dumps(str(chain)), vars(chain)])
            chain = chain.__cause__ or chain.__context__
        told = traceback.TracebackException.from_exception(error)
        self.note("traceback", "".join(told.format()))

    def shows(self, *secrets: str) -> list[str]:
        """Return where which secret can be seen."""
        printed = self._capfd.readouterr()
        seen = {**self._seen, "log": self._caplog.text, "stdout": printed.out, "stderr": printed.err}
        return [
            f"{where} shows {secret}: …{text[max(0, text.index(secret) - 200) :][:300]}…"
            for where, text in seen.items()
            for secret in {SECRET, LINK_SECRET, *secrets} - {""}
            if secret in text
        ]


@pytest.fixture
def watch(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Watch:
    return Watch(caplog, capfd)


def run_step(name: str, watch: Watch) -> None:
    """Execute an operator, through its deferral if it defers, and note what it returns or raises."""
    operator, arguments = STEPS[name]
    try:
        made = operator(task_id="task", **arguments)
        context = {"ti": SimpleNamespace(try_number=1, map_index=-1)}
        watch.note(
            "operator", [made, vars(made.hook), made.hook.account, made.hook.client, made.hook.get_conn()]
        )
        try:
            watch.note("result", made.execute(context))
        except TaskDeferred as deferred:
            watch.note("trigger", [deferred.trigger, deferred.trigger.serialize()])
            event = asyncio.run(first_event(deferred.trigger))
            watch.note("result", made.execute_complete(context, event))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is searched
        watch.note_error(error)


def test_what_holds_a_connection_shows_no_secret_of_it(planted: SandboxServer) -> None:
    hook = NxlinkHook()
    shown = [hook, hook.account, hook.client, hook.get_conn(), asyncio.run(hook.async_client())]
    assert SECRET not in "".join(f"{value!r} {value!s}" for value in shown)
    assert SECRET in str(vars(hook.account)), "the test must be able to see it"


@pytest.mark.parametrize("answers", ["well", "with what it was sent", "not at all"])
@pytest.mark.parametrize("command", ["plan", "apply", "status", "pull"])
def test_a_command_shows_nothing_however_it_ends(
    command: str,
    answers: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "promo.yaml").write_text(json.dumps(TEMPLATE))
    server = {
        "well": SandboxServer(
            account=Account(access_secret=SECRET),
            templates=[{**REF, "category_type": 1, "content": "Before"}],
        ),
        "with what it was sent": mirror(Form(22072), SECRET, LINK),
        "not at all": contextlib.nullcontext(("http://127.0.0.1:9", [])),
    }[answers]
    with server as made:
        url, sent = (made.url, []) if isinstance(made, SandboxServer) else made
        connect(monkeypatch, url)
        status = main([command, str(tmp_path / ("pulled" if command == "pull" else ""))])
        sent = sent or (signatures(made) if isinstance(made, SandboxServer) else [])
    printed = "".join(capfd.readouterr())
    assert (status in (0, 2)) is (answers == "well"), printed
    written = "".join(path.read_text() for path in (tmp_path / "pulled").rglob("*") if path.is_file())
    assert [secret for secret in (SECRET, LINK_SECRET, *sent) if secret in printed + written] == []


def test_the_sandbox_prints_its_connection_once_and_no_secret_after_it(
    sandbox_process: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", sandbox_process.start())
    hook = NxlinkHook()
    hook.upload_media(LINK)
    with pytest.raises(NxlinkRequestError):
        hook.client.send(calls.create_template(hook.account, {"name": "promo", "language": "xx"}))
    with httpx.Client(base_url=hook.account.base_url) as http:
        http.get("/saas/wa/template/1", headers={"sign": "0" * 32})
        seen = "".join(http.get(f"/_sandbox/{page}").text for page in ("received", "templates", "switches"))
    assert sandbox_process.process is not None
    sandbox_process.process.terminate()
    printed, _ = sandbox_process.process.communicate()
    assert hook.account.access_secret not in printed + seen
    assert '"sign"' not in printed + seen


async def first_event(trigger: Any) -> Any:
    events = trigger.run()
    try:
        return json.loads(json.dumps((await asyncio.wait_for(anext(events), 0.3)).payload))
    finally:
        await events.aclose()


def run_triggers(watch: Watch) -> None:
    triggers = [
        NxlinkTemplateTrigger([REF], poll_interval=0.05),
        NxlinkTemplateChangeTrigger(poll_interval=0.05),
    ]
    for trigger in triggers:
        watch.note("trigger", [trigger, trigger.serialize(), trigger.shared_stream_key()])
        try:
            event = asyncio.run(first_event(trigger))
            watch.note("event", event)
            read_event(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is searched
            watch.note_error(error)


def test_nothing_is_shown_where_all_goes_well(planted: SandboxServer, watch: Watch) -> None:
    for step in STEPS:
        run_step(step, watch)
        if step == "sensor":
            run_triggers(watch)
    assert [str(error) for error in watch.errors if not isinstance(error, TimeoutError)] == []
    assert {call.endpoint for call in planted.received()} == {
        *("list", "create", "update", "details", "delete", "flows", "upload")
    }
    assert watch.shows(*signatures(planted)) == []


def signatures(server: SandboxServer) -> list[str]:
    """Return the signatures of all calls that came in; the sandbox itself keeps none."""
    return [
        sign(
            access_key=server.account.access_key,
            access_secret=SECRET,
            ts=call.headers["ts"],
            body=call.body if call.headers.get("content-type") == "application/json" else None,
        )
        for call in server.received()
    ]


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_shown_where_the_answer_repeats_it(
    form: str, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mirror(FORMS[form], f"secret {SECRET}", LINK) as (url, sent):
        connect(monkeypatch, url)
        for step in STEPS:
            run_step(step, watch)
        run_triggers(watch)
        watch.note("test button", NxlinkHook().test_connection())
    assert len(watch.errors) >= len(STEPS) - 4, "hardly anything failed"
    assert all(sent)
    assert watch.shows(*sent) == []
