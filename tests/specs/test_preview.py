"""The preview shows the message as the phone would."""

from typing import Any

import pytest

from airflow_provider_nxlink.specs.model import (
    CopyCodeButton,
    FlowButton,
    PhoneButton,
    QuickReply,
    TemplateSpec,
    UrlButton,
)


def test_a_whole_message(minimal: dict[str, Any]) -> None:
    spec = TemplateSpec(
        **{**minimal, "content": "Hello *{{1}}*,\r\nyour order {{2}} is ~late~ _on its way_."},
        header_text="Good news 1",
        footer_text="*Example* Shop",
        buttons=[
            UrlButton("Track", "https://shop.example/{{1}}", example="https://shop.example/42"),
            UrlButton("Shop", "https://shop.example/"),
            PhoneButton("Call", "+491234"),
            CopyCodeButton("SPRING"),
            FlowButton("Rate us", "77"),
            QuickReply("Stop", customize_type="unsubscribe", events=[{"event": "tag", "tag_name": "gone"}]),
            QuickReply(
                "More",
                events=[
                    {"event": "text", "text": "Soon!"},
                    {"event": "template", "template_id": 1, "template_name": "more"},
                ],
            ),
        ],
    )
    assert spec.preview({"2": "4711"}) == (
        "╭─ hello · en_US · UTILITY\n"
        "│ 𝗚𝗼𝗼𝗱 𝗻𝗲𝘄𝘀 𝟭\n"
        "│\n"
        "│ Hello {{1}},\n"
        "│ your order 4711 is l\u0336a\u0336t\u0336e\u0336 𝘰𝘯 𝘪𝘵𝘴 𝘸𝘢𝘺.\n"
        "│\n"
        "│ *Example* Shop\n"
        "├─\n"
        "│ [ Track ] opens https://shop.example/42\n"
        "│ [ Shop ] opens https://shop.example/\n"
        "│ [ Call ] calls +491234\n"
        "│ [ Copy offer code ] copies SPRING\n"
        "│ [ Rate us ] opens flow 77\n"
        "│ [ Stop ] replies, tags the contact 'gone', unsubscribes\n"
        "│ [ More ] replies, answers 'Soon!', sends template 'more'\n"
        "╰─"
    )


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("plain", "plain"),
        ("2*3*4 and a_b_c ~", "2*3*4 and a_b_c ~"),
        ("*a* b", "𝗮 b"),
        ("* a * b", "* a * b"),
        ("*_a_*", "𝙖"),
        ("```*a* 1```", "*𝚊* 𝟷"),
        ("*grün*", "*grün*"),
        ("*a\nb*", "*a\n│ b*"),
        ("{{first_name}} *{{1}} b*", "{{first_name}} {{1}} 𝗯"),
    ],
)
def test_whatsapps_marks(minimal: dict[str, Any], content: str, shown: str) -> None:
    preview = TemplateSpec(**{**minimal, "content": content}).preview()
    assert preview == f"╭─ hello · en_US · UTILITY\n│ {shown}\n╰─"


def test_a_media_header_is_named_without_its_signed_query(minimal: dict[str, Any]) -> None:
    spec = TemplateSpec(**minimal, header_media={"url": "https://x.example/a.jpg?Signature=1"})
    assert "│ [MEDIA https://x.example/a.jpg]\n│\n│ Hello there" in spec.preview()


def test_control_characters_do_not_reach_the_terminal(minimal: dict[str, Any]) -> None:
    assert "\x1b" not in TemplateSpec(**{**minimal, "content": "a \x1b[2J b"}).preview()


def test_a_spec_that_is_not_rendered_yet_can_be_shown(minimal: dict[str, Any]) -> None:
    jinja = "{{ params.x }}"
    button = {"type": jinja, "text": jinja, "events": [{"event": jinja}, jinja]}
    spec = TemplateSpec(**minimal, header_media=jinja, buttons=[button, jinja])
    assert spec.preview().count(jinja) == 4


@pytest.mark.parametrize("example", ["summer2023", "https://shop.example/t/summer2023"])
def test_a_link_is_filled_with_either_form_of_its_example(example: str) -> None:
    button = UrlButton("Go", "https://shop.example/t/{{1}}", example)
    spec = TemplateSpec(name="a", language="en", category=1, content="a", buttons=[button])
    assert "[ Go ] opens https://shop.example/t/summer2023\n" in f"{spec.preview()}\n"
