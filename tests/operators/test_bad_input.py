"""What can't work: refused when the DAG is parsed where it is known then, and before anything is sent."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_nxlink.api import errors
from airflow_provider_nxlink.api.account import AccountError
from airflow_provider_nxlink.operators.flow import NxlinkListFlowsOperator
from airflow_provider_nxlink.operators.media import NxlinkUploadMediaOperator
from airflow_provider_nxlink.operators.template import (
    NxlinkCreateTemplateOperator,
    NxlinkDeleteTemplateOperator,
    NxlinkGetTemplateOperator,
    NxlinkListTemplatesOperator,
    NxlinkUpdateTemplateOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.violations import TemplateSpecError

TEMPLATE = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello there"}
SEED = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello"}
REF = {"name": "promo", "language": "en_US"}
WRITERS = [NxlinkCreateTemplateOperator, NxlinkUpdateTemplateOperator]
ALL: list[tuple[Any, dict[str, Any]]] = [
    (NxlinkCreateTemplateOperator, {"template": TEMPLATE}),
    (NxlinkUpdateTemplateOperator, {"template": TEMPLATE}),
    (NxlinkDeleteTemplateOperator, {"template": REF}),
    (NxlinkGetTemplateOperator, {"template": REF}),
    (NxlinkListTemplatesOperator, {}),
    (NxlinkListFlowsOperator, {}),
    (NxlinkUploadMediaOperator, {"media_url": "https://shop.example/a.jpg"}),
]
EACH_OPERATOR = pytest.mark.parametrize(
    ("operator", "arguments"), ALL, ids=[operator.__name__ for operator, _ in ALL]
)

BAD_SPECS: dict[str, tuple[dict[str, Any], str]] = {
    "no content": ({"content": None}, "content: "),
    "empty content": ({"content": ""}, "content: "),
    "unknown field": ({"headr_text": "Hi"}, "headr_text: .*Did you mean 'header_text'"),
    "unknown category": ({"category": "PROMO"}, "category: .*MARKETING"),
    "authentication": ({"category": 3}, "category: "),
    "url button without url": ({"buttons": [{"type": "URL", "text": "See"}]}, r"buttons\[0\]\.url: "),
    "phone button": (
        {"buttons": [{"type": "PHONE_NUMBER", "text": "Call"}]},
        r"buttons\[0\]\.phone_number: ",
    ),
    "flow button": ({"buttons": [{"type": "FLOW", "text": "Go"}]}, r"buttons\[0\]\.flow_id: "),
    "copy code": ({"buttons": [{"type": "COPY_CODE", "text": "Copy"}]}, r"buttons\[0\]\.example: "),
    "unknown button": (
        {"buttons": [{"type": "CALL", "text": "Call"}]},
        r"buttons\[0\]\.type: .*PHONE_NUMBER",
    ),
    "media url": ({"header_media": {"url": "oss://a/b.jpg"}}, r"header_media\.url: .*http"),
    "name": ({"name": "Promo!"}, "name: "),
    "language": ({"language": "en-US"}, "language: .*en_US"),
    "placeholders with a gap": ({"content": "Hi {{1}}, see {{3}} there"}, "content: "),
}


def with_change(change: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**TEMPLATE, **change}.items() if value is not None}


@pytest.mark.parametrize("fault", BAD_SPECS)
@pytest.mark.parametrize("writer", WRITERS)
def test_a_bad_literal_is_refused_when_the_dag_is_parsed(fault: str, writer: Any) -> None:
    change, message = BAD_SPECS[fault]
    with pytest.raises(TemplateSpecError, match=message):
        writer(task_id="task", template=with_change(change))


def test_everything_wrong_is_said_at_once_with_the_task() -> None:
    template = {
        **TEMPLATE,
        "name": "Promo!",
        "category": "PROMO",
        "buttons": [{"type": "URL", "text": "See"}],
    }
    with pytest.raises(TemplateSpecError) as raised:
        NxlinkCreateTemplateOperator(task_id="campaign", template=template)
    message = str(raised.value)
    assert "campaign" in message
    assert all(f"- {path}: " in message for path in ("name", "category", "buttons[0].url"))


def test_a_bad_literal_beside_what_is_not_known_yet_is_refused_when_the_dag_is_parsed() -> None:
    with pytest.raises(TemplateSpecError, match="category: "):
        NxlinkCreateTemplateOperator(
            task_id="task", template={**TEMPLATE, "content": "{{ params.text }}", "category": "PROMO"}
        )


@pytest.mark.parametrize("fault", BAD_SPECS)
def test_a_template_that_turns_out_bad_fails_at_once_before_anything_is_sent(
    fault: str, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    change, message = BAD_SPECS[fault]
    run = run_task(
        NxlinkCreateTemplateOperator,
        template="{{ params.template }}",
        dag={"params": {"template": with_change(change)}, "render_template_as_native_obj": True},
        retries=1,
    )
    assert (run.state(), run.tries()) == ("failed", 1)
    assert isinstance(run.error(), AirflowFailException)
    with pytest.raises(TemplateSpecError, match=message):
        raise run.error().__cause__ or run.error()
    assert sandbox.received() == []


@pytest.mark.parametrize("template", ["promo", 314, ["a"], None, 1.5])
def test_what_is_no_template_is_refused(
    template: Any, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    run = run_task(
        NxlinkCreateTemplateOperator,
        template="{{ params.template }}",
        dag={"params": {"template": template}, "render_template_as_native_obj": True},
        retries=1,
    )
    assert (run.state(), run.tries()) == ("failed", 1)
    assert isinstance(run.error(), AirflowFailException)
    assert sandbox.received() == []


@pytest.mark.parametrize("template", ["promo", 314, ["a"], None, 1.5])
def test_a_literal_that_is_no_template_is_refused_when_the_dag_is_parsed(template: Any) -> None:
    with pytest.raises(TemplateSpecError):
        NxlinkCreateTemplateOperator(task_id="task", template=template)


def test_less_strict_validation_sends_what_whatsapp_would_refuse(
    sandbox: SandboxServer, execute: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    template = {**TEMPLATE, "footer_text": "x" * 61}
    for validation in ("warn", "off"):
        with pytest.raises(AirflowFailException, match="22072"):
            execute(NxlinkCreateTemplateOperator, template=template, validation=validation)
    with pytest.raises(ValueError, match="validation"):
        execute(NxlinkCreateTemplateOperator, template=template, validation="lax")


def connect(**changes: Any) -> None:
    """Change the connection; a None leaves the field out."""
    connection = {**json.loads(os.environ["AIRFLOW_CONN_NXLINK_DEFAULT"]), **changes}
    kept = {key: value for key, value in connection.items() if value is not None}
    os.environ["AIRFLOW_CONN_NXLINK_DEFAULT"] = json.dumps(kept)


@EACH_OPERATOR
def test_a_connection_with_faults_is_refused_before_anything_is_sent(
    operator: Any, arguments: dict[str, Any], sandbox: SandboxServer, execute: Callable[..., Any]
) -> None:
    connect(login=None, extra={"phone": "x1"})
    with pytest.raises(AirflowFailException, match=r"(?s)login: .*phone: .*tenant_id: ") as raised:
        execute(operator, **arguments)
    assert isinstance(raised.value.__cause__, AccountError)
    assert sandbox.received() == []


@EACH_OPERATOR
def test_a_wrong_secret_says_what_to_check_and_not_the_secret(
    operator: Any,
    arguments: dict[str, Any],
    sandbox: SandboxServer,
    execute: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    connect(password="not-the-secret-8c1f")
    caplog.set_level("DEBUG")
    with pytest.raises(AirflowFailException, match=r"authentication failed \(1003\)") as raised:
        execute(operator, **arguments)
    message = str(raised.value)
    assert sandbox.received()[-1].trace_id in message
    assert "check the connection's password (accessSecret)" in message
    assert isinstance(raised.value.__cause__, errors.NxlinkAuthError)
    assert "not-the-secret" not in message + repr(raised.value.__cause__) + caplog.text


@EACH_OPERATOR
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1001, errors.NxlinkAuthError),
        (1002, errors.NxlinkRequestError),
        (1005, errors.NxlinkAuthError),
        (22016, errors.NxlinkNotConfiguredError),
        (22072, errors.NxlinkRequestError),
        (31337, errors.NxlinkApiError),
    ],
)
def test_a_refusal_that_stays_is_not_retried(
    *, operator: Any, arguments: dict[str, Any], code: int, kind: Any, sandbox: SandboxServer, execute: Any
) -> None:
    sandbox.inject("code", code=code, times=0)
    with pytest.raises(AirflowFailException, match=str(code)) as raised:
        execute(operator, **arguments)
    assert type(raised.value.__cause__) is kind
    assert sandbox.count() == 1


@pytest.mark.parametrize(
    ("kind", "values"),
    [("drop", {}), ("status", {"status": 502, "body": "<html>"}), ("code", {"code": -1})],
    ids=["dropped", "502", "-1"],
)
def test_a_fault_that_may_pass_is_retried_by_airflow(
    kind: str, values: dict[str, Any], sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    sandbox.seed([SEED])
    sandbox.inject(kind, endpoint="update", **values)
    run = run_task(NxlinkUpdateTemplateOperator, template=TEMPLATE, retries=1)
    assert (run.state(), run.tries()) == ("success", 2)
    assert not isinstance(run.errors["task"][0], AirflowFailException)


def test_nxlink_being_away_may_pass(execute: Callable[..., Any], sandbox: SandboxServer) -> None:
    connect(host="http://127.0.0.1:9")
    with pytest.raises(errors.NxlinkTransportError, match=r"127\.0\.0\.1:9") as raised:
        execute(NxlinkListTemplatesOperator)
    assert not raised.value.permanent


def test_a_missing_connection_is_named(run_task: Callable[..., Any]) -> None:
    run = run_task(NxlinkListTemplatesOperator, nxlink_conn_id="nowhere")
    assert run.state() == "failed"
    assert "nowhere" in str(run.error())


def test_another_phone_and_tenant_can_be_given_by_jinja(
    sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    run = run_task(
        NxlinkCreateTemplateOperator,
        template=TEMPLATE,
        phone="{{ params.phone }}",
        tenant_id="{{ params.tenant }}",
        dag={"params": {"phone": "+86 138-0000 0000", "tenant": "1"}},
    )
    assert run.state() == "success"
    (call,) = sandbox.received(endpoint="create")
    assert (call.path, call.json["tenant_id"]) == ("/saas/wa/template/8613800000000", 1)
