"""Each place where answers vary, in each of its forms."""

import base64
import re

import pytest

WRITTEN = {
    "null": lambda number: None,
    "int": lambda number: number,
    "string": str,
    "object": lambda number: {"id": number},
    "template_id": lambda number: {"template_id": number},
}


@pytest.mark.parametrize("form", WRITTEN)
def test_writes_answer_each_form(client, sandbox, form):
    sandbox.switch(create=form, update=form, delete=form)
    created = client.create()["data"]
    number = sandbox.template("promo", "en_US").id

    answers = [created, client.update()["data"], client.delete(number)["data"]]

    assert answers == [WRITTEN[form](number)] * 3


def test_writes_can_answer_the_whole_template(client, sandbox):
    sandbox.switch(create="whole", delete="whole")
    created = client.create()["data"]
    assert created == client.rows()[0]
    assert client.delete(created["id"])["data"]["status"] == 9


def test_the_default_forms_of_writes(client):
    created = client.create()["data"]
    assert (created, client.update()["data"]) == ({"id": 1001}, None)
    assert client.delete(1001)["data"] is None


def test_details_are_flat_in_shape_b(client, sandbox, vendor_body):
    sandbox.switch(details="B")
    body = vendor_body(3)
    bare, full = client.create()["data"]["id"], client.create(body)["data"]["id"]

    data = client.details(full)["data"]

    assert (data["id"], data["status"], data["content"]) == (full, 2, body["content"])
    assert data["buttonComponents"] == body["buttonComponents"]
    assert client.details(bare)["data"]["buttonComponents"] is None


def test_the_list_can_be_a_bare_array(client, sandbox):
    sandbox.switch(list="array")
    assert client.list()["data"] == []
    client.create()
    assert [row["name"] for row in client.list()["data"]] == ["promo"]


def test_an_empty_list_can_be_null(client, sandbox):
    sandbox.switch(list="null_when_empty")
    assert client.list()["data"] == {"list": None, "total": 0, "has_next_page": False}
    client.create()
    assert len(client.rows()) == 1


@pytest.mark.parametrize(("form", "given"), [("with_h", True), ("without_h", False)])
def test_an_upload_answers_with_and_without_h(client, sandbox, form, given):
    sandbox.switch(upload=form)
    assert ("h" in client.upload().json()["data"]) is given


@pytest.mark.parametrize(("form", "single", "double"), [("single", 200, 404), ("double", 404, 200)])
def test_the_upload_path_is_one_of_two(client, sandbox, form, single, double):
    sandbox.switch(media_path=form)
    answers = [client.upload(path=f"/saas/wa/{way}/{client.phone}") for way in ("media", "/media")]
    assert [answer.status_code for answer in answers] == [single, double]
    assert [call.endpoint for call in sandbox.received()] == ["upload", "upload"]


def test_a_media_url_can_be_plain(client, sandbox, vendor_body):
    sandbox.switch(media_url="plain")
    assert "?" not in client.upload().json()["data"]["url"]
    header = client.details(client.create(vendor_body(1))["data"]["id"])["data"]["components"][0]
    assert "?" not in header["example"]["header_handle"]


def test_code_can_be_a_string(client, sandbox):
    sandbox.switch(code="string")
    assert client.create()["code"] == "0"
    assert client.create()["code"] == "22072"
    assert [call.code for call in sandbox.received()] == [0, 22072]


@pytest.mark.parametrize("details", ["A", "B"])
def test_ids_can_be_strings(client, sandbox, details):
    sandbox.switch(ids="string", details=details)
    number = client.create()["data"]["id"]
    assert number == client.rows()[0]["id"] == "1001"
    assert client.details(number)["data"]["name"] == "promo"


@pytest.mark.parametrize(("form", "expected"), [("int", 2), ("string", "2"), ("missing", None)])
def test_status_takes_each_form(client, sandbox, form, expected):
    sandbox.switch(status=form)
    client.create()
    assert client.rows()[0].get("status") == expected
    assert ("status" in client.rows()[0]) is (form != "missing")


def test_category_type_can_be_a_string(client, sandbox):
    sandbox.switch(category_type="string")
    number = client.create()["data"]["id"]
    assert client.rows()[0]["category_type"] == client.details(number)["data"]["category_type"] == "1"


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("plain", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
        ("zulu", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
        ("never", "0001-01-01T00:00:00Z"),
    ],
)
def test_times_take_each_form(client, sandbox, form, pattern):
    sandbox.switch(times=form)
    client.create()
    [row] = client.rows()
    assert re.fullmatch(pattern, row["created_at"])
    assert re.fullmatch(pattern, row["updated_at"])


def test_the_reason_takes_each_spelling_and_form(client, sandbox):
    client.create()
    client.create(name="reject")
    sandbox.switch(reason_key="snake", no_reason="none")
    assert [row["wa_rejected_reason"] for row in client.rows()] == ["INVALID_FORMAT", "NONE"]
    assert "waRejectedReason" not in client.rows()[0]


def test_whitespace_can_come_back_changed(client, sandbox):
    sandbox.switch(whitespace="changed")
    number = client.create(content="one\ntwo ")["data"]["id"]
    assert client.rows()[0]["content"] == "one\r\ntwo"
    assert client.details(number)["data"]["components"][0]["text"] == "one\r\ntwo"


def test_the_message_of_success_can_be_null(client, sandbox):
    assert client.list()["message"] == ""
    sandbox.switch(message="null")
    assert client.list()["message"] is None


def test_the_text_of_errors_is_localised(client, sandbox):
    assert client.delete(1)["message"] == "Parameter error: no template of this id"
    sandbox.switch(error_text="zh")
    assert client.delete(1)["message"] == "参数错误"


def test_an_unknown_shape_or_switch_is_refused_and_nothing_changes(sandbox):
    with pytest.raises(ValueError, match="shape create is one of") as caught:
        sandbox.switch(create="xml", colour="red", edits_per_day=-1, keep_deleted="yes", approve_after=9)
    for word in ("colour", "edits_per_day", "keep_deleted"):
        assert word in str(caught.value)
    assert sandbox.state.switches.approve_after == 0


def test_a_handle_that_comes_back_is_not_the_one_sent_but_names_the_file(client):
    media = client.upload("https://example.com/x.png").json()["data"]
    number = client.create(
        mediaId=media["media_id"], mediaName="x.png", mediaType="IMAGE", templateMediaId=media["h"]
    )["data"]["id"]

    header = client.details(number)["data"]["components"][0]

    assert header["h"] != media["h"]
    assert base64.b64decode(header["h"].split(":")[1]) == b"x.png"
    assert header["media_id"] == media["media_id"]
