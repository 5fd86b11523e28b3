"""Create, update and delete: done once, and known to be done, whatever becomes of the answers."""

import logging

import pytest

from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.errors import (
    NxlinkAuthError,
    NxlinkRateLimitError,
    NxlinkRequestError,
    NxlinkTransportError,
    TemplateExistsError,
)
from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.api.writes import (
    VISIBLE_AFTER,
    create_template,
    delete_template,
    is_gone,
    update_template,
)
from tests.api.conftest import BODY, account_of
from tests.faults.proxy import Fault, FaultProxy

CHANGED = {**BODY, "content": "Changed"}

# The write reached the service, and what it answered did not come back.
DONE_AND_LOST = {
    "dropped": {"kind": "drop", "when": "after"},
    "cut in the middle": {"kind": "truncate"},
    "502": {"kind": "status", "status": 502, "body": "<html>", "when": "after"},
    "empty": {"kind": "status", "status": 200, "when": "after"},
    "-1": {"kind": "code", "code": -1, "when": "after"},
}
# The same seen from the client, but the service did nothing.
LOST = {
    name: {**fault, "when": "before"} for name, fault in DONE_AND_LOST.items() if name != "cut in the middle"
}


@pytest.fixture
def client(sandbox):
    with NxlinkClient(account_of(sandbox.url), attempts=2, sleep=lambda _: None) as client:
        yield client


@pytest.fixture
def live(client, sandbox):
    """A template that is there, as the client sees it."""
    sandbox.switch(edits_per_day=0)
    sandbox.seed([BODY])
    (template,) = client.templates()
    return template


@pytest.fixture
def create(client):
    """Create the template; ``create.pauses`` are the waits made for it to appear."""
    pauses = []

    def create(body=BODY, **arguments):
        return create_template(client, body, sleep=pauses.append, **arguments)

    create.pauses = pauses
    return create


@pytest.mark.parametrize("form", ["null", "int", "string", "object", "template_id", "whole"])
def test_a_create_returns_the_template_as_the_list_has_it(create, sandbox, form):
    sandbox.switch(create=form)

    template = create()

    assert (template.id, template.status_name) == (sandbox.template("promo", "en_US").id, "IN_USE")
    assert template.created_at
    assert create.pauses == [0.0]


@pytest.mark.parametrize("fault", DONE_AND_LOST.values(), ids=DONE_AND_LOST)
def test_a_create_whose_answer_is_lost_finds_its_template(create, sandbox, fault):
    sandbox.inject(endpoint="create", **fault)

    template = create()

    assert template.id == sandbox.template("promo", "en_US").id
    assert sandbox.count("create") == 1


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_a_create_that_did_not_arrive_says_that_its_outcome_is_open(create, sandbox, fault):
    sandbox.inject(endpoint="create", **fault)

    with pytest.raises(NxlinkTransportError, match="create template") as caught:
        create()

    assert caught.value.outcome_unknown
    assert (sandbox.count("create"), sandbox.count("list")) == (1, len(VISIBLE_AFTER))
    assert create.pauses == list(VISIBLE_AFTER)


def test_a_create_waits_for_its_template_to_appear(client, sandbox):
    sandbox.switch(create="null", visible_after=3)

    template = create_template(client, BODY, sleep=sandbox.clock.advance)

    assert template.id == sandbox.template("promo", "en_US").id
    assert sandbox.count("list") == 3


def test_a_create_returns_what_is_known_where_the_list_shows_nothing(create, sandbox):
    sandbox.switch(visible_after=60)

    template = create()

    assert template.id == sandbox.template("promo", "en_US").id
    assert (template.name, template.language, template.content, template.status) == (
        "promo",
        "en_US",
        "Hello",
        None,
    )
    assert create.pauses == [0.0]


def test_a_create_returns_no_id_where_nothing_gives_one(create, sandbox):
    sandbox.switch(create="null", visible_after=60)
    assert create().id is None
    assert create.pauses == list(VISIBLE_AFTER)


def test_a_create_can_be_left_unread(create, sandbox):
    template = create(read_back=False)
    assert (template.id, template.status) == (sandbox.template("promo", "en_US").id, None)
    assert sandbox.count("list") == 0


@pytest.mark.parametrize("read_back", [True, False])
def test_a_lost_answer_is_looked_up_even_where_nothing_is_read_back(create, sandbox, read_back):
    sandbox.inject("drop", endpoint="create", when="after")
    assert create(read_back=read_back).id == sandbox.template("promo", "en_US").id


def test_a_create_of_what_is_there_says_what_it_is(create, sandbox):
    (template_id,) = sandbox.seed([{**BODY, "status": 0}])

    with pytest.raises(
        TemplateExistsError, match=rf"promo \(en_US\) exists already: id {template_id}.*REJECTED"
    ) as caught:
        create()

    assert caught.value.template.id == template_id
    assert caught.value.permanent


def test_a_create_that_is_refused_is_refused(create, sandbox):
    with pytest.raises(NxlinkRequestError, match="22072"):
        create({**BODY, "category_type": 9})
    assert create.pauses == [0.0]


