"""Creating a template: once, whatever happens to the answer."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_nxlink.api.errors import NxlinkTransportError, TemplateExistsError
from airflow_provider_nxlink.operators.template import NxlinkCreateTemplateOperator
from airflow_provider_nxlink.sandbox.server import SandboxServer

TEMPLATE = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello there"}
SEED = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello there"}
OTHER = {**SEED, "content": "Somebody else's"}

Execute = Callable[..., Any]

LOST = [("drop", {}), ("truncate", {}), ("status", {"status": 502, "body": "<html>"}), ("code", {"code": -1})]


def create(execute: Execute, **arguments: Any) -> Any:
    return execute(NxlinkCreateTemplateOperator, **{"template": TEMPLATE, **arguments})


def test_an_existing_template_is_a_failure_that_says_what_is_there(
    sandbox: SandboxServer, execute: Execute
) -> None:
    (number,) = sandbox.seed([SEED])
    with pytest.raises(
        AirflowFailException, match=rf"promo \(en_US\) exists.* id {number}.*IN_USE"
    ) as raised:
        create(execute)
    assert isinstance(raised.value.__cause__, TemplateExistsError)
    assert 'if_exists="skip"' in str(raised.value)
    assert sandbox.count("create") == 0


def test_an_existing_template_can_be_taken_as_it_is(sandbox: SandboxServer, execute: Execute) -> None:
    (number,) = sandbox.seed([OTHER])
    returned = create(execute, if_exists="skip")
    assert (returned["id"], returned["content"]) == (number, "Somebody else's")
    assert sandbox.count("create") == 0


def test_the_same_name_in_another_language_is_another_template(
    sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.seed([{**SEED, "language": "de"}, {**SEED, "name": "promo_2"}])
    assert create(execute)["language"] == "en_US"
    assert sandbox.count("create") == 1


def test_a_deleted_template_is_no_template(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.switch(keep_deleted=True, name_lock_days=0)
    (old,) = sandbox.seed([SEED])
    sandbox.set_status("promo", "en_US", 14)
    assert create(execute)["id"] != old


def test_if_exists_takes_fail_and_skip(execute: Execute) -> None:
    with pytest.raises(ValueError, match="if_exists: 'update' is neither 'fail' nor 'skip'"):
        create(execute, if_exists="update")


@pytest.mark.parametrize(("kind", "values"), LOST, ids=[kind for kind, _ in LOST])
@pytest.mark.parametrize("if_exists", ["fail", "skip"])
def test_a_lost_answer_gives_the_template_and_there_is_one(
    kind: str, values: dict[str, Any], if_exists: str, sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.inject(kind, endpoint="create", when="after", **values)
    returned = create(execute, if_exists=if_exists)
    assert returned["id"] == sandbox.template("promo", "en_US").id
    assert sandbox.count("create") == 1


def test_a_lost_answer_is_no_failure_when_the_list_shows_the_template_only_later(
    sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.switch(visible_after=1.5)
    sandbox.inject("drop", endpoint="create", when="after")
    assert create(execute)["id"] == sandbox.template("promo", "en_US").id
    assert sandbox.count("create") == 1


def test_a_request_that_got_lost_is_retried_by_airflow_and_creates_once(
    sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    sandbox.inject("drop", endpoint="create", when="before")
    run = run_task(NxlinkCreateTemplateOperator, template=TEMPLATE, retries=1)
    assert (run.state(), run.tries()) == ("success", 2)
    (first,) = run.errors["task"]
    assert isinstance(first, NxlinkTransportError)
    assert first.outcome_unknown
    assert run.value()["id"] == sandbox.template("promo", "en_US").id


def test_a_later_try_finds_what_an_earlier_one_made(
    sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    """The answer is lost, and so is every answer to the look-ups that follow it in the first try."""
    sandbox.inject("drop", endpoint="create", when="after")
    sandbox.inject("status", endpoint="list", status=503, skip=1, times=4)
    run = run_task(NxlinkCreateTemplateOperator, template=TEMPLATE, retries=1)
    assert (run.state(), run.tries()) == ("success", 2)
    assert run.value()["id"] == sandbox.template("promo", "en_US").id
    assert sandbox.count("create") == 1


def test_a_cleared_task_finds_what_it_made_before(sandbox: SandboxServer, execute: Execute) -> None:
    made = create(execute)
    assert create(execute, try_number=2)["id"] == made["id"]
    assert sandbox.count("create") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"content": "Somebody else's"},
        {"footerText": "Their footer"},
        {"headerText": "Their header"},
        {"buttonComponents": [{"type": "QUICK_REPLY", "text": "Theirs"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_later_try_does_not_take_somebody_elses_template_for_its_own(
    change: dict[str, Any], sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.seed([{**SEED, **change}])
    with pytest.raises(AirflowFailException, match="exists already"):
        create(execute, try_number=2)


@pytest.mark.parametrize("details", ["A", "B"])
def test_a_later_try_knows_its_own_by_what_nxlink_keeps_of_it(
    details: str, sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.switch(details=details, whitespace="changed", review=["*=recategorize:UTILITY"])
    template = {
        **TEMPLATE,
        "content": "Hello\nthere ",
        "footer_text": "A footer",
        "header_media": {"url": "https://shop.example/spring.jpg"},
        "buttons": [{"type": "URL", "text": "See", "url": "https://x.io/{{1}}", "example": "https://x.io/1"}],
    }
    made = create(execute, template=template)
    assert made["category"] == "UTILITY"
    assert create(execute, template=template, try_number=2)["id"] == made["id"]
    assert sandbox.count("create") == 1


def test_a_first_try_does_not_take_an_equal_template_for_its_own(
    sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.seed([SEED])
    with pytest.raises(AirflowFailException, match="exists already"):
        create(execute, try_number=1)


def test_two_runs_at_once_make_one_template(sandbox: SandboxServer, execute: Execute) -> None:
    """Both look before either creates, as what the list says takes a while to arrive."""
    ends: list[Any] = []

    def one(if_exists: str) -> None:
        try:
            ends.append(create(execute, if_exists=if_exists)["id"])
        except AirflowFailException as error:
            ends.append(error.__cause__)

    for if_exists in ("skip", "fail"):
        ends.clear()
        sandbox.reset()
        sandbox.inject("latency", endpoint="list", seconds=0.3, times=2, when="after")
        threads = [threading.Thread(target=one, args=[if_exists]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        number = sandbox.template("promo", "en_US").id
        assert sandbox.count("create") == 2
        if if_exists == "skip":
            assert ends == [number, number]
        else:
            assert number in ends
            assert any(isinstance(end, TemplateExistsError) for end in ends)


def test_a_name_that_is_locked_after_a_deletion_fails_with_nxlinks_own_words(
    sandbox: SandboxServer, execute: Execute
) -> None:
    sandbox.seed([SEED])
    sandbox.set_status("promo", "en_US", 2)
    template = sandbox.template("promo", "en_US")
    sandbox.state.lock_name(template, sandbox.clock.now() + 1000)
    sandbox.set_status("promo", "en_US", 14)
    with pytest.raises(AirflowFailException, match=r"22072.*locked.*traceId [0-9a-f]{32}"):
        create(execute)
