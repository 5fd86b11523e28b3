"""What errors, results and logs say, word for word: a person at 3 a.m. has nothing else."""

import logging
import pickle

import pytest

from airflow_provider_nxlink.api import calls, quiet
from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.envelope import Answer, read_answer, retry_after
from airflow_provider_nxlink.api.errors import (
    NxlinkApiError,
    NxlinkAuthError,
    NxlinkNotConfiguredError,
    NxlinkRateLimitError,
    NxlinkRequestError,
    NxlinkTransportError,
    TemplateExistsError,
    TemplateNotFoundError,
    error_for,
)
from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.api.redaction import signed_query, without_media_secrets, without_query
from tests.api.conftest import account_of

ACCOUNT = account_of("https://nxlink.example")
TEMPLATE = Template(id=7, name="promo", language="en_US", status=0)


def answer(code, status=200, message="no good"):
    body = f'{{"code": {code}, "message": "{message}", "data": null, "traceId": "t-1"}}'
    return Answer(status, {}, body.encode())


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: NxlinkApiError(7),
            "NXLink refused (7): the call [no traceId]. NXLink's support can look the traceId up.",
        ),
        (
            lambda: NxlinkNotConfiguredError(22016, "x", "t-1", 500, call="list flows"),
            "not configured (22016): list flows: x [HTTP 500, traceId t-1]. Configure a WhatsApp app for "
            "this merchant in NXLink's console.",
        ),
        (
            lambda: error_for(1003, "no", "t-1", 200, call="create template"),
            "authentication failed (1003): create template: no [traceId t-1]. The signature does not fit: "
            "check the connection's password (accessSecret) and algorithm.",
        ),
        (
            lambda: error_for(1004, "", None, 200, call="list flows"),
            "timestamp expired (1004): list flows [no traceId]. The clocks differ by more than 60 s: check "
            "this machine's clock.",
        ),
        (
            lambda: error_for(22072, "", None, 200, call="create template"),
            "bad request (22072): create template [no traceId]. Check the template's fields, and that each "
            "tag, flow and template it names exists.",
        ),
        (
            lambda: error_for(None, "", None, 403, call="list flows"),
            "authentication failed (no code): list flows [HTTP 403, no traceId]. Check the connection's "
            "login (accessKey) and password (accessSecret).",
        ),
        (lambda: NxlinkTransportError("list flows: gone"), "list flows: gone"),
        (
            lambda: NxlinkTransportError("gone", outcome_unknown=True),
            "gone. NXLink may have carried it out: look before sending it again",
        ),
        (lambda: NxlinkRateLimitError("list flows: HTTP 429"), "list flows: HTTP 429"),
        (lambda: NxlinkRateLimitError("list flows", 7.4), "list flows; NXLink asks to wait 7 s"),
        (lambda: TemplateNotFoundError("no template 7"), "no template 7"),
        (
            lambda: TemplateExistsError(TEMPLATE),
            "template promo (en_US) exists already: id 7, status 0 (REJECTED). Update or apply it, give the "
            'new one another name, or say if_exists="skip" to take it as it is',
        ),
    ],
)
def test_an_error_says_all_of_this_and_still_does_in_another_process(make, text):
    error = make()
    assert str(error) == text
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(twin), str(twin), twin.args, vars(twin)) == (type(error), text, error.args, vars(error))
    assert twin.permanent == error.permanent
    assert all(value in error.args for key, value in vars(error).items() if key != "call")


def test_a_refusal_by_status_alone_keeps_what_the_answer_says():
    with pytest.raises(NxlinkAuthError) as caught:
        read_answer(calls.list_flows(ACCOUNT), Answer(401, {}, b'{"traceId": "t-1"}'))
    error = caught.value
    assert (error.code, error.trace_id, error.http_status, error.call) == (None, "t-1", 401, "list flows")
    assert error.message == 'no code in the answer: {"traceId": "t-1"}'


def test_an_unknown_code_under_500_leaves_a_writes_outcome_open_and_a_known_one_does_not():
    for status, code, kind in (
        (500, 31337, NxlinkTransportError),
        (499, 31337, NxlinkApiError),
        (500, 22072, NxlinkRequestError),
    ):
        with pytest.raises(kind) as caught:
            read_answer(calls.create_template(ACCOUNT, {}), answer(code, status))
        assert type(caught.value) is kind
        if kind is NxlinkTransportError:
            assert isinstance(caught.value.__cause__, NxlinkApiError)