@pytest.mark.parametrize("status", [14, None])
def test_a_deleted_template_of_that_name_does_not_count_as_there(create, sandbox, status):
    sandbox.switch(keep_deleted=True)
    sandbox.seed([{**BODY, "status": 9 if status is None else status}])

    with pytest.raises(NxlinkRequestError if status else TemplateExistsError):
        create({**BODY, "category_type": 9})


def test_a_lost_create_whose_lookup_fails_too_keeps_its_outcome_open(create, sandbox):
    sandbox.inject("drop", endpoint="create", when="after")
    sandbox.inject("status", endpoint="list", status=503, times=0)

    with pytest.raises(NxlinkTransportError, match="create template") as caught:
        create()

    assert caught.value.outcome_unknown
    assert "list templates" in str(caught.value.__cause__)


def test_a_create_that_is_done_is_done_though_the_list_fails(create, sandbox):
    sandbox.inject("status", endpoint="list", status=503, times=0)

    template = create()

    assert (template.id, template.name) == (sandbox.template("promo", "en_US").id, "promo")


def test_a_create_without_id_lets_the_lists_failure_through(create, sandbox):
    sandbox.switch(create="null")
    sandbox.inject("status", endpoint="list", status=503, times=0)

    with pytest.raises(NxlinkTransportError, match="list templates") as caught:
        create()

    assert not caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "code", "code": 1003}, NxlinkAuthError),
        ({"kind": "status", "status": 429}, NxlinkRateLimitError),
    ],
)
def test_a_refusal_that_is_no_question_of_the_template_is_not_looked_up(client, sandbox, live, fault, kind):
    for write in (
        lambda: create_template(client, BODY),
        lambda: update_template(client, CHANGED, live, lambda _: True),
        lambda: delete_template(client, live),
    ):
        sandbox.inject(**fault)
        with pytest.raises(kind):
            write()
    assert sandbox.count("list") == 1


def test_a_write_that_certainly_did_nothing_is_not_looked_up(client, live):
    with NxlinkClient(account_of("http://127.0.0.1:1"), attempts=1) as nowhere:
        for write in (
            lambda: create_template(nowhere, BODY),
            lambda: update_template(nowhere, CHANGED, live, lambda _: True),
            lambda: delete_template(nowhere, live),
        ):
            with pytest.raises(NxlinkTransportError, match=r"(create|update|delete) template") as caught:
                write()
            assert not caught.value.outcome_unknown


def same(template):
    return template.content == "Changed"


def test_an_update_returns_what_the_list_has(client, sandbox, live):
    updated = update_template(client, CHANGED, live, same)
    assert (updated.id, updated.content, updated.status_name) == (live.id, "Changed", "IN_USE")


def test_an_update_can_be_left_unread(client, sandbox, live):
    updated = update_template(client, CHANGED, live, same, read_back=False)
    assert (updated.id, updated.content, updated.status) == (live.id, "Changed", None)
    assert sandbox.count("list") == 1


def test_an_update_that_is_done_is_done_though_the_list_fails(client, sandbox, live):
    sandbox.inject("status", endpoint="list", status=503, times=0)
    updated = update_template(client, CHANGED, live, same)
    assert (updated.id, updated.content, updated.status) == (live.id, "Changed", None)


@pytest.mark.parametrize("fault", DONE_AND_LOST.values(), ids=DONE_AND_LOST)
def test_an_update_whose_answer_is_lost_sees_that_it_is_done(client, sandbox, live, fault):
    sandbox.inject(endpoint="update", **fault)

    updated = update_template(client, CHANGED, live, same)

    assert updated.content == "Changed"
    assert sandbox.count("update") == 1


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_an_update_that_did_not_arrive_says_that_its_outcome_is_open(client, sandbox, live, fault):
    sandbox.inject(endpoint="update", **fault)

    with pytest.raises(NxlinkTransportError, match="update template") as caught:
        update_template(client, CHANGED, live, same)

    assert caught.value.outcome_unknown
    assert sandbox.count("update") == 1


@pytest.mark.parametrize("fault", DONE_AND_LOST.values(), ids=DONE_AND_LOST)
@pytest.mark.parametrize("pending", [0, 60])
def test_a_delete_whose_answer_is_lost_sees_that_it_is_done(client, sandbox, live, fault, pending):
    sandbox.switch(delete_after=pending)
    sandbox.inject(endpoint="delete", **fault)

    delete_template(client, live)

    assert sandbox.count("delete") == 1
    assert (sandbox.template("promo", "en_US") is None) is (pending == 0)


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_a_delete_that_did_not_arrive_says_that_its_outcome_is_open(client, sandbox, live, fault):
    sandbox.inject(endpoint="delete", **fault)

    with pytest.raises(NxlinkTransportError, match="delete template") as caught:
        delete_template(client, live)

    assert caught.value.outcome_unknown
    assert sandbox.count("delete") == 1


