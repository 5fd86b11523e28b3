"""The seven calls as a well-behaved client sees them."""

import json
import re
from pathlib import Path

import pytest

DATA = Path(__file__).parent.parent / "data"


def test_a_created_template_is_listed_in_use_after_its_review(client):
    created = client.create()

    assert created["code"] == 0
    [row] = client.rows()
    assert row["id"] == created["data"]["id"]
    assert row | {"name": "promo", "language": "en_US", "status": 2, "category": "MARKETING"} == row
    assert row["language_name"] == "English (US)"


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_vendors_request_bodies_are_accepted(client, vendor_body, number):
    assert client.create(vendor_body(number))["code"] == 0


@pytest.mark.parametrize("number", [1, 2, 4])
def test_the_vendors_misspelt_tenant_id_is_a_missing_one(client, number):
    raw = (DATA / f"vendor_request_{number}.raw.json").read_bytes()

    answer = client.create(raw)

    assert answer["code"] == 22072
    assert "tenant_id is missing" in answer["message"]


def test_raw_and_corrected_vendor_bodies_differ_in_the_tenant_key_alone(vendor_body):
    for number in (1, 2, 3, 4):
        raw = json.loads((DATA / f"vendor_request_{number}.raw.json").read_text())
        assert {key.strip(): value for key, value in raw.items()} == vendor_body(number)


def test_an_update_replaces_the_whole_template(client):
    number = client.create(footerText="bye")["data"]["id"]

    assert client.update(content="Hi")["code"] == 0

    parts = {part["type"]: part for part in client.details(number)["data"]["components"]}
    assert parts["BODY"]["text"] == "Hi"
    assert "FOOTER" not in parts


def test_details_show_header_buttons_and_what_the_service_filled_in(client, vendor_body):
    sent = vendor_body(1)
    data = client.details(client.create(sent)["data"]["id"])["data"]

    header, body, footer, buttons = data["components"]
    assert "status" not in data
    assert header["format"] == "IMAGE"
    assert header["h"].startswith("4:MTcwNTQwNjYxNDczNS5qcGc=:aW1hZ2UvcG5n:")
    assert header["h"] != sent["templateMediaId"]
    assert body["text"] == sent["content"]
    assert footer["text"] == "foot"
    reply = buttons["buttons"][0]["buttonReqs"]
    assert reply["payload"]
    assert reply["buttonEvents"][0]["tagId"] == 33991


def test_details_of_an_unknown_id_are_null_with_code_0(client):
    answer = client.details(999)
    assert (answer["code"], answer["data"]) == (0, None)


def test_a_deleted_template_is_gone_from_list_and_details(client):
    number = client.create()["data"]["id"]

    assert client.delete(number)["code"] == 0

    assert client.rows() == []
    assert client.details(number)["data"] is None
    assert client.delete(number)["code"] == 22072


def test_a_lone_surrogate_comes_back_as_a_question_mark(client):
    assert client.create(content="half \ud83d an emoji")["code"] == 0
    assert client.rows()[0]["content"] == "half ? an emoji"


def test_flows_are_those_of_the_vendors_page(client):
    [flow] = client.flows()["data"]["flow_list"]
    assert (flow["id"], flow["status"]) == ("470341793809141", "DRAFT")


def test_an_upload_answers_a_handle_that_expires_in_four_days(client, sandbox):
    data = client.upload("https://example.com/a%20b.mp4?x=1").json()["data"]

    assert (data["original_filename"], data["media_type"]) == ("a b.mp4", "VIDEO")
    name, kind, expires = re.fullmatch(r"4:(\S+?):(\S+?):[\w-]+:e:(\d+):\d+:\d+:[\w-]+", data["h"]).groups()
    assert (name, kind) == ("YSBiLm1wNA==", "dmlkZW8vbXA0")
    assert int(expires) - sandbox.clock.now() == pytest.approx(4 * 86400, abs=2)
    assert "OSSAccessKeyId=" in data["url"]
    assert "Signature=" in data["url"]


def test_what_was_received_is_kept_byte_for_byte_without_the_signature(client, sandbox):
    body = '{"name":"grüße 牛", "x":1}'.encode()
    client.create(body)

    [call] = sandbox.received(endpoint="create")
    assert call.body.encode() == body
    assert call.verified is True
    assert (call.method, call.path, call.code) == ("POST", f"/saas/wa/template/{client.phone}", 22072)
    assert "sign" not in call.headers
    assert sandbox.account.access_secret not in str(call)
    assert sandbox.count("create") == sandbox.count() == 1


def test_every_answer_has_a_trace_id_of_its_own(client):
    traces = [client.create()["traceId"], client.create()["traceId"], client.list()["traceId"]]
    assert len(set(traces)) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", trace) for trace in traces)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("PATCH", "/saas/wa/template/1"), ("GET", "/saas/wa/x")]
)
def test_unknown_paths_and_methods_get_a_gateways_html(client, method, path):
    answer = client.send(method, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
