"""Answers that the contract allows and a client may not expect, each behind a switch or in a seed."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

CAROUSEL = [
    {"type": "BODY", "text": "Swipe"},
    {"type": "CAROUSEL", "cards": [{"components": [{"type": "BODY", "text": "One"}]}]},
]
FULL = {
    "headerText": "Head",
    "footerText": "Foot",
    "tag_name": "tag1",
    "is_close_auto_flow": 1,
    "buttonComponents": [
        {"type": "QUICK_REPLY", "text": "Yes", "buttonEvents": [{"event": "tag", "tagName": "tag1"}]}
    ],
}


@pytest.fixture
def control(client):
    def send(method, path, content):
        answer = client.http.request(method, f"/_sandbox/{path}", json=content)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return send


# --- details


def test_flat_details_tell_the_auto_flow_but_no_header_footer_or_tag(client, sandbox):
    sandbox.switch(details="B")
    number = client.create(**FULL)["data"]["id"]

    data = client.details(number)["data"]

    assert data["is_close_auto_flow"] == client.rows()[0]["is_close_auto_flow"] == 1
    assert data["buttonComponents"] == FULL["buttonComponents"]
    for key in data:
        assert not re.search("header|footer|tag|syn_meta|media|components$", key) or key == "buttonComponents"
    client.update(**{**FULL, "is_close_auto_flow": 0})
    assert client.details(number)["data"]["is_close_auto_flow"] == 0


def test_raw_components_are_shown_as_they_were_put(client, sandbox):
    [number] = sandbox.seed([{"name": "raw", "language": "en", "components": CAROUSEL}])
    assert client.details(number)["data"]["components"] == CAROUSEL
    assert client.rows()[0]["content"] == "Swipe"


def test_raw_components_are_hidden_in_flat_details(client, sandbox):
    sandbox.switch(details="B")
    [number] = sandbox.seed([{"name": "raw", "language": "en", "components": CAROUSEL}])
    data = client.details(number)["data"]
    assert data["content"] == "Swipe"
    assert "CAROUSEL" not in str(data)


@pytest.mark.parametrize(
    "components", [[], [{"type": "FUTURE", "new": {"deep": [1]}}], ["no object", 7, None, {}]]
)
def test_components_may_be_anything(client, sandbox, components):
    [number] = sandbox.seed([{"name": "raw", "language": "en", "components": components}])
    assert client.details(number)["data"]["components"] == components


def test_a_body_is_read_from_raw_components(client, sandbox):
    reply = {"type": "QUICK_REPLY", "text": "Yes"}
    components = [
        {"type": "HEADER", "format": "TEXT", "text": "Head"},
        {"type": "BODY", "text": "Body"},
        {"type": "FOOTER", "text": "Foot"},
        {
            "type": "BUTTONS",
            "buttons": [{**reply, "buttonReqs": {**reply, "payload": "p"}}, {"type": "NEW", "text": "x"}],
        },
    ]
    sandbox.seed([{"name": "raw", "language": "en", "components": components}])
    body = sandbox.template("raw", "en").body
    assert (body["headerText"], body["content"], body["footerText"]) == ("Head", "Body", "Foot")
    assert body["buttonComponents"] == [{**reply, "payload": "p"}, {"type": "NEW", "text": "x"}]


def test_an_update_removes_the_raw_components(client, sandbox):
    [number] = sandbox.seed([{"name": "promo", "language": "en_US", "components": CAROUSEL}])
    client.update()
    assert [part["type"] for part in client.details(number)["data"]["components"]] == ["BODY"]


@pytest.mark.parametrize("kind", ["CAROUSEL", "LIMITED_TIME_OFFER", "UNKNOWN"])
def test_every_template_can_have_a_component_of_another_kind(client, sandbox, kind):
    number = client.create()["data"]["id"]
    sandbox.switch(extra_component=kind)
    assert [part["type"] for part in client.details(number)["data"]["components"]] == ["BODY", kind]
    sandbox.switch(details="B")
    data = client.details(number)["data"]
    assert "components" not in data
    assert data["buttonComponents"] is None


@pytest.mark.parametrize("details", ["A", "B"])
def test_every_template_can_have_a_button_of_an_unknown_type(client, sandbox, details):
    number = client.create()["data"]["id"]
    sandbox.switch(extra_button="unknown", details=details)
    data = client.details(number)["data"]
    buttons = data["buttonComponents"] if details == "B" else data["components"][-1]["buttons"]
    assert [button["type"] for button in buttons] == ["VOICE_CALL"]


def test_a_seed_may_have_buttons_of_unknown_types(client, sandbox):
    buttons = [{"type": "CATALOG", "text": "Look"}]
    [number] = sandbox.seed([{"name": "raw", "language": "en", "buttonComponents": buttons}])
    assert client.details(number)["data"]["components"][-1]["buttons"][0]["type"] == "CATALOG"


def test_a_quick_reply_can_lack_its_button_reqs(client, sandbox):
    number = client.create(**FULL)["data"]["id"]

    def button():
        return client.details(number)["data"]["components"][-1]["buttons"][0]

    assert button()["buttonReqs"]["buttonEvents"][0]["tagName"] == "tag1"
    sandbox.switch(button_reqs="missing")
    assert "buttonReqs" not in button()
    sandbox.switch(button_reqs="null")
    assert button()["buttonReqs"] is None


# --- any template, put there


def test_a_template_of_any_status_category_quality_and_age_can_be_put_there(client, control):
    seeds = [
        {
            "name": f"t{status}",
            "language": "en",
            "status": status,
            "category": "AUTHENTICATION",
            "quality": "RED",
            "waRejectedReason": "SPAM",
            "created_at": "2024-06-25 14:31:26",
        }
        for status in (0, 1, 2, 3, 6, 9, 11, 12, 99)
    ]
    control("POST", "templates", seeds)

    rows = client.rows()

    assert {row["status"] for row in rows} == {seed["status"] for seed in seeds}
    expected = {
        "category": "AUTHENTICATION",
        "category_type": 3,
        "quality": "RED",
        "waRejectedReason": "SPAM",
        "created_at": "2024-06-25 14:31:26",
        "updated_at": "2024-06-25 14:31:26",
    }
    assert all(row | expected == row for row in rows)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (1719325886, "2024-06-25 14:31:26"),
        ("2024-06-25T14:31:26Z", "2024-06-25 14:31:26"),
        ("2024-06-25T14:31:26+08:00", "2024-06-25 06:31:26"),
        ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00"),
        (253_402_300_799, "9999-12-31 23:59:59"),
    ],
)
def test_a_creation_time_can_be_given_in_each_form(client, sandbox, given, shown):
    sandbox.seed([{"name": "old", "language": "en", "created_at": given, "updated_at": None}])
    assert client.rows()[0]["created_at"] == shown


@pytest.mark.parametrize(
    ("given", "hours", "shown"),
    [("9999-12-31T23:59:59Z", 8, "9999-12-31 23:59:59"), ("0001-01-01T00:00:00Z", -4, "0001-01-01 00:00:00")],
)
def test_a_time_beyond_the_calendar_is_its_first_or_last(client, sandbox, given, hours, shown):
    sandbox.switch(utc_offset_hours=hours)
    sandbox.seed([{"name": "old", "language": "en", "created_at": given}])
    assert client.rows()[0]["created_at"] == shown


def test_a_creation_time_that_is_none_is_refused(sandbox):
    with pytest.raises(ValueError, match="yesterday"):
        sandbox.seed([{"name": "old", "language": "en", "created_at": "yesterday"}])


def test_a_put_replaces_a_template_and_keeps_its_id(client, control):
    [number] = control("POST", "templates", [{"name": "one", "language": "en", "created_at": 86400}])["ids"]

    again = control(
        "PUT", "templates", [{"name": "one", "language": "en", "status": 6, "components": CAROUSEL}]
    )

    assert again == {"ids": [number]}
    [row] = client.rows()
    assert (row["id"], row["status"], row["created_at"]) == (number, 6, "1970-01-02 00:00:00")
    assert client.details(number)["data"]["components"] == CAROUSEL
    assert control("PUT", "templates", [{"name": "two", "language": "en"}]) == {"ids": [number + 1]}


def test_an_unavailable_seed_cannot_be_deleted(client, sandbox):
    [number] = sandbox.seed([{"name": "raw", "language": "en", "status": 6}])
    assert client.delete(number)["code"] == 22072


# --- texts


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("kept", "a  b \n\tc {{ 1 }}  d"),
        ("collapsed", "a b \n c {{ 1 }} d"),
        ("trimmed", "a  b\n\tc {{ 1 }}  d"),
        ("crlf", "a  b \r\n\tc {{ 1 }}  d"),
        ("tight", "a  b \n\tc {{1}}  d"),
        ("loose", "a  b \n\tc {{ 1 }}  d"),
        ("nel", "a  b \x85\tc {{ 1 }}  d"),
        ("separators", "a  b \u2028\tc {{ 1 }}  d"),
        ("nbsp", "a\u00a0\u00a0b\u00a0\n\tc\u00a0{{\u00a01\u00a0}}\u00a0\u00a0d"),
        ("all", "a b\r\n c {{1}} d"),
    ],
)
def test_whitespace_comes_back_in_each_form(client, sandbox, form, shown):
    text = "a  b \n\tc {{ 1 }}  d"
    button = {"type": "QUICK_REPLY", "text": "Yes  no"}
    number = client.create(content=text, footerText="One  two", buttonComponents=[button])["data"]["id"]
    sandbox.switch(whitespace=form)

    assert client.rows()[0]["content"] == shown
    body, footer, buttons = client.details(number)["data"]["components"]
    assert body["text"] == shown
    collapsed = form in {"collapsed", "all"}
    assert (footer["text"] == "One two") is collapsed
    assert (buttons["buttons"][0]["text"] == "Yes no") is collapsed
    sandbox.switch(details="B")
    assert client.details(number)["data"]["content"] == shown


@pytest.mark.parametrize(
    ("form", "shown"),
    [("quotes", "It\u2019s \u201don\u201d"), ("cut", "It's \"on"), ("suffixed", 'It\'s "on" *')],
)
def test_a_text_can_be_stored_differently(client, sandbox, form, shown):
    sandbox.switch(stored=form, edits_per_day=0)
    client.create(content='It\'s "on"')
    assert client.rows()[0]["content"] == shown
    client.update(content='"on"')
    assert client.rows()[0]["content"] != '"on"'
    sandbox.switch(stored="as_sent")
    client.update(content='"on"')
    assert client.rows()[0]["content"] == '"on"'


# --- the list


@pytest.mark.parametrize(("form", "status"), [("content", 1), ("row", 2)])
def test_an_update_can_take_time_to_reach_the_list(client, sandbox, form, status):
    client.create(content="old")
    sandbox.switch(update_visible_after=30, stale_rows=form, approve_after=3600)

    number = client.update(content="new", is_close_auto_flow=1)["code"] or client.rows()[0]["id"]

    [row] = client.rows()
    assert (row["content"], row["is_close_auto_flow"], row["status"]) == ("old", 0, status)
    assert client.details(number)["data"]["components"][0]["text"] == "new"
    sandbox.clock.advance(31)
    [row] = client.rows()
    assert (row["content"], row["is_close_auto_flow"], row["status"]) == ("new", 1, 1)


def test_two_updates_in_a_row_leave_the_first_content_in_the_list(client, sandbox):
    client.create(content="one")
    sandbox.switch(update_visible_after=30, edits_per_day=0)
    client.update(content="two")
    sandbox.clock.advance(20)
    client.update(content="three")
    sandbox.clock.advance(20)
    assert client.rows()[0]["content"] == "one"
    sandbox.clock.advance(11)
    assert client.rows()[0]["content"] == "three"


@pytest.mark.parametrize(
    ("form", "sizes"), [("kept", [10, 10, 5]), ("doubled", [20, 5, 0]), ("ignored", [25, 0, 0])]
)
def test_the_page_size_can_be_ignored(client, sandbox, form, sizes):
    sandbox.seed([{"name": f"t{number}", "language": "en"} for number in range(25)])
    sandbox.switch(page_size=form)
    pages = [client.list(page_number=number, page_size=10)["data"] for number in (1, 2, 3)]
    assert [len(page["list"]) for page in pages] == sizes
    assert len({row["id"] for page in pages for row in page["list"]}) == 25
    assert [page["has_next_page"] for page in pages] == [sum(sizes[: n + 1]) < 25 for n in range(3)]


# --- times


@pytest.mark.parametrize("hours", [8, -4, 5.5, 0, -9.5])
def test_times_without_a_zone_are_in_the_chosen_zone(client, sandbox, hours):
    sandbox.switch(utc_offset_hours=hours, create="whole")
    created = client.create()["data"]

    local = datetime.fromisoformat(client.rows()[0]["created_at"])

    assert local.tzinfo is None
    assert created["updated_at"] == created["created_at"] == client.rows()[0]["created_at"]
    assert abs((local - timedelta(hours=hours)).replace(tzinfo=UTC).timestamp() - time.time()) < 5
    sandbox.switch(times="zulu")
    zulu = datetime.fromisoformat(client.rows()[0]["created_at"])
    assert abs(zulu.timestamp() - time.time()) < 5


def test_a_creation_time_without_a_zone_is_read_in_the_chosen_zone(client, sandbox):
    sandbox.switch(utc_offset_hours=8)
    sandbox.seed([{"name": "old", "language": "en", "created_at": "2024-06-25 14:31:26"}])
    assert client.rows()[0]["created_at"] == "2024-06-25 14:31:26"
    sandbox.switch(utc_offset_hours=0)
    assert client.rows()[0]["created_at"] == "2024-06-25 06:31:26"


# --- limits


def test_an_account_can_be_full(client, sandbox):
    sandbox.switch(max_templates=2, name_lock_days=0)
    sandbox.seed([{"name": "one", "language": "en"}])
    number = client.create()["data"]["id"]

    refused = client.create(language="de")

    assert refused["code"] == 22072
    assert "limit" in refused["message"]
    assert len(client.rows()) == 2
    assert client.update(content="still possible")["code"] == 0
    client.delete(number)
    assert client.create(language="de")["code"] == 0


def test_the_code_of_a_full_account_can_be_chosen(client, sandbox):
    sandbox.switch(max_templates=1, limit_code=24680)
    client.create()
    assert client.create(language="de")["code"] == 24680


def test_creations_can_be_limited_per_hour(client, sandbox):
    sandbox.switch(creations_per_hour=2, name_lock_days=0)
    sandbox.seed([{"name": f"t{number}", "language": "en"} for number in range(5)])
    codes = [client.create(name=f"n{number}")["code"] for number in range(3)]
    assert codes == [0, 0, 22072]
    client.delete(sandbox.template("n0", "en_US").id)
    assert client.create()["code"] == 22072
    sandbox.clock.advance(3601)
    assert client.create()["code"] == 0
