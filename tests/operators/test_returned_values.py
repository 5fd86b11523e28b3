"""What operators return: the same plain JSON, in whatever shape NXLink answers."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

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
from airflow_provider_nxlink.sandbox.settings import SHAPES
from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor

TEMPLATE = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello there"}
SEED = {
    "name": "promo",
    "language": "en_US",
    "category_type": 1,
    "content": "Hello there",
    "buttonComponents": [{"type": "QUICK_REPLY", "text": "Stop"}],
    "mediaType": "IMAGE",
    "mediaId": "1",
    "mediaName": "a.png",
}
KEYS = {
    "id",
    "name",
    "language",
    "status",
    "status_name",
    "category",
    "content",
    "quality",
    "rejected_reason",
    "created_at",
    "updated_at",
}
FORMS = [(shape, form) for shape, forms in SHAPES.items() for form in forms]
# Texts come back as NXLink has them, which need not be as they were sent.
NBSP = "\u00a0"
CHANGED_TEXTS: dict[tuple[str, str], Callable[[str], str]] = {
    ("whitespace", "nbsp"): lambda text: text.replace(" ", NBSP),
    ("stored", "cut"): lambda text: text[:-1],
    ("stored", "suffixed"): lambda text: f"{text} *",
}


def returned_text(shape: str, form: str, text: str) -> str:
    """Return the content that the list has of a template that was sent with ``text``."""
    return CHANGED_TEXTS.get((shape, form), str)(text)


def status_of(shape: str, form: str) -> int | None:
    """Return the status of a template in use as the list has it."""
    return None if (shape, form) == ("status", "missing") else 2


def execute(operator: Any, **arguments: Any) -> Any:
    """Execute an operator that has nothing to render, and return what XCom would keep."""
    returned = operator(task_id="task", **arguments).execute({})
    assert json.loads(json.dumps(returned)) == returned
    return returned


@pytest.mark.parametrize(("shape", "form"), FORMS)
def test_create_returns_the_template(shape: str, form: str, sandbox: SandboxServer) -> None:
    sandbox.switch(**{shape: form})
    returned = execute(NxlinkCreateTemplateOperator, template=TEMPLATE)
    assert set(returned) == KEYS
    assert returned["id"] == sandbox.template("promo", "en_US").id
    assert (returned["name"], returned["language"], returned["category"]) == ("promo", "en_US", "MARKETING")
    assert returned["content"] == returned_text(shape, form, "Hello there")
    status = status_of(shape, form)
    assert (returned["status"], returned["status_name"]) == (
        status,
        "UNKNOWN" if status is None else "IN_USE",
    )


@pytest.mark.parametrize(("shape", "form"), FORMS)
def test_update_returns_the_template(shape: str, form: str, sandbox: SandboxServer) -> None:
    sandbox.switch(**{shape: form})
    (number,) = sandbox.seed([SEED])
    returned = execute(NxlinkUpdateTemplateOperator, template={**TEMPLATE, "content": "Hello again"})
    assert set(returned) == KEYS
    assert (returned["id"], returned["content"]) == (number, returned_text(shape, form, "Hello again"))


@pytest.mark.parametrize(("shape", "form"), FORMS)
@pytest.mark.parametrize("by", ["id", "name"])
def test_delete_returns_what_was_deleted(shape: str, form: str, by: str, sandbox: SandboxServer) -> None:
    sandbox.switch(**{shape: form})
    (number,) = sandbox.seed([SEED])
    template = number if by == "id" else {"name": "promo", "language": "en_US"}
    returned = execute(NxlinkDeleteTemplateOperator, template=template)
    assert returned == {"id": number, "name": "promo", "language": "en_US", "deleted": True}
    assert sandbox.template("promo", "en_US") is None


@pytest.mark.parametrize(("shape", "form"), FORMS)
@pytest.mark.parametrize("by", ["id", "name"])
def test_get_returns_the_template_with_its_parts(
    shape: str, form: str, by: str, sandbox: SandboxServer
) -> None:
    sandbox.switch(**{shape: form})
    (number,) = sandbox.seed([SEED])
    template = number if by == "id" else {"name": "promo", "language": "en_US"}
    returned = execute(NxlinkGetTemplateOperator, template=template)
    parts = "buttons" if (shape, form) == ("details", "B") else "components"
    assert set(returned) == KEYS | {parts}
    assert (returned["id"], returned["name"], returned["language"]) == (number, "promo", "en_US")
    # What is put there directly is not stored differently; only how it is shown varies.
    shown = "Hello there" if shape == "stored" else returned_text(shape, form, "Hello there")
    assert returned["content"] == shown
    assert returned["status"] == status_of(shape, form)
    assert "Signature" not in json.dumps(returned)


@pytest.mark.parametrize(("shape", "form"), FORMS)
def test_list_returns_every_template_once(shape: str, form: str, sandbox: SandboxServer) -> None:
    sandbox.switch(**{shape: form})
    numbers = sandbox.seed([{**SEED, "name": f"promo_{number}"} for number in range(120)])
    returned = execute(NxlinkListTemplatesOperator)
    assert sorted(template["id"] for template in returned) == sorted(numbers)
    assert all(set(template) == KEYS for template in returned)


@pytest.mark.parametrize(("shape", "form"), FORMS)
def test_list_of_nothing_is_an_empty_list(shape: str, form: str, sandbox: SandboxServer) -> None:
    sandbox.switch(**{shape: form})
    assert execute(NxlinkListTemplatesOperator) == []


@pytest.mark.parametrize(("shape", "form"), FORMS)
def test_upload_returns_what_header_media_takes(shape: str, form: str, sandbox: SandboxServer) -> None:
    sandbox.switch(**{shape: form})
    returned = execute(NxlinkUploadMediaOperator, media_url="https://shop.example/spring.jpg?Signature=abc")
    assert set(returned) == {"media_id", "original_filename", "media_type", "h", "url"}
    assert (returned["media_type"], returned["original_filename"]) == ("IMAGE", "spring.jpg")
    assert (returned["h"] is None) == (form == "without_h")
    assert "?" not in returned["url"]
    execute(NxlinkCreateTemplateOperator, template={**TEMPLATE, "header_media": returned})
    assert sandbox.received(endpoint="create")[0].json["mediaId"] == returned["media_id"]


@pytest.mark.parametrize(("shape", "form"), FORMS)
def test_flows_come_with_these_keys(shape: str, form: str, sandbox: SandboxServer) -> None:
    sandbox.switch(**{shape: form})
    (flow,) = execute(NxlinkListFlowsOperator)
    assert {"id", "name", "status", "categories", "published"} <= set(flow)
    assert (flow["id"], flow["status"], flow["published"]) == ("470341793809141", "DRAFT", False)


@pytest.mark.parametrize(("shape", "form"), [pair for pair in FORMS if pair[1] != "missing"])
def test_sensor_returns_the_template(shape: str, form: str, sandbox: SandboxServer) -> None:
    sandbox.switch(**{shape: form})
    sandbox.seed([SEED])
    returned = execute(NxlinkTemplateSensor, template={"name": "promo", "language": "en_US"})
    assert set(returned) == KEYS
    assert returned["status_name"] == "IN_USE"


def test_flows_can_be_chosen_by_status(sandbox: SandboxServer) -> None:
    sandbox.add_references(flows=[{"id": "7", "status": "PUBLISHED", "published": True}])
    assert [flow["id"] for flow in execute(NxlinkListFlowsOperator, status="published")] == ["7"]
    assert len(execute(NxlinkListFlowsOperator)) == 2


def test_list_can_be_narrowed_to_a_name_and_statuses(sandbox: SandboxServer) -> None:
    sandbox.seed(
        [
            {**SEED, "status": 0, "waRejectedReason": "SPAM"},
            {**SEED, "language": "de"},
            {**SEED, "name": "promo_2"},
        ]
    )
    by_name = execute(NxlinkListTemplatesOperator, name="promo")
    assert {template["language"] for template in by_name} == {"en_US", "de"}
    (rejected,) = execute(NxlinkListTemplatesOperator, statuses=["rejected"])
    assert (rejected["status_name"], rejected["rejected_reason"]) == ("REJECTED", "SPAM")
    assert len(execute(NxlinkListTemplatesOperator, name="promo", statuses=[2, "REJECTED"])) == 2


@pytest.mark.parametrize("statuses", ["approved", ["in use"], [2, "x"]])
def test_list_refuses_a_status_that_is_none(statuses: Any, sandbox: SandboxServer) -> None:
    with pytest.raises(AirflowFailException, match=r"statuses: .*IN_USE"):
        execute(NxlinkListTemplatesOperator, statuses=statuses)
    assert sandbox.received() == []


def test_what_a_task_returned_comes_back_from_xcom_unchanged(
    sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    run = run_task(NxlinkCreateTemplateOperator, template=TEMPLATE)
    assert run.value() == execute(NxlinkListTemplatesOperator)[0]
