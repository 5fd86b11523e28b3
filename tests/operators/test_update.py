"""Replacing a template, whole."""

from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_nxlink.api.errors import NxlinkTransportError, TemplateNotFoundError
from airflow_provider_nxlink.operators.template import NxlinkUpdateTemplateOperator
from airflow_provider_nxlink.sandbox.server import SandboxServer

TEMPLATE = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello again"}
SEED = {
    "name": "promo",
    "language": "en_US",
    "category_type": 1,
    "content": "Hello there",
    "footerText": "An old footer",
}

Execute = Callable[..., Any]


def update(execute: Execute, **arguments: Any) -> Any:
    return execute(NxlinkUpdateTemplateOperator, **{"template": TEMPLATE, **arguments})


def test_what_is_left_out_is_removed(sandbox: SandboxServer, execute: Execute) -> None:
    (number,) = sandbox.seed([SEED])
    returned = update(execute)
    assert (returned["id"], returned["content"], returned["status"]) == (number, "Hello again", 2)
    assert "footerText" not in sandbox.template("promo", "en_US").body


def test_the_status_it_was_in_is_told(
    sandbox: SandboxServer, execute: Execute, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.seed([{**SEED, "status": 0}])
    with caplog.at_level("INFO"):
        update(execute)
    assert "promo (en_US) is REJECTED (0)" in caplog.text


def test_an_absent_template_is_refused_and_the_way_out_told(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.seed([{**SEED, "language": "de"}])
    with pytest.raises(AirflowFailException, match=r"promo \(en_US\): nothing to update.*create") as failure:
        update(execute)
    assert isinstance(failure.value.__cause__, TemplateNotFoundError)
    assert sandbox.count("update") == 0


def test_a_deleted_template_is_refused_and_its_status_told(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(keep_deleted=True)
    sandbox.seed([SEED])
    sandbox.set_status("promo", "en_US", 14)
    with pytest.raises(AirflowFailException, match="it is deleted"):
        update(execute)


@pytest.mark.parametrize(("status", "name"), [(1, "PENDING"), (3, "APPEALED"), (12, "EXCEEDED_LIMIT")])
def test_a_refusal_says_what_status_the_template_was_in(
    status: int, name: str, sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.seed([{**SEED, "status": status}])
    with pytest.raises(AirflowFailException, match=rf"22072.*promo \(en_US\), which was {name} \({status}\)"):
        update(execute)


@pytest.mark.parametrize(
    "change",
    [
        {"content": "Hello again"},
        {"footer_text": "A new footer"},
        {"header_text": "A new header"},
        {"buttons": [{"type": "QUICK_REPLY", "text": "Stop"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_lost_answer_is_no_failure(
    change: dict[str, Any], sandbox: SandboxServer, execute: Execute
) -> None:
    (number,) = sandbox.seed([SEED])
    sandbox.inject("drop", endpoint="update", when="after")
    template = {**TEMPLATE, "content": "Hello there", **change}
    returned = update(execute, template=template)
    assert (returned["id"], returned["content"]) == (number, template["content"])
    assert sandbox.count("update") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"content": "Hello again"},
        {"footer_text": "A new footer"},
        {"header_text": "A new header"},
        {"buttons": [{"type": "QUICK_REPLY", "text": "Stop"}]},
        {},
    ],
    ids=lambda change: next(iter(change), "a field left out"),
)
def test_a_request_that_got_lost_is_retried_by_airflow_and_done(
    change: dict[str, Any], sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    sandbox.seed([SEED])
    sandbox.inject("drop", endpoint="update", when="before")
    template = {**TEMPLATE, "content": "Hello there", **change}
    run = run_task(NxlinkUpdateTemplateOperator, template=template, retries=1)
    assert (run.state(), run.tries()) == ("success", 2)
    assert isinstance(run.errors["task"][0], NxlinkTransportError)
    kept = sandbox.template("promo", "en_US").body
    assert kept == sandbox.received(endpoint="update")[-1].json
    assert kept["content"] == template["content"]


def test_a_later_try_sends_nothing_when_an_earlier_one_did_it(
    sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    """A second edit of an approved template within 24 hours would be refused."""
    sandbox.seed([SEED])
    sandbox.inject("drop", endpoint="update", when="after")
    sandbox.inject("status", endpoint="list", status=503, skip=1, times=4)
    run = run_task(NxlinkUpdateTemplateOperator, template=TEMPLATE, retries=1)
    assert (run.state(), run.tries()) == ("success", 2)
    assert sandbox.count("update") == 1
    assert run.value()["content"] == "Hello again"


NEW_PICTURE = {**TEMPLATE, "content": "Hello there", "header_media": {"media_id": "2", "media_type": "IMAGE"}}
OLD_PICTURE = {**SEED, "mediaId": "1", "mediaType": "IMAGE"}
del OLD_PICTURE["footerText"]


def test_a_later_try_sends_again_what_nxlink_would_not_show(sandbox: SandboxServer, execute: Execute) -> None:
    """Which picture a template has cannot be read."""
    sandbox.seed([OLD_PICTURE])
    update(execute, template=NEW_PICTURE, try_number=2)
    assert sandbox.template("promo", "en_US").body["mediaId"] == "2"


def test_a_review_under_way_tells_that_an_earlier_try_did_it(
    sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.switch(approve_after=60)
    sandbox.seed([OLD_PICTURE])
    sandbox.inject("drop", endpoint="update", when="after")
    assert update(execute, template=NEW_PICTURE)["status_name"] == "PENDING"
    assert update(execute, template=NEW_PICTURE, try_number=2)["status_name"] == "PENDING"
    assert sandbox.count("update") == 1


def test_a_review_of_something_else_is_no_sign_of_an_earlier_try(
    sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.seed([{**SEED, "status": 1}])
    with pytest.raises(AirflowFailException, match="22072"):
        update(execute, try_number=2)
