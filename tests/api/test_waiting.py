"""What a status means to somebody who waits: the whole table, and the words that go with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.api.status import (
    FAILED_STATUSES,
    TemplateStatus,
    Verdict,
    classify,
    default_failed_statuses,
)
from airflow_provider_nxlink.api.waiting import Wait

DONE, WAIT, FAILED = Verdict.DONE, Verdict.WAIT, Verdict.FAILED
REF = TemplateRef(name="promo", language="en_US")

# The contract's table "Status": number, name, waiting for "in use", waiting for "gone".
STATUSES = [
    (0, "REJECTED", FAILED, WAIT),
    (1, "PENDING", WAIT, WAIT),
    (2, "IN_USE", DONE, WAIT),
    (3, "APPEALED", WAIT, WAIT),
    (6, "UNAVAILABLE", FAILED, WAIT),
    (9, "PENDING_DELETION", FAILED, WAIT),
    (11, "PAUSED", FAILED, WAIT),
    (12, "EXCEEDED_LIMIT", FAILED, WAIT),
    (14, "DELETED", FAILED, DONE),
]
UNKNOWN = [None, -1, 4, 5, 7, 8, 10, 13, 15, 99, 10**18]
GONE = TemplateStatus.DELETED


def template(status, reason=""):
    return Template.model_validate(
        {"name": "promo", "language": "en_US", "status": status, "waRejectedReason": reason}
    )


def test_the_table_has_every_status_there_is():
    assert [(status.value, status.name) for status in TemplateStatus] == [row[:2] for row in STATUSES]


@pytest.mark.parametrize(("status", "name", "in_use", "gone"), STATUSES)
def test_a_status_means_what_the_table_says(status, name, in_use, gone):
    assert TemplateStatus.name_of(status) == name
    assert classify(status) is in_use
    assert classify(status, GONE) is gone
    assert Wait.checked().judge(REF, template(status), 0).verdict is in_use
    assert Wait.checked(GONE).judge(REF, template(status), 1e9).verdict is gone


@pytest.mark.parametrize("status", UNKNOWN)
@pytest.mark.parametrize("on_paused", ["fail", "wait"])
def test_an_unknown_status_is_waited_on_and_never_success(status, on_paused):
    verdicts = {classify(status, target, on_paused=on_paused) for target in TemplateStatus}
    assert verdicts == {WAIT}


@given(st.integers() | st.none(), st.sampled_from(TemplateStatus), st.sets(st.sampled_from(TemplateStatus)))
def test_only_the_target_is_success(status, target, failed):
    assert (classify(status, target, failed) is DONE) is (status == target)


@pytest.mark.parametrize(("status", "_", "in_use", "__"), STATUSES)
def test_a_pause_can_be_waited_out_and_nothing_else_changes(status, _, in_use, __):
    assert classify(status, on_paused="wait") is (WAIT if status == 11 else in_use)


def test_a_pause_that_is_waited_for_is_success_either_way():
    assert classify(11, TemplateStatus.PAUSED, on_paused="wait") is DONE
    assert classify(11, TemplateStatus.PAUSED) is DONE


def test_what_counts_as_failed_can_be_chosen():
    assert classify(0, failed=()) is WAIT
    assert classify(3, failed={TemplateStatus.APPEALED}) is FAILED
    assert classify(11, failed=(), on_paused="fail") is WAIT


@pytest.mark.parametrize("target", TemplateStatus)
def test_a_target_is_never_among_its_failures(target):
    failed = default_failed_statuses(target)
    assert target not in failed
    assert failed == (frozenset() if target == GONE else FAILED_STATUSES - {target})


@pytest.mark.parametrize(("status", "name"), [(None, "UNKNOWN"), (4, "UNKNOWN_4"), (-1, "UNKNOWN_-1")])
def test_an_unknown_status_has_a_name_that_shows_the_number(status, name):
    assert TemplateStatus.name_of(status) == name


# Not there


@pytest.mark.parametrize(("waited", "verdict"), [(0, WAIT), (299.9, WAIT), (300, FAILED), (1e9, FAILED)])
def test_a_template_that_is_not_there_is_given_five_minutes(waited, verdict):
    assert Wait.checked().judge(REF, None, waited).verdict is verdict


def test_the_time_to_appear_can_be_chosen():
    assert Wait.checked(not_found_timeout=0).judge(REF, None, 0).verdict is FAILED
    assert Wait.checked(not_found_timeout=9).judge(REF, None, 8.9).verdict is WAIT
    assert Wait.checked(not_found_timeout=float("inf")).judge(REF, None, 1e12).verdict is WAIT


def test_a_template_that_is_not_there_is_gone():
    assert Wait.checked(GONE).judge(REF, None, 0).verdict is DONE


# In words


@pytest.mark.parametrize(
    ("wait", "seen", "message"),
    [
        (Wait(), template(2), "template promo (en_US) is in use (2)"),
        (Wait(), template(1), "template promo (en_US) is pending (1); waiting for in use"),
        (Wait(), template(99), "is unknown 99 (99), a status nobody documents; waiting for in use"),
        (Wait(), template(None), "is unknown (no status), a status nobody documents; waiting for in use"),
        (Wait(), template(0, "SPAM"), "is rejected (0): SPAM. Change what the reason names"),
        (Wait(), template(0), "is rejected (0). Change what the reason names"),
        (Wait(), template(11), 'on_paused="wait" waits for that'),
        (Wait(), template(14), "is deleted (14). Create it anew"),
        (Wait(), None, "template promo (en_US) is not in the list yet"),
        (Wait(not_found_timeout=0), None, "is not in the list 0 s after the wait began"),
        (Wait.checked(GONE), None, "template promo (en_US) is gone"),
        (Wait.checked(GONE), template(9), "is pending deletion (9); waiting for deleted"),
    ],
)
def test_an_outcome_says_what_was_seen_and_what_to_do(wait, seen, message):
    outcome = wait.judge(REF, seen, 0)
    assert message in outcome.message
    assert outcome.template is seen


def test_a_wait_goes_by_the_statuses_it_was_given():
    assert Wait.checked(failed=[]).judge(REF, template(0), 0).verdict is WAIT
    outcome = Wait.checked(failed=[1]).judge(REF, template(1), 0)
    assert (outcome.verdict, outcome.message) == (FAILED, "template promo (en_US) is pending (1)")
    assert Wait.checked(on_paused="wait").judge(REF, template(11), 0).verdict is WAIT


def test_a_missing_template_is_told_with_what_to_check():
    assert Wait(not_found_timeout=0).judge(REF, None, 0).message == (
        "template promo (en_US) is not in the list 0 s after the wait began. Check its name, language and "
        "sender; not_found_timeout gives it longer"
    )


def test_a_wait_that_took_too_long_says_for_what_and_how_long():
    assert Wait().overdue(REF, 90.5) == "template promo (en_US) is not in use 90.5 s after the wait began"


def test_a_reason_of_an_earlier_rejection_is_not_told_of_success():
    seen = Template(id=1, name="promo", language="en_US", status=2, rejected_reason="SPAM")

    assert Wait().judge(TemplateRef.of(seen), seen, 0).message == "template promo (en_US) is in use (2)"


@pytest.mark.parametrize("status", sorted(FAILED_STATUSES))
def test_every_failure_says_what_to_do_next(status):
    message = Wait().judge(REF, template(status), 0).message
    assert ". " in message.partition(f"({status:d})")[2]


# Arguments


def test_a_wait_is_plain_integers_as_it_travels_as_json():
    wait = Wait.checked(TemplateStatus.IN_USE, [TemplateStatus.REJECTED], "wait", 5)
    assert (type(wait.target), [type(status) for status in wait.failed]) == (int, [int])
    assert wait == Wait(2, frozenset({0}), "wait", 5)
    assert Wait.checked() == Wait()


BAD = {
    "target_status: 4 is none of 0 REJECTED, 1 PENDING": {"target": 4},
    "target_status: 'IN_USE' is none": {"target": "IN_USE"},
    "target_status: [2] is none": {"target": [2]},
    "failed_statuses: holds the target IN_USE": {"failed": [2, 0]},
    "failed_statuses: [4] are none": {"failed": [4, 0]},
    "failed_statuses: ['REJECTED', None] are none": {"failed": ["REJECTED", None]},
    "failed_statuses: 0 is no list": {"failed": 0},
    "failed_statuses: [[0]] is no list": {"failed": [[0]]},
    "on_paused: 'ignore' is neither 'fail' nor 'wait'": {"on_paused": "ignore"},
    "not_found_timeout: -1 is not a number of seconds": {"not_found_timeout": -1},
    "not_found_timeout: nan is not": {"not_found_timeout": float("nan")},
    "not_found_timeout: '5 min' is not": {"not_found_timeout": "5 min"},
    "not_found_timeout: None is not": {"not_found_timeout": None},
}


@pytest.mark.parametrize(("message", "arguments"), BAD.items(), ids=BAD)
def test_a_wrong_argument_is_named(message, arguments):
    with pytest.raises(ValueError, match=r"^\w+: ") as caught:
        Wait.checked(**arguments)
    assert message in str(caught.value)


def test_what_is_wrong_is_told_once_and_in_whole_sentences():
    with pytest.raises(ValueError, match="target_status") as caught:
        Wait.checked([2], on_paused="x")
    assert str(caught.value).count(": ") == 2
    assert "; on_paused: 'x' is neither" in str(caught.value)
    with pytest.raises(ValueError, match=r"so the wait could not end well; take it out$"):
        Wait.checked(failed=[2])


def test_all_wrong_arguments_are_named_at_once():
    with pytest.raises(
        ValueError, match=r"target_status: .*failed_statuses: .*on_paused: .*not_found_timeout: "
    ):
        Wait.checked(4, [5], "x", -1)
