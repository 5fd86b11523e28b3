"""A bare {{1}} or {{word}} is WhatsApp's; any other Jinja is Airflow's."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined
from jinja2.nativetypes import NativeEnvironment

from airflow_provider_nxlink.specs.model import QuickReply, TemplateSpec, UrlButton
from airflow_provider_nxlink.specs.placeholders import (
    PlaceholderError,
    has_jinja,
    positional,
    render_spec,
    render_text,
)
from airflow_provider_nxlink.specs.spans import spans
from airflow_provider_nxlink.specs.violations import TemplateSpecError

CONTEXT: dict[str, Any] = {
    "ds": "2026-11-23",
    "ds_nodash": "20261123",
    "params": {"city": "Bonn", "placeholder": "{{2}}", "crlf": "a\r\nb", "digits": "007", "empty": ""},
    "yes": True,
    "no": False,
}


def jinja(environment: type[Environment] = Environment) -> Callable[[str], Any]:
    """Render as Airflow does: strict about undefined names, trailing line ends dropped."""
    env = environment(undefined=StrictUndefined, extensions=["jinja2.ext.do"])
    return lambda source: env.from_string(source).render(CONTEXT)


def never(source: str) -> str:
    raise AssertionError(f"rendered {source!r}")


UNTOUCHED = [
    "",
    "Hello",
    "Hello {{1}}",
    "{{ 2 }} and {{\t3\n}}",
    "{{WhatsApp}}",
    "{{first_name}}, {{ds}}",
    "{{姓名}}",
    "{{1}}}",
    "a { b } c {",
    "line\r\n{{1}}\rline\n\n",
    "50% off",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_text_without_airflow_jinja_is_not_rendered_at_all(text: str) -> None:
    assert render_text(text, never) == text
    assert not has_jinja(text)


RENDERED = [
    ("Hello {{1}} from {{ params.city }}", "Hello {{1}} from Bonn"),
    ("{{ 2 }}{{ ds }}{{ ds | upper }}", "{{ 2 }}{{ ds }}2026-11-23"),
    ("{{ (ds) }} {{ds}}", "2026-11-23 {{ds}}"),
    ("{% raw %}{{ params.x }}{% endraw %}", "{{ params.x }}"),
    ("{% raw %}{{1}}\r\n{% endraw %}{{ds}}", "{{1}}\r\n{{ds}}"),
    ("{% if yes %}Hi {{ 1 }}{% else %}Bye {{2}}{% endif %}", "Hi {{ 1 }}"),
    ("{% for n in [1, 2] %}{{WhatsApp}}{{ n + 0 }}{% endfor %}", "{{WhatsApp}}1{{WhatsApp}}2"),
    ("{% filter upper %}hi {{name}}{% endfilter %}", "HI {{name}}"),
    ("{% set x = 1 %}{{1}}", "{{1}}"),
    ("{{1}} {%- if yes -%}  {{ 2 }}  {%- endif %}", "{{1}}{{ 2 }}"),
    ("{{- ds -}} {{1}}", "2026-11-23{{1}}"),
    ("{{1}}{# a note #} end\n\n", "{{1}} end\n\n"),
    ("\r\n{{ params.city }}\r\n", "\r\nBonn\r\n"),
    ("{{ params.empty }}", ""),
    ("{{ 'ds' }} {{ {'a': ds}['a'] }}", "ds 2026-11-23"),
]


@pytest.mark.parametrize("environment", [Environment, NativeEnvironment])
@pytest.mark.parametrize(("text", "expected"), RENDERED)
def test_other_jinja_is_rendered_around_the_placeholders(
    text: str, expected: str, environment: type[Environment]
) -> None:
    assert has_jinja(text)
    assert render_text(text, jinja(environment)) == expected


def test_native_rendering_does_not_turn_a_text_into_a_number_or_a_list() -> None:
    assert render_text("{{ params.digits }}", jinja(NativeEnvironment)) == "007"
    assert render_text("[{{ params.digits }}]", jinja(NativeEnvironment)) == "[007]"
    assert render_text("[{{ ds | length }}] # note", jinja(NativeEnvironment)) == "[10] # note"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{{1}", "line 1"),
        ("fine\nor {#12 is it", "line 2"),
        ("{{ 'open }}", "line 1"),
    ],
)
def test_braces_that_jinja_cannot_read_are_shown_with_the_way_out(text: str, where: str) -> None:
    with pytest.raises(PlaceholderError, match=rf"{where}.*\{{% raw %\}}"):
        render_text(text, jinja())
    with pytest.raises(PlaceholderError, match=where):
        has_jinja(text)


def test_a_block_that_is_never_closed_is_shown_with_the_way_out() -> None:
    with pytest.raises(PlaceholderError, match=r"line 1.*\{% endraw %\}"):
        render_text("{% raw %} never closed", jinja())


def test_a_tag_that_jinja_does_not_know_is_shown_with_the_way_out() -> None:
    with pytest.raises(PlaceholderError, match="unknown tag 'off'"):
        render_text("only today\n100{% off %}", jinja())


@pytest.mark.parametrize(
    "text",
    ["{{1}} {{ params.placeholder }}", "{{2}} {{ params.placeholder }}", "{{ '{{3}}' }}", "{{ '{' }}{4}}"],
)
def test_a_positional_placeholder_that_appears_is_an_error(text: str) -> None:
    with pytest.raises(PlaceholderError, match=r"\{\{[234]\}\} appeared"):
        render_text(text, jinja())


@pytest.mark.parametrize("text", ["{% set x %}{{1}}{% endset %}", "{% macro m() %}{{1}}{% endmacro %}"])
def test_a_positional_placeholder_that_vanishes_is_an_error(text: str) -> None:
    with pytest.raises(PlaceholderError, match=r"\{\{1\}\} vanished"):
        render_text(text, jinja())


def test_jinja_that_changes_a_placeholder_is_an_error() -> None:
    with pytest.raises(PlaceholderError, match="changes the placeholders"):
        render_text("{% filter urlencode %}{{name}}{% endfilter %}", jinja())


def test_a_dropped_branch_may_take_its_placeholder_along() -> None:
    assert render_text("Hi{% if no %} {{1}}{% endif %}!", jinja()) == "Hi!"
    assert render_text("Hi{% for n in [] %} {{1}}{% endfor %}!", jinja()) == "Hi!"


def test_positional_lists_the_numbers_as_written() -> None:
    assert positional("{{2}} {{ 1 }} {{name}} {{2}} {{ 1 + 1 }}") == [2, 1, 2]


# Each piece with what it must become; any sequence of them must become the sequence of those.
PIECES = st.sampled_from(
    [
        ("{{ params.city }}", "Bonn"),
        ("{{ ds | upper }}", "2026-11-23"),
        ("{% if yes %}in {{name}}{% endif %}", "in {{name}}"),
        ("{% raw %}{{ x.y }}{% endraw %}", "{{ x.y }}"),
        ("{# note #}", ""),
        ("{{1}}", "{{1}}"),
        ("{{ WhatsApp\t}}", "{{ WhatsApp\t}}"),
    ]
)
PLAIN = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]))
LITERAL = PLAIN.map(lambda text: (text, text))


@settings(deadline=None)
@given(st.lists(st.one_of(PIECES, LITERAL)))
@example([("{{ params.city }}", "Bonn"), ("\r", "\r"), ("\n", "\n")])
def test_no_text_makes_the_rule_lose_or_invent_a_character(pieces: list[tuple[str, str]]) -> None:
    text = "".join(source for source, _ in pieces)
    assert render_text(text, jinja()) == "".join(result for _, result in pieces)


@settings(deadline=None)
@given(st.text(st.sampled_from("{}%#-+ \r\n\"'1ax|.raweniflsd")))
def test_the_spans_of_any_text_cover_it_without_gap_or_overlap(text: str) -> None:
    try:
        pieces = list(spans(text))
    except PlaceholderError:
        return
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    assert all(re.fullmatch(r"\{\{\s*\w+\s*\}\}", text[p.start : p.end]) for p in pieces if p.kind == "bare")


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from(["{{1}}", "{{ ds }}", "{{\n2\r\n}}", "{{1a}}", "{{²}}"]), PLAIN)))
def test_a_text_is_split_alike_with_and_without_the_lexer(pieces: list[str]) -> None:
    text = "".join(pieces)
    *found, comment = spans(f"{text}{{# read by the lexer #}}")
    assert (comment.kind, comment.start) == ("jinja", len(text))
    assert list(spans(text)) == found


@pytest.mark.parametrize(
    ("text", "optional"),
    [
        ("{{1}}", False),
        ("{% if a %}{{1}}{% endif %}", True),
        ("{% for a in b %}{% filter upper %}{{1}}{% endfilter %}{% endfor %}", True),
        ("{% if a %}{% set x = 1 %}{% endif %}{{1}}", False),
        ("{% if a %}{% set x %}b{% endset %}{% endif %}{{1}}", False),
        ("{% filter upper %}{{1}}{% endfilter %}", False),
    ],
)
def test_a_placeholder_is_optional_only_inside_a_branch_or_loop(text: str, optional: bool) -> None:
    (bare,) = [span for span in spans(text) if span.kind == "bare"]
    assert bare.optional is optional


UPSTREAM = object()


def render(value: Any) -> Any:
    """Render as an operator does, upstream values included."""

    def other(leaf: Any) -> Any:
        if leaf is UPSTREAM:
            return "from {{ upstream.task }} with {{1}}"
        return jinja()(leaf) if isinstance(leaf, str) else leaf

    return render_spec(value, render_text=jinja(), render_other=other)


SNAKE = {
    "name": "promo_{{ ds_nodash }}",
    "language": "en",
    "category": 1,
    "content": "Hi {{1}} in {{ params.city }}",
    "header_text": "{{ds}}",
    "footer_text": "{{ ds | upper }}",
    "tag_name": "{{ds}}",
    "buttons": [
        {
            "type": "URL",
            "text": "Go {{ params.city }}",
            "url": "https://x.example/{{ params.city }}/{{1}}",
            "example": ["https://x.example/{{ params.city }}/1"],
            "events": [{"event": "text", "text": "{{WhatsApp}}"}, {"event": "tag", "tag_name": "{{ds}}"}],
        }
    ],
}
RENDERED_SNAKE = {
    "name": "promo_20261123",
    "language": "en",
    "category": 1,
    "content": "Hi {{1}} in Bonn",
    "header_text": "{{ds}}",
    "footer_text": "2026-11-23",
    "tag_name": "2026-11-23",
    "buttons": [
        {
            "type": "URL",
            "text": "Go Bonn",
            "url": "https://x.example/Bonn/{{1}}",
            "example": ["https://x.example/Bonn/1"],
            "events": [{"event": "text", "text": "{{WhatsApp}}"}, {"event": "tag", "tag_name": "2026-11-23"}],
        }
    ],
}


def test_texts_of_a_spec_keep_their_placeholders_and_other_fields_are_plain_jinja() -> None:
    assert render(SNAKE) == RENDERED_SNAKE
    assert render([SNAKE, SNAKE]) == [RENDERED_SNAKE, RENDERED_SNAKE]


def test_the_vendors_spelling_is_rendered_by_the_same_rule() -> None:
    body = {
        "headerText": "{{1}}",
        "footerText": "{{WhatsApp}}",
        "mediaName": "{{ds}}",
        "buttonComponents": [{"text": "{{1}}", "buttonEvents": [{"text": "{{2}}", "tagName": "{{ds}}"}]}],
    }
    assert render(body) == {
        "headerText": "{{1}}",
        "footerText": "{{WhatsApp}}",
        "mediaName": "2026-11-23",
        "buttonComponents": [{"text": "{{1}}", "buttonEvents": [{"text": "{{2}}", "tagName": "2026-11-23"}]}],
    }


def test_spec_objects_are_rendered_like_the_dicts_they_stand_for() -> None:
    spec = TemplateSpec(
        name="promo_{{ ds_nodash }}",
        language="en",
        category=1,
        content="Hi {{1}} in {{ params.city }}",
        header_media={"url": "https://x.example/{{ds}}.png"},
        buttons=[QuickReply("Yes"), UrlButton("Go", "https://x.example/{{1}}", "https://x.example/{{ds}}")],
    )
    rendered = render(spec)
    assert rendered["content"] == "Hi {{1}} in Bonn"
    assert rendered["header_media"] == {"url": "https://x.example/2026-11-23.png"}
    assert rendered["buttons"][1]["url"] == "https://x.example/{{1}}"
    assert render({"buttons": [QuickReply("{{1}}")]}) == {
        "buttons": [{"type": "QUICK_REPLY", "text": "{{1}}"}]
    }


def test_upstream_values_are_data_and_not_rendered_again() -> None:
    value = "from {{ upstream.task }} with {{1}}"
    assert render({"content": UPSTREAM, "buttons": [{"text": UPSTREAM}]}) == {
        "content": value,
        "buttons": [{"text": value}],
    }
    assert render(UPSTREAM) == value


def test_every_unsound_text_is_named_in_one_error() -> None:
    with pytest.raises(TemplateSpecError) as caught:
        render({"content": "{{1}", "buttons": [{"text": "ok"}, {"url": "{{ params.placeholder }}"}]})
    assert [violation.path for violation in caught.value.violations] == ["content", "buttons[1].url"]
