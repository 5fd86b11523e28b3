"""What a response returns is known, and what it does not return is unknown instead of empty."""

from typing import Any

import pytest

from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.specs.diff import Difference, diff, may_be_removed, not_told
from airflow_provider_nxlink.specs.live import has_details, known_fields, not_returned, text_of, unmodelled
from airflow_provider_nxlink.specs.model import TemplateSpec

ROW = {"category": "UTILITY", "content": "Hi", "is_close_auto_flow": 0}
REPLY = {"type": "QUICK_REPLY", "text": "Yes"}
KNOWN_REPLY = {**REPLY, "buttonReqs": REPLY}
HIDDEN_IN_FLAT = ("header_text", "header_media", "footer_text", "other_components")


def live(*components: Any, **fields: Any) -> Template:
    parts = {"components": [{"type": "BODY", "text": "Hi"}, *components]} if components else {}
    return Template.model_validate({**ROW, **parts, **fields})


def spec(**fields: Any) -> TemplateSpec:
    return TemplateSpec(**{"name": "a", "language": "en", "category": "UTILITY", "content": "Hi", **fields})


@pytest.mark.parametrize(
    ("template", "hidden"),
    [
        (live({"type": "FOOTER", "text": "Shop"}), ()),
        (live({"type": "HEADER", "format": "TEXT", "text": None}), ("header_text",)),
        (live({"type": "HEADER", "format": None, "text": None}), ("header_text", "header_media")),
        (live({"type": "HEADER", "format": "IMAGE"}), ()),
        (live({"type": "FOOTER", "text": None}), ("footer_text",)),
        (
            live({"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Go", "url": "https://x.example"}]}),
            ("button_events",),
        ),
        (live({"type": "BUTTONS", "buttons": [KNOWN_REPLY]}), ()),
        (live(components=[], buttonComponents=None), HIDDEN_IN_FLAT),
        (live(components="none", buttonComponents=[REPLY]), HIDDEN_IN_FLAT),
        (live(buttonComponents=None), HIDDEN_IN_FLAT),
        (live(), ("header_text", "header_media", "footer_text", "buttons", "other_components")),
        (
            live({"type": "FOOTER", "text": "x"}, is_close_auto_flow=None, category=None),
            ("category", "is_close_auto_flow"),
        ),
    ],
)
def test_what_is_not_returned_is_named(template: Template, hidden: tuple[str, ...]) -> None:
    assert not_returned(template) == hidden


def test_a_row_of_the_list_has_no_details() -> None:
    assert not has_details(live())
    assert has_details(live(buttonComponents=None))
    assert has_details(live({"type": "BODY"}))


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"type": "CAROUSEL"}, "CAROUSEL"),
        ({"type": "limited_time_offer"}, "LIMITED_TIME_OFFER"),
        ({"type": None}, "a component without a type"),
        ("text", "a component without a type"),
        ({"type": "BODY", "text": "Again"}, "2 BODY components"),
        ({"type": "HEADER", "format": "LOCATION"}, "a LOCATION header"),
        ({"type": "BUTTONS", "buttons": None}, "buttons of an unknown form"),
        ({"type": "BUTTONS", "buttons": [{"type": "OTP", "text": "Copy"}]}, "a OTP button"),
        ({"type": "BUTTONS", "buttons": ["text"]}, "a broken button"),
        (
            {"type": "BUTTONS", "buttons": [REPLY]},
            'the quick reply "Yes" whose events are not known (no buttonReqs)',
        ),
        (
            {"type": "BUTTONS", "buttons": [{**REPLY, "buttonReqs": None}]},
            'the quick reply "Yes" whose events are not known (no buttonReqs)',
        ),
    ],
)
def test_what_no_spec_can_express_is_named(part: Any, named: str) -> None:
    assert unmodelled(live(part)) == (named,)


