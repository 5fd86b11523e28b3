"""Endpoints: where each call goes, what it carries, and what is refused before anything is sent."""

import dataclasses
import json

import pytest

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.account import AccountError
from tests.api.conftest import BODY, CALLS, DATA, PHONE, SECRET, account_of, printed
from tests.api.raw_server import envelope, http

TENANT = {"tenant_id": "123"}
ENDPOINTS = {
    "list templates": (
        "GET",
        f"/saas/wa/template/{PHONE}",
        TENANT | {"page_number": "1", "page_size": "100"},
    ),
    "create template": ("POST", f"/saas/wa/template/{PHONE}", {}),
    "update template": ("PUT", f"/saas/wa/template/{PHONE}", {}),
    "get template": ("GET", f"/saas/wa/template/{PHONE}/314", TENANT),
    "delete template": ("DELETE", f"/saas/wa/template/{PHONE}/314", TENANT),
    "list flows": ("GET", f"/saas/wa/flow/{PHONE}", TENANT),
    "upload media": ("POST", f"/saas/wa/media/{PHONE}", {}),
}


@pytest.mark.parametrize("call", ENDPOINTS)
def test_a_call_goes_where_the_page_says(connect, raw, call):
    raw.script(envelope(DATA[call]))
    account = account_of(raw.url)

    connect(account).send(CALLS[call](account))

    assert (raw.request.method, raw.request.path, raw.request.query) == ENDPOINTS[call]


@pytest.mark.parametrize("call", CALLS)
def test_a_call_asks_for_json_and_says_what_it_carries(connect, raw, call):
    raw.script(envelope(DATA[call]))
    account = account_of(raw.url)

    connect(account).send(CALLS[call](account))

    kinds = {"create template": "application/json", "update template": "application/json"}
    kinds["upload media"] = "multipart/form-data"
    assert raw.request.headers["accept"] == "application/json"
    assert raw.request.headers.get("content-type", "").partition(";")[0] == kinds.get(call, "")


@pytest.mark.parametrize("call", ["create template", "update template"])
def test_a_body_carries_the_accounts_tenant_as_an_integer(connect, raw, call):
    raw.script(envelope())
    account = account_of(raw.url, tenant_id="0123")

    connect(account).send(CALLS[call](account))

    assert json.loads(raw.request.body) == BODY | {"tenant_id": 123}


def test_the_accounts_tenant_wins_over_a_bodys():
    call = calls.create_template(account_of("https://h"), {"tenant_id": 7})
    assert call.body == b'{"tenant_id":123}'


@pytest.mark.parametrize(
    "name",
    ["promo", "a b", "a&name=b", "a/../b", "a?b#c", "a%2fb", "a+b", "\r\nX: y", "牛小信", "تجربة", "\x00"],
)
def test_a_name_to_filter_by_arrives_as_it_is(connect, raw, name):
    raw.script(envelope())
    account = account_of(raw.url)

    connect(account).send(calls.list_templates(account, 2, 50, name))

    assert raw.request.query == TENANT | {"page_number": "2", "page_size": "50", "name": name}
    assert raw.request.path == f"/saas/wa/template/{PHONE}"
    assert len(raw.request.headers) < 20


@pytest.mark.parametrize("phone", [PHONE, f"+{PHONE}", "+86 (138) 0000-0000", "86.138.0000.0000"])
def test_a_phone_is_sent_as_digits_only(connect, raw, phone):
    raw.script(envelope())
    account = account_of(raw.url, phone=phone)

    connect(account).send(calls.list_flows(account))

    assert raw.request.path == f"/saas/wa/flow/{PHONE}"


@pytest.mark.parametrize(
    "phone",
    [
        "../1234567",
        "1234567/1",
        "1234567?a",
        "1234567%2f",
        "1234567\r\nX: y",
        "1234567\x00",
        "١٢٣٤٥٦٧٨",
        "１２３４５６７",
    ],
)
def test_no_phone_leaves_its_part_of_the_path(phone):
    with pytest.raises(AccountError, match="phone: "):
        account_of("https://h", phone=phone)


def test_no_phone_of_an_unchecked_account_leaves_its_part_of_the_path_either():
    account = dataclasses.replace(account_of("https://h"), phone="../7?a")
    assert calls.list_flows(account).path == "/saas/wa/flow/..%2F7%3Fa"


@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_named_as_errors_and_logs_name_it(call):
    assert CALLS[call](account_of("https://h")).name == call


HOSTILE_IDS = [
    "",
    " ",
    "..",
    ".",
    "1/2",
    "1?x=1",
    "1#",
    "1%2f2",
    "1\r\nX: y",
    "1\x00",
    "١٢",
    "a b",
    "1" * 65,
    True,
]


@pytest.mark.parametrize("template_id", [*HOSTILE_IDS, None, 1.0, [1], {"id": 1}], ids=printed)
@pytest.mark.parametrize("make", [calls.get_template, calls.delete_template])
def test_no_id_leaves_its_part_of_the_path(make, template_id):
    with pytest.raises(ValueError, match=r"template id: .* is none"):
        make(account_of("https://h"), template_id)


@pytest.mark.parametrize(
    ("template_id", "part"),
    [
        (314, "314"),
        ("314", "314"),
        (" 314\n", "314"),
        ("0314", "0314"),
        (10**39, str(10**39)),
        ("a_b-C", "a_b-C"),
    ],
)
@pytest.mark.parametrize("make", [calls.get_template, calls.delete_template])
def test_an_id_is_sent_in_one_form(make, template_id, part):
    call = make(account_of("https://h"), template_id)
    assert call.path == f"/saas/wa/template/{PHONE}/{part}"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_has_no_number_for_is_not_sent(number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        calls.create_template(account_of("https://h"), {"x": number})


def test_an_upload_answered_404_is_sent_once_to_the_path_the_page_prints(connect, raw):
    raw.script(http(b"<h1>Not Found</h1>", 404), envelope({"media_id": "7"}))
    account = account_of(raw.url)

    media = connect(account).send(CALLS["upload media"](account))

    assert [request.path for request in raw.requests] == [
        f"/saas/wa/media/{PHONE}",
        f"/saas/wa//media/{PHONE}",
    ]
    assert media.media_id == "7"


def test_an_upload_works_whichever_path_the_service_has(connect, sandbox):
    sandbox.switch(media_path="double")
    account = account_of(sandbox.url)

    media = connect(account).send(CALLS["upload media"](account))

    assert media.h
    assert sandbox.received(endpoint="upload")[1].verified


def test_an_upload_answered_404_on_both_paths_fails(connect, raw):
    raw.script(http(b"<h1>Not Found</h1>", 404))
    account = account_of(raw.url)

    with pytest.raises(Exception, match="HTTP 404"):
        connect(account).send(CALLS["upload media"](account))

    assert len(raw.requests) == 2


@pytest.mark.parametrize("call", sorted(set(CALLS) - {"upload media"}))
def test_no_other_call_answered_404_is_sent_elsewhere(connect, raw, call):
    raw.script(http(status=404))
    account = account_of(raw.url)

    with pytest.raises(Exception, match="HTTP 404"):
        connect(account).send(CALLS[call](account))

    assert len(raw.requests) == 1


def test_a_call_shows_neither_its_body_nor_its_form():
    account = account_of("https://h")
    secret = "https://bucket/a?Signature=" + SECRET
    assert SECRET not in repr(calls.upload_media(account, secret))
    assert SECRET not in repr(calls.create_template(account, {"content": secret}))
