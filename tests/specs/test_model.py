"""A spec in Python: either spelling, everything wrong at once, and sent as the vendor's tables say."""

import copy
import pickle
import subprocess
import sys
import warnings
from typing import Any

import pytest
from pydantic import ValidationError

from airflow_provider_nxlink.specs.model import (
    Button,
    ButtonEvent,
    CopyCodeButton,
    FlowButton,
    HeaderMedia,
    PhoneButton,
    QuickReply,
    TemplateSpec,
    UrlButton,
)
from airflow_provider_nxlink.specs.violations import TemplateSpecError

UPLOADED = {
    "media_id": "1167113681293447",
    "original_filename": "spring.jpg",
    "media_type": "IMAGE",
    "h": "4:c3ByaW5n:aW1hZ2UvcG5n:ARZ:e:1719648253:1407:1000:ARa",
    "url": "https://goss.example/1167?Expires=1&OSSAccessKeyId=LTAI&Signature=c2VjcmV0",
}


def violations(**fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(TemplateSpecError) as caught:
        TemplateSpec(**fields)
    return [(violation.path, violation.rule) for violation in caught.value.violations]


def test_both_spellings_give_the_same_spec() -> None:
    ours = TemplateSpec(
        name="a",
        language="en",
        category="marketing",
        content="x",
        header_media=UPLOADED,
        footer_text="f",
        tag_name="t",
        syn_meta=False,
        is_close_auto_flow=True,
        buttons=[
            QuickReply("Yes", customize_type="unsubscribe", events=[ButtonEvent(event="tag", tag_name="t")]),
            FlowButton("Go", "42"),
        ],
    )
    vendors = TemplateSpec.from_mapping(
        {
            "name": "a",
            "language": "en",
            "category_type": "1",
            "content": "x",
            "headerText": "",
            "mediaName": "spring.jpg",
            "mediaId": 1167113681293447,
            "mediaType": "image",
            "templateMediaId": UPLOADED["h"],
            "footerText": "f",
            "tagName": "t",
            "syn_meta": False,
            "is_close_auto_flow": 1,
            "buttonComponents": [
                {
                    "type": "QUICK_REPLY",
                    "text": "Yes",
                    "customizeType": "unsubscribe",
                    "buttonEvents": [{"event": "tag", "tagName": "t"}],
                },
                {"type": "FLOW", "text": "Go", "flow_id": 42},
            ],
        }
    )
    assert vendors == ours.with_header_media({key: UPLOADED[key] for key in UPLOADED if key != "url"})


def test_what_is_sent_has_the_vendors_names_and_nothing_null() -> None:
    spec = TemplateSpec(
        name="a",
        language="en",
        category=2,
        content="x",
        header_media=UPLOADED,
        syn_meta=True,
        is_close_auto_flow=False,
        buttons=[
            PhoneButton("Call", "+491234"),
            CopyCodeButton("SPRING"),
            {
                "type": "quick_reply",
                "text": "Yes",
                "payload": "p",
                "index": None,
                "events": [{"event": "template", "template_id": "314", "template_name": "b"}],
            },
        ],
    )
    assert spec.to_wire(7) == {
        "tenant_id": 7,
        "name": "a",
        "language": "en",
        "category_type": 2,
        "content": "x",
        "mediaName": "spring.jpg",
        "mediaId": "1167113681293447",
        "mediaType": "IMAGE",
        "templateMediaId": UPLOADED["h"],
        "syn_meta": True,
        "is_close_auto_flow": 0,
        "buttonComponents": [
            {"type": "PHONE_NUMBER", "text": "Call", "phoneNumber": "+491234"},
            {"type": "COPY_CODE", "text": "Copy offer code", "example": ["SPRING"]},
            {
                "type": "QUICK_REPLY",
                "text": "Yes",
                "payload": "p",
                "buttonEvents": [{"event": "template", "templateId": 314, "templateName": "b"}],
            },
        ],
    }
    assert isinstance(spec.to_wire(7)["is_close_auto_flow"], int)
    assert spec.to_wire(7)["is_close_auto_flow"] is not False


@pytest.mark.parametrize(("template_id", "sent"), [("314", 314), (314, 314), ("0314", "0314"), ("a1", "a1")])
def test_a_template_id_is_sent_as_an_integer_when_it_is_one(template_id: Any, sent: Any) -> None:
    event = ButtonEvent(event="template", template_id=template_id, template_name="x")
    assert event.wire_fields()["templateId"] == sent


@pytest.mark.parametrize(
    ("made", "plain"),
    [
        (QuickReply("Yes"), {"type": "QUICK_REPLY", "text": "Yes"}),
        (
            UrlButton("Go", "https://x.example/{{1}}", example="https://x.example/1"),
            {
                "type": "URL",
                "text": "Go",
                "url": "https://x.example/{{1}}",
                "example": ["https://x.example/1"],
            },
        ),
        (PhoneButton("Call", "+1"), {"type": "PHONE_NUMBER", "text": "Call", "phoneNumber": "+1"}),
        (CopyCodeButton("A", text="Copy"), {"type": "COPY_CODE", "text": "Copy", "example": "A"}),
        (CopyCodeButton("A"), {"type": "COPY_CODE", "example": "A"}),
        (CopyCodeButton("A"), {"type": "copy_code", "text": "Copy offer code", "example": "A"}),
        (FlowButton("Open", "1"), {"type": "FLOW", "text": "Open", "flow_id": 1}),
    ],
)
def test_each_constructor_equals_its_dict_form(made: Button, plain: dict[str, Any]) -> None:
    assert made == Button(**plain) == Button.from_mapping(plain)


def test_everything_wrong_is_said_at_once() -> None:
    assert violations(
        name="a",
        languag="en",
        category="PROMO",
        header_media={"url": "ftp://x.example/a"},
        buttons=[
            {"type": "URL", "text": 5, "phone_numbr": "1"},
            {"type": "BUTTON", "text": "a"},
            {"type": "PHONE_NUMBER", "text": "a", "events": [{"event": "tag"}, {"event": "call"}]},
            "Yes",
        ],
        is_close_auto_flow="maybe",
    ) == [
        ("languag", "field.unknown"),
        ("language", "field.required"),
        ("category", "category.unknown"),
        ("content", "field.required"),
        ("header_media.url", "media.url"),
        ("buttons[0].phone_numbr", "field.unknown"),
        ("buttons[0].url", "field.required"),
        ("buttons[0].text", "field.type"),
        ("buttons[1].type", "field.choice"),
        ("buttons[2].phone_number", "field.required"),
        ("buttons[2].events[0].tag_name", "field.required"),
        ("buttons[2].events[1].event", "field.choice"),
        ("buttons[3]", "field.type"),
        ("is_close_auto_flow", "field.type"),
    ]


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("headertext", "header_text"),
        ("footer-text", "footer_text"),
        ("buttonComponent", "buttons"),
        ("contents", "content"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_known_one(
    minimal: dict[str, Any], key: str, meant: str
) -> None:
    with pytest.raises(TemplateSpecError, match=f"Did you mean '{meant}'"):
        TemplateSpec(**minimal, **{key: "x"})


def test_unknown_button_fields_are_sent_as_they_are_but_near_misses_refused() -> None:
    button = Button(type="QUICK_REPLY", text="a", payload="", navigate_screen={"a": [1]}, flow_action="x")
    assert button.wire_fields()["navigate_screen"] == {"a": [1]}
    assert button.wire_fields()["payload"] == ""
    with pytest.raises(TemplateSpecError, match="Did you mean 'phone_number'"):
        Button(type="QUICK_REPLY", text="a", phone_numbr="1")
    with pytest.raises(TemplateSpecError, match="no plain value"):
        Button(type="QUICK_REPLY", text="a", payload=object())
    with pytest.raises(TemplateSpecError, match="no plain value"):
        Button(type="QUICK_REPLY", text="a", payload=[float("nan")])


def test_a_field_given_in_both_spellings_is_refused(minimal: dict[str, Any]) -> None:
    assert violations(**minimal, category_type=1) == [("category", "field.twice")]
    assert violations(**minimal, header_media=UPLOADED, mediaId="1") == [("header_media", "field.twice")]


class XComArg:
    """Stands for Airflow's."""


@pytest.mark.parametrize(
    "change",
    [
        {"content": XComArg()},
        {"buttons": XComArg()},
        {"buttons": [XComArg()]},
        {"header_media": XComArg()},
        {"header_media": {"url": XComArg()}},
        {"syn_meta": XComArg()},
    ],
)
def test_upstream_values_are_refused_with_the_way_out(
    minimal: dict[str, Any], change: dict[str, Any]
) -> None:
    with pytest.raises(TemplateSpecError, match="Give the whole template as a dict instead") as caught:
        TemplateSpec(**{**minimal, **change})
    assert "0x" not in str(caught.value)


def test_jinja_stands_for_a_value_not_known_yet_in_any_field() -> None:
    jinja = "{{ params.x }}"
    spec = TemplateSpec(
        name=jinja,
        language=jinja,
        category=jinja,
        content=jinja,
        header_media={"url": jinja, "media_type": jinja},
        buttons=[
            {"type": jinja, "text": jinja, "customize_type": jinja, "events": [{"event": jinja}]},
            jinja,
        ],
        syn_meta=jinja,
        is_close_auto_flow="{% if x %}1{% endif %}",
    )
    assert TemplateSpec(**spec.to_dict()) == spec
    assert TemplateSpec(**{**spec.to_dict(), "header_media": jinja, "buttons": jinja}).header_media == jinja


@pytest.mark.parametrize("field", ["category", "is_close_auto_flow", "header_media", "buttons"])
def test_a_spec_that_is_not_rendered_cannot_be_sent(minimal: dict[str, Any], field: str) -> None:
    with pytest.raises(TemplateSpecError, match=f"{field}: still holds Jinja"):
        TemplateSpec(**{**minimal, field: "{{ params.x }}"}).to_wire(1)


@pytest.mark.parametrize("value", [1, True, "1", "true", "True"])
def test_a_flag_is_read_from_what_yaml_and_jinja_give(minimal: dict[str, Any], value: Any) -> None:
    assert TemplateSpec(**minimal, syn_meta=value).syn_meta is True


@pytest.mark.parametrize("category", [1, "1", "MARKETING", "Marketing"])
def test_a_category_is_read_from_its_name_or_number(minimal: dict[str, Any], category: Any) -> None:
    assert TemplateSpec(**{**minimal, "category": category}).category == "MARKETING"


@pytest.mark.parametrize("category", [True, 0, 3, 1.0, "", "ONE", ["MARKETING"]])
def test_another_category_is_refused(minimal: dict[str, Any], category: Any) -> None:
    assert [path for path, _ in violations(**{**minimal, "category": category})] == ["category"]


def test_text_that_cannot_be_sent_is_refused(minimal: dict[str, Any]) -> None:
    assert violations(**{**minimal, "content": "half \ud83d"}) == [("content", "field.encoding")]


def test_header_media_is_what_an_upload_returned_or_only_a_url(minimal: dict[str, Any]) -> None:
    uploaded = TemplateSpec(**minimal, header_media=UPLOADED)
    assert uploaded.header_media is not None
    assert not uploaded.header_media.needs_upload
    assert uploaded.header_media.to_dict() == UPLOADED
    only_url = TemplateSpec(**minimal, header_media={"url": "https://x.example/a.jpg", "media_type": "image"})
    assert only_url.header_media is not None
    assert only_url.header_media.needs_upload
    assert only_url.header_media.media_type == "IMAGE"
    with pytest.raises(ValueError, match="upload it first"):
        only_url.to_wire(1)
    assert only_url.with_header_media(UPLOADED) == uploaded
    assert only_url.with_header_media(HeaderMedia(**UPLOADED)) == uploaded
    assert only_url.header_media.needs_upload


def test_header_media_with_neither_is_refused(minimal: dict[str, Any]) -> None:
    assert violations(**minimal, header_media={"media_type": "IMAGE"}) == [
        ("header_media.media_id", "field.required")
    ]


@pytest.mark.parametrize(
    "url", ["ftp://x.example/a", "/data/a.jpg", "x.example/a", "https://", "https://x y/", "file:///a"]
)
def test_a_media_url_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(TemplateSpecError, match=r"not an http\(s\) URL"):
        HeaderMedia(url=url)


@pytest.mark.parametrize(
    ("handle", "expires"),
    [
        (UPLOADED["h"], 1719648253),
        ("4:a:b:c:e:17", 17),
        ("4:a:b", None),
        ("4:a:b:e:soon:1", None),
        (None, None),
    ],
)
def test_the_expiry_of_a_handle_is_read_from_it(handle: str | None, expires: int | None) -> None:
    assert HeaderMedia(media_id="1", h=handle).handle_expires_at == expires


def test_no_signed_url_is_ever_shown(minimal: dict[str, Any]) -> None:
    spec = TemplateSpec(**minimal, header_media=UPLOADED)
    for shown in (repr(spec), str(spec), repr(spec.header_media), spec.preview()):
        assert "Signature" not in shown
        assert "LTAI" not in shown
    with pytest.raises(TemplateSpecError) as caught:
        HeaderMedia(url="ftp://x.example/a?Signature=c2VjcmV0", media_type="X")
    assert "Signature" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_spec_reads_short_and_the_same_in_every_process(minimal: dict[str, Any]) -> None:
    spec = TemplateSpec(**{**minimal, "content": "a" * 1000}, buttons=[QuickReply("Yes")])
    assert repr(spec) == (
        'TemplateSpec(name="hello", language="en_US", category="UTILITY", '
        f'content="{"a" * 39}…", buttons=[Button(type="QUICK_REPLY", text="Yes")])'
    )
    assert str(spec) == repr(spec)


def test_a_spec_is_frozen_and_can_be_copied_and_pickled(minimal: dict[str, Any]) -> None:
    spec = TemplateSpec(**minimal, header_media=UPLOADED, buttons=[QuickReply("Yes", events=[])])
    assert copy.deepcopy(spec) == spec
    assert pickle.loads(pickle.dumps(spec)) == spec  # noqa: S301
    with pytest.raises(ValidationError, match="frozen"):
        spec.content = "x"  # type: ignore[misc]


def test_an_error_can_be_pickled() -> None:
    with pytest.raises(TemplateSpecError) as caught:
        TemplateSpec()
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (str(again), again.violations) == (str(caught.value), caught.value.violations)


def test_keys_that_are_no_names_are_refused_and_break_nothing(minimal: dict[str, Any]) -> None:
    with pytest.raises(TemplateSpecError, match=r"(?s)self: is not a field.*1: is not a field"):
        TemplateSpec.from_mapping({**minimal, "self": 1, 1: 2})


def test_no_warning_without_a_tenant(minimal: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TemplateSpec(**minimal)


def test_specs_load_no_airflow_and_no_http() -> None:
    code = (
        "import sys\n"
        "from airflow_provider_nxlink.specs import files, rules\n"
        "heavy = {'airflow', 'requests', 'httpx', 'fastapi'}\n"
        "print({name.partition('.')[0] for name in sys.modules} & heavy)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
