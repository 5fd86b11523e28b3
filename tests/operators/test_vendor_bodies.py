"""The four request bodies of the vendor's page, given to the operator as they stand there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_nxlink.operators.template import NxlinkCreateTemplateOperator
from airflow_provider_nxlink.sandbox.server import SandboxServer

DATA = Path(__file__).parent.parent / "data"

# What is not sent: an empty text of the page's tables means "not given", and the tenant is the connection's.
NOT_SENT = {"tenant_id ": 123, "tenant_id": 1, "headerText": "", "templateMediaId": ""}


def given(number: int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((DATA / f"vendor_request_{number}.raw.json").read_text())
    return body


def expected(number: int) -> dict[str, Any]:
    body = {key: value for key, value in given(number).items() if NOT_SENT.get(key) != value}
    return {**body, "tenant_id": 123}


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_arrives_whole_under_a_verified_signature(
    number: int, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    run = run_task(NxlinkCreateTemplateOperator, template=given(number))
    assert run.state() == "success"
    (call,) = sandbox.received(endpoint="create")
    assert (call.verified, call.code) == (True, 0)
    assert call.json == expected(number)
    assert json.dumps(call.json, ensure_ascii=False, separators=(",", ":")) == call.body
    assert (run.value()["name"], run.value()["language"]) == (call.json["name"], call.json["language"])


@pytest.mark.parametrize("number", [1, 4])
def test_arrives_the_same_from_a_file(
    number: int, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    dag = {"template_searchpath": [str(DATA)]}
    run = run_task(NxlinkCreateTemplateOperator, dag=dag, template=f"vendor_request_{number}.raw.json")
    assert run.state() == "success"
    (call,) = sandbox.received(endpoint="create")
    assert call.json == expected(number)


def test_the_tenant_of_a_body_is_ignored_and_said_so(
    sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    run = run_task(NxlinkCreateTemplateOperator, template=given(3))
    assert sandbox.received(endpoint="create")[0].json["tenant_id"] == 123
    assert "tenant_id: is ignored" in run.log
