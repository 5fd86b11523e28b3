"""One message as HTML: every part, specs and live templates, hostile texts, and what is not loaded."""

from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_nxlink.preview.bubble import (
    Header,
    Message,
    MessageButton,
    bubble_html,
    card_html,
    stylesheet,
)
from airflow_provider_nxlink.preview.gallery import Entry, gallery_html
from airflow_provider_nxlink.preview.sources import message_of
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.rules import problems
from airflow_provider_nxlink.specs.violations import Place, Violation
from tests.preview.conftest import ARABIC, HOSTILE, SPEC, hostile_fields, hostile_template, live
from tests.preview.html import assert_harmless, read


def media(**fields: Any) -> dict[str, Any]:
    spec = {key: value for key, value in SPEC.items() if key != "header_text"}
    return {**spec, "header_media": fields}


def test_a_spec_and_its_mapping_look_the_same() -> None:
    assert message_of(TemplateSpec(**SPEC)) == message_of(SPEC)


def test_every_part_is_shown() -> None:
    page = assert_harmless(bubble_html(message_of(SPEC)))
    for text in ("Good news for", "Hello", "fast", "unpack", "thanks", "Example Shop", "Track", "Book"):
        assert text in page.text
    assert len(page.of_class("nx-chip")) == 3


def test_examples_fill_header_body_and_links() -> None:
    page = read(bubble_html(message_of(SPEC), {"1": "Ada", "2": "4711"}))
    assert "Good news for Ada" in page.text
    assert "Hello Ada, order 4711" in page.text
    assert not page.of_class("nx-chip")


@pytest.mark.parametrize(
    ("button", "text"),
    [
        ({"type": "URL", "text": "Go", "url": "https://a.example/x"}, "opens https://a.example/x"),
        (
            {
                "type": "URL",
                "text": "Go",
                "url": "https://a.example/{{1}}",
                "example": ["https://a.example/7"],
            },
            "opens https://a.example/7",
        ),
        (
            {"type": "URL", "text": "Go", "url": "https://a.example/{{1}}", "example": "7"},
            "opens https://a.example/7",
        ),
        ({"type": "PHONE_NUMBER", "text": "Call", "phoneNumber": "+491"}, "calls +491"),
        ({"type": "COPY_CODE", "text": "Copy", "example": ["SAVE"]}, "copies SAVE"),
        ({"type": "FLOW", "text": "Book", "flow_id": "7"}, "opens flow 7"),
        ({"type": "QUICK_REPLY", "text": "Yes"}, "sends its text as a reply"),
        ({"type": "QUICK_REPLY", "text": "No", "customizeType": "unsubscribe"}, "unsubscribes the contact"),
        (
            {"type": "QUICK_REPLY", "text": "A", "buttonEvents": [{"event": "text", "text": "Bye"}]},
            "answers “Bye”",
        ),
        ({"type": "VOICE_CALL", "text": "Ring"}, "VOICE_CALL"),
    ],
)
def test_each_type_of_button_says_what_it_does(button: dict[str, Any], text: str) -> None:
    components = [{"type": "BODY", "text": "x"}, {"type": "BUTTONS", "buttons": [button]}]
    for source in ({**SPEC, "buttons": [button]}, live(components=components), live(buttons=[button])):
        page = read(bubble_html(message_of(source)))
        assert text in page.text
        assert button["text"] in page.text
        assert [attrs["data-type"] for attrs in page.of_class("nx-button")] == [button["type"]]


@pytest.mark.parametrize("kind", ["IMAGE", "VIDEO", "DOCUMENT"])
def test_media_show_their_kind_and_name_and_load_nothing(kind: str) -> None:
    spec = media(media_type=kind, original_filename="spring.bin", url="https://a.example/b.png")
    page = assert_harmless(bubble_html(message_of(spec)))
    assert kind.capitalize() in page.text
    assert "spring.bin" in page.text
    assert not page.all("img")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/b.png", "https://a.example/b.png"),
        ("http://a.example/b.png?v=2", "http://a.example/b.png?v=2"),
        ("javascript:alert(1)", None),
        ("data:image/png;base64,AAAA", None),
        ("file:///etc/passwd", None),
        ("//a.example/b.png", None),
        ("https://user:secret@a.example/b.png", None),
        ("https://a.example/b.png?Signature=abc", None),
    ],
)
def test_a_picture_is_loaded_only_when_asked_for_and_only_by_http(url: str, shown: str | None) -> None:
    message = message_of(media(media_type="IMAGE", url=url))
    assert not read(bubble_html(message)).all("img")
    images = read(bubble_html(message, show_media=True)).all("img")
    assert [image["src"] for image in images] == ([shown] if shown else [])
    assert all(image["alt"] == "b.png" for image in images)


