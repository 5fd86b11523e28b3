"""Reviews, edits, deletions: what becomes of a template, and what Meta forbids along the way."""

import pytest

from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sandbox.settings import Account

DAY = 24 * 3600
REJECTED, PENDING, IN_USE, APPEALED, UNAVAILABLE = 0, 1, 2, 3, 6
PENDING_DELETION, PAUSED, EXCEEDED_LIMIT, DELETED = 9, 11, 12, 14


@pytest.fixture
def status(client):
    """Return the listed template's status and reason."""

    def read():
        [row] = client.rows()
        return row["status"], row["waRejectedReason"]

    return read


def test_a_review_takes_approve_after_seconds(client, sandbox, status):
    sandbox.switch(approve_after=60)
    client.create()

    sandbox.clock.advance(55)
    assert status() == (PENDING, "")
    sandbox.clock.advance(10)
    assert status() == (IN_USE, "")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("promo=reject:SPAM: twice", (REJECTED, "SPAM: twice")),
        ("pro*=reject", (REJECTED, "INVALID_FORMAT")),
        ("*=appeal", (APPEALED, "")),
        ("*=pause", (PAUSED, "")),
        ("*=unavailable", (UNAVAILABLE, "")),
        ("*=exceeded", (EXCEEDED_LIMIT, "")),
        ("*=never", (PENDING, "")),
        ("other=reject", (IN_USE, "")),
        ("promo/en_US=reject:SPAM", (REJECTED, "SPAM")),
        ("pro*/en*=reject:a/b=c", (REJECTED, "a/b=c")),
        ("*/de=reject", (IN_USE, "")),
        ("promo/en=reject", (IN_USE, "")),
        ("other/en_US=reject", (IN_USE, "")),
    ],
)
def test_a_rule_decides_by_name(client, sandbox, status, rule, expected):
    sandbox.switch(review=[rule])
    client.create()
    assert status() == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("will_reject_it", REJECTED),
        ("appeal_1", APPEALED),
        ("pause", PAUSED),
        ("never_ends", PENDING),
        ("unavailable", UNAVAILABLE),
        ("exceeded", EXCEEDED_LIMIT),
    ],
)
def test_some_names_are_reviewed_so_without_a_rule(client, status, name, expected):
    client.create(name=name)
    assert status()[0] == expected


def test_rules_by_language_decide_each_translation(client, sandbox):
    sandbox.switch(review=["promo/en_US=reject:SPAM", "promo/d?=pause", "promo=approve"])
    for language in ("en_US", "de", "fr"):
        client.create(language=language)
    assert {row["language"]: row["status"] for row in client.rows()} == {
        "en_US": REJECTED,
        "de": PAUSED,
        "fr": IN_USE,
    }


@pytest.mark.parametrize("rule", ["promo/=reject", "/en_US=reject", "promo/en_US", "promo/en_US=explode"])
def test_an_incomplete_rule_is_refused(sandbox, rule):
    with pytest.raises(ValueError, match=r"NAME\[/LANGUAGE\]=ACTION"):
        sandbox.switch(review=[rule])


def test_a_rejection_can_come_at_once(client, sandbox, status):
    sandbox.switch(approve_after=3600, review=["*/en_US=reject_now:SPAM"])
    client.create()
    assert status() == (REJECTED, "SPAM")


def test_a_rule_of_ones_own_comes_before_those(client, sandbox, status):
    sandbox.switch(review=["*reject*=approve:0"])
    client.create(name="reject")
    assert status()[0] == IN_USE


def test_a_rule_can_give_its_own_time(client, sandbox, status):
    sandbox.switch(review=["slow*=approve:100"])
    client.create(name="slow")
    assert status()[0] == PENDING
    sandbox.clock.advance(101)
    assert status()[0] == IN_USE


def test_meta_may_change_the_category(client, sandbox):
    sandbox.switch(review=["promo=recategorize:UTILITY"])
    client.create(category_type=1)
    [row] = client.rows()
    assert (row["category"], row["category_type"]) == ("UTILITY", 2)


def test_a_pause_ends_after_three_hours(client, sandbox, status):
    client.create(name="pause")
    sandbox.clock.advance(3 * 3600 - 60)
    assert status()[0] == PAUSED
    sandbox.clock.advance(61)
    assert status()[0] == IN_USE


def test_what_is_not_synchronised_is_never_judged(client, sandbox, status):
    client.create(syn_meta=False)
    sandbox.clock.advance(30 * DAY)
    assert status()[0] == PENDING
    assert client.update(syn_meta=True)["code"] == 0
    assert status()[0] == IN_USE


def test_an_update_is_reviewed_again(client, sandbox, status):
    client.create()
    sandbox.switch(approve_after=60, review=["promo=reject:SPAM"])
    client.update(content="Hi")
    assert status()[0] == PENDING
    sandbox.clock.advance(61)
    assert status() == (REJECTED, "SPAM")