def test_an_answer_without_message_is_told_without():
    with pytest.raises(NxlinkApiError) as caught:
        read_answer(calls.list_flows(ACCOUNT), answer(7, message=""))
    assert caught.value.message == ""


def test_an_empty_answer_is_told_as_such():
    with pytest.raises(
        NxlinkTransportError, match=r"^list flows: HTTP 502, no answer of NXLink's: \(empty\)$"
    ):
        read_answer(calls.list_flows(ACCOUNT), Answer(502, {}, b""))


@pytest.mark.parametrize("status", [300, 399])
@pytest.mark.parametrize("call", [calls.list_flows(ACCOUNT), calls.create_template(ACCOUNT, {})])
def test_a_redirect_is_told_as_such_and_changed_nothing(call, status):
    with pytest.raises(NxlinkTransportError) as caught:
        read_answer(call, Answer(status, {}, b""))
    assert str(caught.value) == (
        f"{call.name}: HTTP {status}, a redirect, which is not followed; check the host: (empty)"
    )
    assert (caught.value.outcome_unknown, caught.value.permanent) == (False, True)


def test_a_retry_after_of_ten_digits_is_none():
    assert retry_after("9" * 9) == 999_999_999
    assert retry_after("9" * 10) is None


def test_a_template_is_handed_on_with_these_keys_in_this_order():
    plain = TEMPLATE.to_dict()
    assert list(plain)[:6] == ["id", "name", "language", "status", "status_name", "category"]
    assert plain["status_name"] == "REJECTED"
    assert plain["name"] == TEMPLATE["name"] == "promo"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("promo", "template: give an id, or a mapping with `id` or with `name` and `language`, got 'promo'"),
        ({"id": "a/b"}, "template.id: not a template id: 'a/b'"),
        (
            {"name": "x"},
            "template: give an id, or a mapping with `id` or with `name` and `language`, got {'name': 'x'}",
        ),
    ],
)
def test_what_is_no_reference_is_shown(value, text):
    with pytest.raises(ValueError, match="template") as caught:
        TemplateRef.of(value)
    assert str(caught.value) == text


@pytest.mark.parametrize(("length", "cut"), [(78, False), (79, True)])
def test_what_is_no_reference_is_shown_up_to_80_characters(length, cut):
    with pytest.raises(ValueError, match="template") as caught:
        TemplateRef.of("x" * length)
    shown = str(caught.value).partition(", got ")[2]
    assert len(shown) == 80
    assert shown.endswith("…") is cut


def test_a_link_that_can_not_be_read_is_cut_at_its_first_mark():
    assert without_query("http://[a/b?c#d?e#f") == "http://[a/b"
    assert without_query("http://[a/b#d?e#f") == "http://[a/b"
    assert signed_query("https://a.example/b?c=d?e&sign=1") == "c=d?e&sign=1"
    assert signed_query("https://a.example/b?c=d") is None


def test_links_that_are_neither_media_nor_signed_stay():
    assert without_media_secrets({"link": "https://a.example/?b=c", "url": "https://a.example/?b=c"}) == {
        "link": "https://a.example/?b=c",
        "url": "https://a.example/",
    }


@pytest.mark.parametrize(
    ("message", "ours", "logged"),
    [
        ("receive_response_headers.complete return_value=%r", False, True),
        ("receive_response_headers.complete return_value=%r", True, False),
        ("send_request_body.started request=%r", True, True),
    ],
)
def test_headers_of_our_answers_alone_are_kept_out_of_httpcores_log(caplog, message, ours, logged):
    log = logging.getLogger("httpcore.http11")
    with caplog.at_level(logging.DEBUG, log.name):
        if ours:
            with quiet.without_headers_in_the_log():
                log.debug(message, "x")
        else:
            log.debug(message, "x")
    assert bool(caplog.messages) is logged


def test_a_client_is_shown_by_its_kind_host_and_sender():
    assert repr(NxlinkClient(ACCOUNT)) == "<NxlinkClient https://nxlink.example phone=8613800000000>"