def test_no_signature_of_a_link_is_shown() -> None:
    url = "https://user:secret@a.example/b.png?Signature=abc&token=def"
    components = [{"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [url]}}]
    for source in (media(media_type="IMAGE", url=url), live(components=components)):
        html = bubble_html(message_of(source), show_media=True)
        assert not [word for word in ("Signature", "abc", "def", "secret") if word in html]
        assert "b.png" in html


@pytest.mark.parametrize("language", ["ar", "he", "fa", "ur"])
def test_languages_from_right_to_left(language: str) -> None:
    page = read(bubble_html(message_of({**ARABIC, "language": language})))
    (bubble,) = page.of_class("nx-bubble")
    assert (bubble["dir"], bubble["lang"]) == ("rtl", language)
    assert {attrs["dir"] for attrs in (*page.all("p"), *page.of_class("nx-header"))} == {"rtl"}


def test_languages_from_left_to_right_take_each_block_as_it_is() -> None:
    page = read(bubble_html(message_of(SPEC)))
    (bubble,) = page.of_class("nx-bubble")
    assert (bubble["dir"], bubble["lang"]) == ("ltr", "en-US")
    assert {attrs["dir"] for attrs in page.all("p")} == {"auto"}


def test_a_live_template_says_what_it_does_not_show() -> None:
    assert message_of(live(content="x")).notes == ("The API did not return header, footer and buttons.",)
    assert message_of(live(content="x", buttons=[])).notes == ("The API did not return header and footer.",)
    carousel = live(components=[{"type": "BODY", "text": "x"}, {"type": "CAROUSEL", "cards": []}])
    assert message_of(carousel).notes == ("Contains CAROUSEL, which is not shown.",)
    rejected = live(status=0, content="x", buttons=[], components=[], rejected_reason="PROMOTIONAL")
    assert message_of(rejected).notes == ("Rejected: PROMOTIONAL",)


def test_jinja_in_a_live_template_is_plain_text() -> None:
    template = live(components=[{"type": "BODY", "text": "Hi {{ $json.Nome }}"}])
    page = read(bubble_html(message_of(template)))
    assert "Hi {{ $json.Nome }}" in page.text
    assert not page.of_class("nx-jinja")
    assert read(bubble_html(message_of({**SPEC, "content": "{{ params.x }}"}))).of_class("nx-jinja")


ODD: list[Any] = [None, 7, True, [], {}, [[]], {"a": {"b": 1}}, "x" * 3, [None, 1, "x", {"text": 5}]]


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_values_of_any_type_are_shown_somehow(value: Any) -> None:
    fields = ("type", "format", "text", "buttons", "example", "filename", "url")
    components = [
        {"type": kind, **{name: value for name in fields if name != "type"}}
        for kind in ("HEADER", "BODY", "FOOTER", "BUTTONS")
    ]
    button = dict.fromkeys(("type", "text", "url", "example", "buttonReqs", "buttonEvents"), value)
    components.append({"type": "BUTTONS", "buttons": [button, value]})
    for source in (live(components=components), live(buttons=[button]), dict.fromkeys(SPEC, value)):
        assert_harmless(card_html(message_of(source)))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_in_every_field(text: str) -> None:
    violation = Violation(text, "content", text, text, text, place=Place(text, 1, 1))
    for source in (hostile_template(text), hostile_fields(text)):
        for show_media in (False, True):
            html = gallery_html(
                [Entry(message_of(source), [violation, replace(violation, path=text)])],
                {"1": text},
                problems=[violation],
                title=text,
                show_media=show_media,
            )
            page = assert_harmless(html)
            assert not [image for image in page.all("img") if not str(image["src"]).startswith("http")]


def test_a_problem_stands_at_its_field() -> None:
    spec = {**SPEC, "footer_text": "x" * 61, "header_text": "x" * 61, "extra": 1}
    spec["buttons"] = [*SPEC["buttons"][:-1], {"type": "QUICK_REPLY", "text": "y" * 26}]
    html = bubble_html(message_of(spec), problems=problems(spec))
    order = [
        html.index(part)
        for part in ("field.unknown", 'nx-header"', "header.length", 'nx-body"', "footer.length")
    ]
    assert order == sorted(order)
    _, button = html.split("y" * 26, 1)
    assert "buttons[4].text" in button
    assert "buttons[4].text" not in html.removesuffix(button)


def test_an_unknown_button_and_no_place_are_no_error() -> None:
    found = [
        Violation("r", "buttons[9].url", "", "is wrong", "Fix it."),
        Violation("s", "", "", "is odd", "Go."),
    ]
    page = read(bubble_html(Message(body="x"), problems=found))
    assert "buttons[9].url: is wrong" in page.text
    assert "template: is odd" in page.text


def test_a_gallery_groups_names_and_sorts_languages() -> None:
    entries = [Entry(message_of(fields)) for fields in (SPEC, {**SPEC, "name": "a"}, ARABIC)]
    page = assert_harmless(gallery_html(entries))
    assert "3 templates, 0 errors, 0 warnings" in page.text
    heads = [tag for tag, _ in page.elements if tag in ("h1", "h2", "h3")]
    assert heads == ["h1", "h2", "h3", "h2", "h3", "h3"]
    assert page.text.rindex("en_US") > page.text.rindex("ar")


def test_a_page_forbids_what_it_does_not_need() -> None:
    def policy(html: str) -> str:
        (found,) = [meta["content"] for meta in read(html).all("meta") if meta.get("http-equiv")]
        return str(found)

    assert "default-src 'none'" in policy(gallery_html([]))
    assert "img-src data:;" in policy(gallery_html([]))
    assert "img-src data: http: https:;" in policy(gallery_html([], show_media=True))
    assert "unsafe-inline" not in policy(gallery_html([]))


def test_the_stylesheet_fetches_nothing_and_knows_both_themes() -> None:
    css = stylesheet()
    assert "url(" not in css
    assert "@import" not in css
    assert "prefers-color-scheme: dark" in css


def test_a_message_needs_neither_spec_nor_api() -> None:
    message = Message(
        body="Hi", header=Header("LOCATION"), buttons=(MessageButton("URL", "Go", ("opens it",)),)
    )
    page = assert_harmless(bubble_html(message))
    assert "Location" in page.text
    assert "opens it" in page.text