@pytest.mark.parametrize(
    ("write", "endpoint"),
    [
        (lambda client, live: update_template(client, CHANGED, live, same), "update"),
        (delete_template, "delete"),
    ],
    ids=["update", "delete"],
)
def test_a_lost_write_whose_lookup_fails_too_keeps_its_outcome_open(client, sandbox, live, write, endpoint):
    sandbox.inject("drop", endpoint=endpoint, when="after")
    sandbox.inject("status", endpoint="list", status=503, times=0)

    with pytest.raises(NxlinkTransportError, match=f"{endpoint} template") as caught:
        write(client, live)

    assert caught.value.outcome_unknown


def test_a_delete_of_what_is_gone_is_content(client, sandbox, live):
    delete_template(client, live)
    delete_template(client, live)
    assert [call.code for call in sandbox.received(endpoint="delete")] == [0, 22072]


def test_a_delete_that_is_refused_is_refused(client, sandbox, live):
    sandbox.set_status("promo", "en_US", 6)  # Meta: a disabled template cannot be deleted
    with pytest.raises(NxlinkRequestError, match="22072"):
        delete_template(client, live)


def test_a_template_without_id_can_not_be_deleted(client, sandbox):
    with pytest.raises(ValueError, match=r"promo \(en_US\) has no id"):
        delete_template(client, Template.model_validate(BODY))
    assert sandbox.count() == 0


@pytest.mark.parametrize(
    ("status", "gone"), [(None, False), (0, False), (1, False), (2, False), (9, True), (14, True)]
)
def test_gone_is_deleted_or_about_to_be(status, gone):
    assert is_gone(Template.model_validate({"status": status})) is gone
    assert is_gone(None)


@pytest.fixture
def told(caplog):
    """Return the warnings of writes so far."""
    caplog.set_level(logging.WARNING, "airflow_provider_nxlink.api.writes")
    return lambda: [text for name, _, text in caplog.record_tuples if name.endswith(".writes")]


LOOKING = "NXLink may have carried it out: look before sending it again. Looking template promo (en_US) up"


def test_a_write_whose_answer_is_lost_is_told(client, sandbox, live, told):
    for write, endpoint, outcome in (
        (lambda: update_template(client, CHANGED, live, same), "update", []),
        (lambda: delete_template(client, live), "delete", ["template promo (en_US) is gone"]),
        (lambda: create_template(client, BODY, sleep=lambda _: None), "create", []),
    ):
        sandbox.switch(name_lock_days=0)
        sandbox.inject("drop", endpoint=endpoint, when="after")
        before = len(told())
        write()
        lost, *more = told()[before:]
        assert lost.startswith(f"{endpoint} template: http")
        assert lost.endswith(LOOKING)
        assert more == outcome


@pytest.mark.parametrize("done", ["created", "updated"])
def test_a_write_that_can_not_be_read_back_is_told(client, sandbox, told, done):
    if done == "updated":
        sandbox.switch(edits_per_day=0)
        sandbox.seed([BODY])
    before = next(client.templates(), None)
    sandbox.inject("status", endpoint="list", status=503, times=0)

    if before:
        update_template(client, CHANGED, before, same)
    else:
        create_template(client, BODY, sleep=lambda _: None)

    (text,) = told()
    start = f"template promo (en_US) is {done}, but can't be read back: list templates: HTTP 503, "
    assert text.startswith(start)


@pytest.mark.parametrize("seed", range(5))
def test_a_lifecycle_through_faults_by_dice_leaves_one_template_and_then_none(sandbox, seed):
    """Each step is tried again as a task would be; the next try finds what the one before has done."""
    sandbox.switch(edits_per_day=0, name_lock_days=0)
    with FaultProxy(sandbox.url, seed=seed, rate=0.4) as proxy:
        client = NxlinkClient(account_of(proxy.url), attempts=10, sleep=lambda _: None)

        created = tries(lambda: create_template(client, BODY, sleep=lambda _: None))
        updated = tries(lambda: update_template(client, CHANGED, created, same))
        tries(lambda: delete_template(client, updated))
        client.close()

    assert updated.id == created.id
    assert sandbox.template("promo", "en_US") is None
    done = [
        call.code
        for endpoint in ("create", "update", "delete")
        for call in sandbox.received(endpoint=endpoint)
    ]
    assert done == [0, 0, 0]
    assert proxy.met


def tries(step):
    for _ in range(20):
        try:
            return step()
        except NxlinkTransportError as error:
            if not error.outcome_unknown:
                raise
    raise AssertionError("20 tries were not enough")


@pytest.mark.parametrize("fault", [Fault("reset", "answer"), Fault("cut", "answer", after=30)])
def test_a_create_through_a_proxy_that_loses_its_answer_is_made_once(sandbox, fault):
    with (
        FaultProxy(sandbox.url) as proxy,
        NxlinkClient(account_of(proxy.url), sleep=lambda _: None) as client,
    ):
        proxy.order(fault)
        template = create_template(client, BODY)

    assert template.id == sandbox.template("promo", "en_US").id
    assert sandbox.count("create") == 1
