"""What a create or update body is refused for: code 22072, and the field it is about."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

QR = {"type": "QUICK_REPLY", "text": "Yes"}
URL = {"type": "URL", "text": "Open", "url": "https://example.com/"}
CALL = {"type": "PHONE_NUMBER", "text": "Call", "phoneNumber": "+4917000000"}
COPY = {"type": "COPY_CODE", "text": "Copy", "example": ["SALE"]}
FLOW = {"type": "FLOW", "text": "Go", "flow_id": "470341793809141"}
MEDIA = {"mediaType": "IMAGE", "mediaId": "1", "mediaName": "a.jpg"}


def buttons(*several):
    return {"buttonComponents": list(several)}


def event(**values):
    return buttons({**QR, "buttonEvents": [values]})


ACCEPTED = {
    "longest name": {"name": "a" * 512},
    "two-letter language": {"language": "af"},
    "three-letter language": {"language": "fil"},
    "utility": {"category_type": 2},
    "longest content": {"content": "x" * 1024},
    "variables in order": {"content": "a {{1}} b {{2}} c"},
    "variables out of order, without gaps": {"content": "a {{2}} b {{1}} c"},
    "contact field": {"content": "Hi {{WhatsApp}}, {{1}}"},
    "header text": {"headerText": "x" * 60},
    "variable in header": {"headerText": "Hi {{1}}"},
    "longest footer": {"footerText": "x" * 60},
    "empty header beside media": {**MEDIA, "headerText": ""},
    "nulls for what is optional": {
        "headerText": None,
        "tag_name": None,
        "buttonComponents": None,
        "syn_meta": None,
    },
    "known tag": {"tag_name": "tag1"},
    "unknown key": {"colour": "red"},
    "ten quick replies": buttons(*[QR] * 10),
    "replies first": buttons(QR, QR, URL),
    "replies last": buttons(URL, QR, QR),
    "one of each": buttons(QR, URL, CALL, COPY, FLOW),
    "dynamic url": buttons({**URL, "url": "https://x.example/{{1}}", "example": ["https://x.example/a"]}),
    "example of what stands for the variable": buttons(
        {**URL, "url": "https://youtu.be/{{1}}", "example": ["dQw4w9WgXcQ"]}
    ),
    "url with a port": buttons({**URL, "url": "http://x.example:8080?a={{1}}", "example": ["a"]}),
    "phone with separators": buttons({**CALL, "phoneNumber": "+49 (30) 123-456"}),
    "tab and line breaks in content": {"content": "a\tb\r\nc\n"},
    "example on a static url": buttons({**URL, "example": ["https://x.example/a"]}),
    "customizeType on a URL button, as on the page": buttons({**URL, "customizeType": "conventional"}),
    "unsubscribe": buttons({**QR, "customizeType": "unsubscribe"}),
    "event tag": event(event="tag", tagName="LINE tag"),
    "event text": event(event="text", text="hi"),
    "event template": event(event="template", templateId=314, templateName="buttontest22"),
    "event template by a string": event(event="template", templateId="314", templateName="buttontest22"),
}

REFUSED = {
    "tenant missing": ({"tenant_id": None}, "tenant_id is missing"),
    "tenant as a string": ({"tenant_id": "123"}, "tenant_id is not an integer"),
    "tenant as a boolean": ({"tenant_id": True}, "tenant_id is not an integer"),
    "no name": ({"name": ""}, "name is empty"),
    "name as a number": ({"name": 5}, "name is not a string"),
    "name in capitals": ({"name": "Promo"}, "name is not 1 to 512"),
    "name with a dash": ({"name": "a-b"}, "name is not 1 to 512"),
    "name with a newline": ({"name": "promo\n"}, "name is not 1 to 512"),
    "name too long": ({"name": "a" * 513}, "name is not 1 to 512"),
    "language with a dash": ({"language": "en-US"}, "language is not"),
    "language in lower case": ({"language": "pt_br"}, "language is not"),
    "category 0": ({"category_type": 0}, "category_type is not 1 or 2"),
    "category 3": ({"category_type": 3}, "category_type is not 1 or 2"),
    "category as a string": ({"category_type": "1"}, "category_type is not an integer"),
    "no content": ({"content": None}, "content is missing"),
    "blank content": ({"content": " \n"}, "content is empty"),
    "content too long": ({"content": "x" * 1025}, "content is longer than 1024"),
    "gap in variables": ({"content": "{{1}} and {{3}}"}, "content: variables"),
    "variables from 2": ({"content": "{{2}}"}, "content: variables"),
    "variables from 0": ({"content": "{{0}} {{1}}"}, "content: variables"),
    "header too long": ({"headerText": "x" * 61}, "headerText is longer"),
    "header with two variables": ({"headerText": "{{1}}{{2}}"}, "headerText has 2 variables"),
    "header with a line break": ({"headerText": "a\nb"}, "headerText has a line break"),
    "header text and media": ({**MEDIA, "headerText": "x"}, "exclude each other"),
    "media type unknown": ({**MEDIA, "mediaType": "GIF"}, "mediaType is not"),
    "media without type": ({"mediaId": "1"}, "mediaType is not"),
    "media without id": ({"mediaType": "IMAGE"}, "header media without"),
    "footer too long": ({"footerText": "x" * 61}, "footerText is longer"),
    "footer with a variable": ({"footerText": "{{1}}"}, "footerText has 1 variables"),
    "syn_meta as a string": ({"syn_meta": "false"}, "syn_meta is not a boolean"),
    "close flow 2": ({"is_close_auto_flow": 2}, "is_close_auto_flow is not 0 or 1"),
    "unknown tag": ({"tag_name": "nope"}, "tag_name does not exist"),
    "buttons as an object": ({"buttonComponents": QR}, "buttonComponents is not an array"),
    "button as a string": (buttons("Yes"), "buttonComponents[0] is not an object"),
    "button without type": (buttons({"text": "x"}), "buttonComponents[0].type is missing"),
    "button of no type": (buttons({**QR, "type": "OTP"}), "'OTP' is not one of"),
    "button without text": (buttons({"type": "QUICK_REPLY"}), "buttonComponents[0].text is missing"),
    "button text too long": (buttons({**QR, "text": "x" * 26}), "text is longer than 25"),
    "button text with a variable": (buttons({**QR, "text": "{{1}}"}), "text has a variable"),
    "eleven buttons": (buttons(*[QR] * 11), "more than 10 buttons"),
    "three urls": (buttons(URL, URL, URL), "more than 2 URL"),
    "two calls": (buttons(CALL, CALL), "more than 1 PHONE_NUMBER"),
    "two copies": (buttons(COPY, COPY), "more than 1 COPY_CODE"),
    "two flows": (buttons(FLOW, FLOW), "more than 1 FLOW"),
    "replies apart": (buttons(QR, URL, QR), "quick replies do not stand together"),
    "url missing": (buttons({"type": "URL", "text": "x"}), "url is missing for URL"),
    "url without scheme": (buttons({**URL, "url": "example.com"}), "url is not http(s)"),
    "url too long": (buttons({**URL, "url": "https://e.com/" + "x" * 2000}), "url is longer than 2000"),
    "url with two variables": (
        buttons({**URL, "url": "https://e.com/{{1}}/{{2}}", "example": ["https://e.com/"]}),
        "one variable, at its very end",
    ),
    "url variable inside": (
        buttons({**URL, "url": "https://e.com/{{1}}/x", "example": ["https://e.com/"]}),
        "one variable, at its very end",
    ),
    "dynamic url without example": (
        buttons({**URL, "url": "https://e.com/{{1}}"}),
        "example must hold what stands for the variable",
    ),
    "dynamic url with a variable as its example": (
        buttons({**URL, "url": "https://e.com/{{1}}", "example": ["https://e.com/{{1}}"]}),
        "example must hold what stands for the variable",
    ),
    "dynamic url with a blank example": (
        buttons({**URL, "url": "https://e.com/{{1}}", "example": [" "]}),
        "example must hold what stands for the variable",
    ),
    "url that is only a variable": (
        buttons({**URL, "url": "{{1}}", "example": ["https://e.com/"]}),
        "url is not http(s)",
    ),
    "url whose host is a variable": (
        buttons({**URL, "url": "https://{{1}}", "example": ["e.com"]}),
        "url is not http(s)",
    ),
    "url of a script": (buttons({**URL, "url": "javascript:alert(1)"}), "url is not http(s)"),
    "url with a line break": (buttons({**URL, "url": "https://e.com/a\nb"}), "url has a line break"),
    "blank header": ({"headerText": " "}, "headerText is empty"),
    "header with a tab": ({"headerText": "a\tb"}, "headerText has a control character"),
    "blank footer": ({"footerText": "\t "}, "footerText is empty"),
    "content with a control character": ({"content": "a\x07"}, "content has a control character"),
    "blank button text": (buttons({**QR, "text": " "}), "text is empty"),
    "button text of two lines": (buttons({**QR, "text": "a\nb"}), "text has a line break"),
    "words for a phone number": (buttons({**CALL, "phoneNumber": "call me"}), "is not a phone number"),
    "example as a string": (buttons({**COPY, "example": "SALE"}), "example is not an array"),
    "example of numbers": (buttons({**COPY, "example": [1]}), "example is not an array of strings"),
    "phone missing": (buttons({"type": "PHONE_NUMBER", "text": "x"}), "phoneNumber is missing"),
    "phone too long": (buttons({**CALL, "phoneNumber": "1" * 21}), "phoneNumber is longer than 20"),
    "copy code without example": (
        buttons({"type": "COPY_CODE", "text": "x"}),
        "example is missing for COPY_CODE",
    ),
    "copy code too long": (buttons({**COPY, "example": ["x" * 16]}), "example is longer than 15"),
    "flow missing": (buttons({"type": "FLOW", "text": "x"}), "flow_id is missing"),
    "flow unknown": (buttons({**FLOW, "flow_id": "1"}), "flow_id does not exist"),
    "customizeType unknown": (buttons({**QR, "customizeType": "x"}), "customizeType is not"),
    "event as a string": (buttons({**QR, "buttonEvents": ["tag"]}), "buttonEvents[0] is not an object"),
    "event unknown": (event(event="call"), "'call' is not one of"),
    "event tag without name": (event(event="tag"), "tagName missing"),
    "event tag unknown": (event(event="tag", tagName="nope"), "tagName does not exist"),
    "event text without text": (event(event="text"), "text missing"),
    "event template without id": (event(event="template", templateName="x"), "templateId missing"),
    "event template with a word": (
        event(event="template", templateId="x", templateName="x"),
        "is not a number",
    ),
    "event template unknown": (
        event(event="template", templateId=1, templateName="x"),
        "there is no template",
    ),
    "event template misnamed": (
        event(event="template", templateId=314, templateName="x"),
        "there is no template",
    ),
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(client, changes):
    assert client.create(**changes)["message"] == ""


@pytest.mark.parametrize(("changes", "detail"), REFUSED.values(), ids=REFUSED)
def test_refused_on_create_and_update_alike(client, sandbox, changes, detail):
    sandbox.seed([client.body])
    for answer in (client.create(**changes), client.update(**changes)):
        assert answer["code"] == 22072
        assert detail in answer["message"]
    assert len(client.rows()) == 1


def test_all_that_is_wrong_is_told_at_once(client):
    message = client.create(name="A", language="x", content="{{2}}")["message"]
    assert [field in message for field in ("name", "language", "content")] == [True] * 3


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff", b'{"tenant_id": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_22072(client, body):
    assert client.create(body)["code"] == 22072


def test_references_need_not_exist_when_switched_off(client, sandbox):
    sandbox.switch(strict_references=False)
    assert client.create(tag_name="nope", **buttons({**FLOW, "flow_id": "1"}))["code"] == 0


def test_references_can_be_added(client, sandbox):
    sandbox.add_references(tags=["new"], flows=[{"id": "77", "name": "f"}], templates={9: "nine"})
    answering = event(event="template", templateId=9, templateName="nine")["buttonComponents"]

    assert (
        client.create(tag_name="new", buttonComponents=[*answering, {**FLOW, "flow_id": "77"}])["code"] == 0
    )
    assert [flow["id"] for flow in client.flows()["data"]["flow_list"]] == ["470341793809141", "77"]


def test_a_created_template_can_be_answered_with(client):
    number = client.create()["data"]["id"]
    answer = client.create(name="second", **event(event="template", templateId=number, templateName="promo"))
    assert answer["code"] == 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
button_keys = ["type", "text", "url", "example", "buttonEvents", "flow_id", "customizeType", "phoneNumber"]
event_keys = ["event", "tagName", "templateId", "templateName", "text"]
events = st.fixed_dictionaries(
    {"event": st.sampled_from(["tag", "text", "template"])},
    optional=dict.fromkeys(event_keys[1:], json_values),
)
odd_buttons = st.fixed_dictionaries(
    {"type": st.sampled_from(["QUICK_REPLY", "URL", "FLOW", "COPY_CODE"]), "text": st.just("x")},
    optional={**dict.fromkeys(button_keys[2:], json_values), "buttonEvents": st.lists(events, max_size=2)},
)
body_keys = ["name", "language", "category_type", "content", "headerText", "mediaType", "mediaId", "tag_name"]
changes = st.dictionaries(st.sampled_from(body_keys), json_values, max_size=2)


@given(changes=changes, several=st.lists(odd_buttons, max_size=2) | json_values)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_whatever_is_sent_gets_an_envelope(client, sandbox, changes, several):
    sandbox.reset()
    answer = client.create(**changes, buttonComponents=several)
    assert answer["code"] in {0, 22072}
    if answer["code"] == 0:
        client.details(answer["data"]["id"])
