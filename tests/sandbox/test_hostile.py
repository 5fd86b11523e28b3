"""Each hostile answer, as it comes over the wire."""

import gzip
import json
import socket
import zlib

import httpx
import pytest

from airflow_provider_nxlink.sandbox.faults import AFTER_THE_WORK, KINDS
from airflow_provider_nxlink.sandbox.hostile import ANSWERS, CHANGES

ROWS = [
    {"name": name, "language": "en", "content": "Hello", "waRejectedReason": "SPAM"} for name in ("a", "b")
]
LIST = "/saas/wa/template/8613800000000"


@pytest.fixture
def raw_list(client, sandbox):
    """Return the bytes of a list answer while a fault is ordered."""
    sandbox.seed(ROWS)

    def read(kind, **values):
        sandbox.inject(kind, endpoint="list", **values)
        answer = client.send("GET", LIST, tenant_id=123, page_number=1, page_size=2)
        assert sandbox.received[-1].fault == kind
        return answer

    return read


def test_every_kind_that_is_listed_is_played():
    assert set(KINDS) == {
        *("latency", "status", "code", "drop", "truncate", "hang", "bad_header"),
        *CHANGES,
        *ANSWERS,
    }
    assert set(CHANGES) | {"truncate"} == AFTER_THE_WORK


@pytest.mark.parametrize("field", ["name", "content", "waRejectedReason", "quality", "traceId", "updated_at"])
@pytest.mark.parametrize(("kind", "bad"), [("surrogate", "\ud800"), ("nul", "\0")])
def test_any_text_field_can_hold_what_is_no_text(raw_list, kind, bad, field):
    content = raw_list(kind, field=field).json()
    found = [content] if field == "traceId" else content["data"]["list"]
    assert all(bad in each[field] for each in found)
    for row in content["data"]["list"]:
        assert {key for key, each in row.items() if bad in str(each)} == ({field} - {"traceId"})


@pytest.mark.parametrize(("kind", "bad"), [("surrogate", "\ud800"), ("nul", "\0")])
def test_without_a_field_every_text_but_name_and_language_is_spoilt(raw_list, kind, bad):
    content = raw_list(kind).json()
    row = content["data"]["list"][0]
    assert bad in content["message"]
    assert {key for key, each in row.items() if isinstance(each, str) and bad not in each} == {
        "name",
        "language",
    }


def test_keys_can_hold_half_a_surrogate(raw_list):
    content = raw_list("surrogate_key").json()
    assert all("bad\ud800key" in each for each in (content["data"], *content["data"]["list"]))


def test_ids_can_have_30_digits_as_numbers_and_as_text(raw_list):
    for kind, form in (("big_id", int), ("big_id_text", str)):
        ids = [row["id"] for row in raw_list(kind).json()["data"]["list"]]
        assert [(type(each), len(str(each))) for each in ids] == [(form, 30)] * 2


def test_a_created_id_can_have_30_digits(client, sandbox):
    sandbox.inject("big_id", endpoint="create")
    assert len(str(client.create()["data"]["id"])) == 30
    assert len(client.rows()) == 1


def test_numbers_can_be_big_also_in_components(client, sandbox):
    number = client.create()["data"]["id"]
    sandbox.inject("big_number", endpoint="details")
    data = client.details(number)["data"]
    assert len(str(data["category_type"])) == len(str(data["components"][0]["index"])) == 30


@pytest.mark.parametrize(("kind", "token"), [("nan", b"NaN"), ("infinity", b"Infinity")])
def test_numbers_can_be_none(raw_list, kind, token):
    assert b'"status": ' + token in raw_list(kind, field="status").content
    assert raw_list(kind).content.count(token) > 4


def test_a_field_can_have_any_value(raw_list):
    rows = raw_list("value", field="status", value={"a": [1]}).json()["data"]["list"]
    assert [row["status"] for row in rows] == [{"a": [1]}] * 2


def test_a_value_needs_a_field(sandbox):
    with pytest.raises(ValueError, match="field"):
        sandbox.inject("value", value=1)


def test_jinja_comes_in_contents_and_in_what_an_upload_answers(client, sandbox, raw_list):
    rows = raw_list("jinja").json()["data"]["list"]
    assert all("{% endraw %}{{ conn.nxlink_default.password }}" in row["content"] for row in rows)
    sandbox.inject("jinja", endpoint="upload")
    media = client.upload().json()["data"]
    assert "{{ conn." in media["original_filename"]
    assert "{{ conn." in media["media_id"]
    sandbox.inject("jinja", endpoint="upload", field="media_id", body="{{ 1 / 0 }}")
    media = client.upload().json()["data"]
    assert (media["media_id"], media["original_filename"]) == ("{{ 1 / 0 }}", "a.jpg")


def test_pages_can_go_on_for_ever_with_new_ids(client, sandbox):
    sandbox.seed(ROWS)
    sandbox.inject("endless", endpoint="list", times=0)
    pages = [client.list(page_number=number, page_size=5)["data"] for number in range(1, 5)]
    assert len({row["id"] for page in pages for row in page["list"]}) == 20
    assert all(page["has_next_page"] and page["total"] > 5 * number for number, page in enumerate(pages, 1))