def test_a_second_create_of_the_pair_is_refused_and_another_language_is_not(client):
    client.create()
    assert client.create()["code"] == 22072
    assert client.create(language="de")["code"] == 0


def test_an_update_of_an_absent_pair_is_refused(client):
    client.create()
    assert client.update(language="de")["code"] == 22072
    assert client.update(name="other")["code"] == 22072


@pytest.mark.parametrize(
    ("before", "code"),
    [
        (REJECTED, 0),
        (PENDING, 22072),
        (IN_USE, 0),
        (APPEALED, 22072),
        (UNAVAILABLE, 22072),
        (PENDING_DELETION, 22072),
        (PAUSED, 0),
        (EXCEEDED_LIMIT, 22072),
    ],
)
def test_a_template_is_edited_only_while_in_use_rejected_or_paused(client, sandbox, before, code):
    client.create()
    sandbox.set_status("promo", "en_US", before)
    assert client.update(content="Hi")["code"] == code


def test_an_approved_template_is_edited_once_in_24_hours(client, sandbox):
    client.create()
    assert client.update(content="1")["code"] == 0
    assert client.update(content="2")["code"] == 22072
    sandbox.clock.advance(DAY + 1)
    assert client.update(content="2")["code"] == 0


def test_an_approved_template_is_edited_ten_times_in_30_days(client, sandbox):
    client.create()
    for _ in range(10):
        assert client.update()["code"] == 0
        sandbox.clock.advance(DAY + 1)
    assert client.update()["code"] == 22072
    sandbox.clock.advance(20 * DAY)
    assert client.update()["code"] == 0


def test_a_rejected_template_is_edited_as_often_as_one_likes(client):
    client.create(name="reject")
    assert [client.update(name="reject")["code"] for _ in range(12)] == [0] * 12


def test_edit_limits_can_be_lifted(client, sandbox):
    sandbox.switch(edits_per_day=0)
    client.create()
    assert [client.update()["code"] for _ in range(12)] == [0] * 12


def test_the_category_of_an_approved_template_stays(client, sandbox):
    client.create()
    assert client.update(category_type=2)["code"] == 22072
    sandbox.set_status("promo", "en_US", REJECTED)
    assert client.update(category_type=2)["code"] == 0


def test_the_name_of_a_deleted_approved_template_is_locked_for_30_days(client, sandbox):
    client.delete(client.create()["data"]["id"])

    assert client.create()["code"] == 22072
    assert client.create(language="de")["code"] == 0
    sandbox.clock.advance(30 * DAY + 1)
    assert client.create()["code"] == 0


def test_the_name_of_a_template_that_never_was_approved_is_free_at_once(client):
    client.delete(client.create(name="reject")["data"]["id"])
    assert client.create(name="reject")["code"] == 0


def test_the_name_lock_can_be_lifted(client, sandbox):
    sandbox.switch(name_lock_days=0)
    client.delete(client.create()["data"]["id"])
    assert client.create()["code"] == 0


def test_a_deletion_can_take_its_time(client, sandbox, status):
    sandbox.switch(delete_after=60)
    number = client.create()["data"]["id"]

    client.delete(number)

    assert status()[0] == PENDING_DELETION
    assert client.create()["code"] == client.delete(number)["code"] == 22072
    sandbox.clock.advance(61)
    assert client.rows() == []


def test_a_deleted_template_can_stay_in_the_list(client, sandbox):
    sandbox.switch(keep_deleted=True, name_lock_days=0)
    number = client.create()["data"]["id"]

    client.delete(number)

    assert client.rows()[0]["status"] == DELETED
    assert client.delete(number)["code"] == 22072
    assert client.create()["code"] == 0
    assert [row["status"] for row in client.rows()] == [IN_USE, DELETED]


def test_an_unavailable_template_cannot_be_deleted(client, sandbox):
    number = client.create()["data"]["id"]
    sandbox.set_status("promo", "en_US", UNAVAILABLE)
    assert client.delete(number)["code"] == 22072


@pytest.mark.parametrize("number", ["999", "abc", "-1", "9" * 30])
def test_a_delete_of_an_unknown_id_is_22072(client, number):
    assert client.delete(number)["code"] == 22072


def test_a_created_template_can_take_time_to_be_listed(client, sandbox):
    sandbox.switch(visible_after=30)
    number = client.create()["data"]["id"]

    assert client.rows() == []
    assert client.details(number)["data"] is not None
    assert client.create()["code"] == 22072
    sandbox.clock.advance(31)
    assert [row["id"] for row in client.rows()] == [number]


def test_templates_belong_to_a_sender(client_of):
    phones = ("8613800000000", "8613800000001")
    with SandboxServer(account=Account(phones=phones)) as server:
        client = client_of(server)
        number = client.create()["data"]["id"]
        path = f"/saas/wa/template/{phones[1]}/{number}"
        details, deletion = (client.send(method, path, tenant_id=123).json() for method in ("GET", "DELETE"))
        assert (details["code"], details["data"]) == (0, None)
        assert deletion["code"] == 22072
        assert len(client.rows()) == 1