def test_an_unknown_button_of_the_flat_details_is_named() -> None:
    assert unmodelled(live(buttonComponents=[REPLY, {"type": "CATALOG", "text": "Look"}])) == (
        "a CATALOG button",
    )
    assert unmodelled(live(buttonComponents=[REPLY])) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a  b", "a b"),
        ("a \t\u00a0\u3000b", "a b"),
        ("a \nb", "a\nb"),
        ("a\t\r\nb", "a\nb"),
        ("a\rb", "a\nb"),
        ("a\x85b", "a\nb"),
        ("a\u2028b\u2029c", "a\nb\nc"),
        ("a\x0bb\x0cc", "a\nb\nc"),
        (" \x85a\x85 ", "a"),
        ("{{ 1 }} {{name }}", "{{1}} {{name}}"),
        ("Hi {{ \u00a01 }}", "Hi {{1}}"),
    ],
)
def test_texts_that_mean_the_same_are_equal(one: str, other: str) -> None:
    assert text_of(one) == text_of(other) == other
    there = live(components=[{"type": "BODY", "text": other}])
    assert diff(spec(content=one), there) == []
    button = {"type": "QUICK_REPLY", "text": one}
    assert diff(spec(buttons=[button]), live(buttonComponents=[{**button, "text": other}])) == []


@pytest.mark.parametrize(
    ("one", "other"), [("a b", "ab"), ("a\n\nb", "a\nb"), ("a\nb", "a b"), ("{{1}}", "{{2}}"), ("A", "a")]
)
def test_texts_that_differ_are_not_equal(one: str, other: str) -> None:
    assert text_of(one) != text_of(other)


def test_an_empty_text_is_none() -> None:
    assert text_of(None) is None
    assert text_of(" \x85\u2028") is None


def test_fields_are_not_compared_or_may_be_removed() -> None:
    flat = live(buttonComponents=None)
    wanted = spec(footer_text="Shop", is_close_auto_flow=False)
    assert diff(wanted, flat) == []
    assert not_told(wanted, flat) == ["footer_text"]
    assert may_be_removed(wanted, flat) == ["header_text", "header_media", "other_components"]


@pytest.mark.parametrize(
    "details", [{"buttonComponents": None}, {"components": [{"type": "BODY", "text": "Hi"}]}]
)
def test_is_close_auto_flow_is_compared_where_the_spec_sets_it(details: dict[str, Any]) -> None:
    on = live(is_close_auto_flow="1", **details)
    assert diff(spec(), on) == []
    assert diff(spec(is_close_auto_flow=True), on) == []
    assert diff(spec(is_close_auto_flow=False), on) == [Difference("is_close_auto_flow", True, False)]
    unknown = live(is_close_auto_flow=None, **details)
    assert "is_close_auto_flow" in not_told(spec(is_close_auto_flow=False), unknown)
    assert "is_close_auto_flow" in may_be_removed(spec(), unknown)


def test_fields_of_a_flow_button_that_a_spec_leaves_out_are_a_difference() -> None:
    sent = {"type": "FLOW", "text": "Rate", "flow_id": "7", "flow_action": "navigate", "navigate_screen": "A"}
    there = live(buttonComponents=[sent])
    assert diff(spec(buttons=[sent]), there) == []
    assert [item.path for item in diff(spec(buttons=[{**sent, "navigate_screen": None}]), there)] == [
        "buttons[0].navigate_screen"
    ]


def test_examples_of_links_are_shown_but_no_reason_for_an_update() -> None:
    link = {"type": "URL", "text": "Go", "url": "https://x.example/{{1}}", "example": ["https://x.example/1"]}
    there = live(buttonComponents=[link])
    wanted = spec(buttons=[{**link, "example": "https://x.example/2"}])
    assert diff(wanted, there) == []
    assert [item.path for item in diff(wanted, there, examples=True)] == ["buttons[0].example"]


def test_a_header_settles_both_kinds_of_header() -> None:
    listed = ["header_text", "header_media", "footer_text", "other_components"]
    assert spec(unconfirmed=listed).still_unconfirmed == tuple(listed)
    assert spec(unconfirmed=listed, header_text="News").still_unconfirmed == (
        "footer_text",
        "other_components",
    )
    assert spec(unconfirmed="footer_text", footer_text="Shop").still_unconfirmed == ()
    assert "unconfirmed" not in spec(unconfirmed=listed).to_wire(1)


def test_known_fields_are_those_of_the_list_for_content() -> None:
    assert known_fields(live({"type": "FOOTER", "text": "x"}), "content") == {
        "category": "UTILITY",
        "content": "Hi",
        "is_close_auto_flow": False,
    }