def test_rows_can_ignore_the_page_size(raw_list):
    rows = raw_list("extra_rows", size=30).json()["data"]["list"]
    assert [row["name"] for row in rows[:2]] == ["b", "a"]
    assert len({row["id"] for row in rows}) == 30


def test_a_small_answer_can_expand(client, sandbox):
    sandbox.inject("gzip_bomb", endpoint="list")
    with client.http.stream(
        "GET", f"{LIST}?tenant_id=123&page_number=1&page_size=9", headers=client.headers()
    ) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < 3000
    content = gzip.decompress(packed)
    assert len(content) > 1_200_000
    assert json.loads(content)["data"] == {"list": [{}] * 400_000, "total": 400_000, "has_next_page": False}


@pytest.mark.parametrize("size", [1, 2, 50_000, 50_001])
def test_the_size_of_what_expands_can_be_chosen(raw_list, size):
    assert len(raw_list("gzip_bomb", size=size).json()["data"]["list"]) == size


def test_an_answer_can_be_nested_deeply(raw_list):
    content = raw_list("deep").content
    assert content.count(b"[") == content.count(b"]") == 100_000


def test_a_message_can_be_long(raw_list):
    content = raw_list("long_message").json()
    assert len(content["message"]) == 65_536
    assert content["message"].startswith("-X-Amz-a-X-Amz-a")
    assert content["code"] == -1
    assert raw_list("long_message", size=10, body="ab", code=22072).json()["message"] == "ab" * 5


def test_a_code_can_be_huge(raw_list, sandbox):
    assert raw_list("huge_code").json()["code"] == 10**40
    assert sandbox.received[-1].code == 10**40


def test_a_message_can_be_no_utf8(raw_list):
    with pytest.raises(UnicodeDecodeError):
        raw_list("invalid_utf8").content.decode()


@pytest.mark.parametrize("status", [403, 404, 408])
def test_a_gateway_can_answer_with_a_page(raw_list, status):
    answer = raw_list("html", status=status)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html")
    assert answer.text.startswith("<html>")


def test_a_gateway_can_redirect(raw_list):
    assert raw_list("html", status=302).headers["location"] == "/sign-in"
    answer = raw_list("html", status=307, headers={"Location": "http://192.0.2.1/"})
    assert answer.headers.get_list("location") == ["http://192.0.2.1/"]


@pytest.mark.parametrize("code", [1003, 1005])
def test_one_call_can_fail_to_authenticate(raw_list, client, code):
    assert raw_list("code", code=code).json()["code"] == code
    assert client.list()["code"] == 0


def test_a_clock_can_be_in_the_year_9999(raw_list):
    answer = raw_list("far_date")
    assert answer.json()["code"] == 1004
    assert answer.headers.get_list("date") == ["Fri, 31 Dec 9999 23:59:59 GMT"]


def test_the_signature_can_come_back_in_an_escaped_string(client, sandbox):
    sandbox.inject("echo", endpoint="list", code=22072)
    headers = client.headers()
    answer = client.http.get(f"{LIST}?tenant_id=123&page_number=1&page_size=9", headers=headers)
    assert answer.json()["code"] == 22072
    inner = json.loads(json.loads(answer.json()["data"])["request"])
    assert inner["headers"]["sign"] == headers["sign"]
    assert '\\\\\\"sign\\\\\\"' in answer.text


def test_the_signature_can_come_back_in_a_header_line_that_is_none(client, sandbox):
    sandbox.inject("bad_header", endpoint="list")
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=2) as raw:
        headers = client.headers()
        lines = [
            f"GET {LIST} HTTP/1.1",
            f"Host: {host}",
            *(f"{key}: {each}" for key, each in headers.items()),
        ]
        raw.sendall("\r\n".join([*lines, "", ""]).encode())
        raw.settimeout(2)
        received = b"".join(iter(lambda: raw.recv(65536), b""))
    head, body = received.split(b"\r\n\r\n", 1)
    assert head.splitlines()[-1].endswith(b"&sign=" + headers["sign"].encode())
    assert b":" not in head.splitlines()[-1]
    assert json.loads(body)["code"] == sandbox.received[-1].code == -1


def test_a_client_sees_the_malformed_header(client, sandbox):
    sandbox.inject("bad_header", endpoint="flows")
    with pytest.raises(httpx.RemoteProtocolError):
        client.flows()


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in {"drop", "truncate", "hang", "bad_header"}]
)
def test_every_kind_can_be_ordered_over_http_once(client, sandbox, kind):
    order = {"kind": kind, "endpoint": "create", "field": "id" if kind == "value" else None, "value": [None]}
    assert client.http.post("/_sandbox/faults", json=order).status_code == 200
    done = kind in AFTER_THE_WORK or kind == "latency"
    try:
        client.send("POST", LIST, client.body)
    except (httpx.DecodingError, zlib.error):
        pytest.fail("the encoding is what the header says")
    assert sandbox.received[-1].fault == kind
    assert len(client.rows()) == done
    told = client.http.get("/_sandbox/received")
    assert told.status_code == 200
    assert json.loads(told.content)[-2]["fault"] == kind
