"""WhatsApp's formatting, as a table, and the time it takes."""

import time

import pytest

from airflow_provider_nxlink.preview.formatting import Filler, body_html, plain_html
from tests.preview.conftest import HOSTILE
from tests.preview.html import assert_harmless


def chip(text: str) -> str:
    return f'<span class="nx-chip" dir="ltr">{text}</span>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold*", "<strong>bold</strong>"),
        ("_italic_", "<em>italic</em>"),
        ("~strike~", "<s>strike</s>"),
        ("```mono```", '<code class="nx-mono">mono</code>'),
        ("`code`", '<code class="nx-code">code</code>'),
        ("a *b c* d", "a <strong>b c</strong> d"),
        ("(*b*), _i_!", "(<strong>b</strong>), <em>i</em>!"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("_*~all~*_", "<em><strong><s>all</s></strong></em>"),
        ("*bold _italic_ bold*", "<strong>bold <em>italic</em> bold</strong>"),
        ("*größer*", "<strong>größer</strong>"),
        ("*🎉*", "<strong>🎉</strong>"),
        ("*{{1}}*", f"<strong>{chip('{{1}}')}</strong>"),
        ("`a *b*`", '<code class="nx-code">a *b*</code>'),
        ("```a *b*\n- c```", '<code class="nx-mono">a *b*\n- c</code>'),
        ("*a* *b*", "<strong>a</strong> <strong>b</strong>"),
        # No formatting.
        ("2*3*4", "2*3*4"),
        ("snake_case_name", "snake_case_name"),
        ("a * b * c", "a * b * c"),
        ("*not closed", "*not closed"),
        ("not opened*", "not opened*"),
        ("*one\ntwo*", "*one\ntwo*"),
        ("a * *", "a * *"),
        ("**", "**"),
        ("``` ```", "``` ```"),
        ("``", "``"),
        ("x```y```", "x```y```"),
        # Marks that overlap: the inner one is plain text.
        ("*a _b* c_", "<strong>a _b</strong> c_"),
        ("a & b < c", "a &amp; b &lt; c"),
    ],
)
def test_formatting_within_a_line(text: str, html: str) -> None:
    assert body_html(text) == f'<p dir="auto">{html}</p>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("- a\n* *b*", '<ul dir="auto"><li>a</li><li><strong>b</strong></li></ul>'),
        ("* {{1}}", f'<ul dir="auto"><li>{chip("{{1}}")}</li></ul>'),
        ("1. a\n3. b", '<ol dir="auto"><li value="1">a</li><li value="3">b</li></ol>'),
        ("> a\n> _b_", '<blockquote dir="auto">a\n<em>b</em></blockquote>'),
        ("a\n- b\nc", '<p dir="auto">a</p>\n<ul dir="auto"><li>b</li></ul>\n<p dir="auto">c</p>'),
        ("a\n\nb", '<p dir="auto">a\n\nb</p>'),
        ("a\r\nb\rc", '<p dir="auto">a\nb\nc</p>'),
        ("-a\n1.b\n>c\n- ", '<p dir="auto">-a\n1.b\n&gt;c\n- </p>'),
        ("", ""),
        ("a\n\n", '<p dir="auto">a</p>'),
    ],
)
def test_lists_and_quotes(text: str, html: str) -> None:
    assert body_html(text) == html


def test_a_blank_line_before_a_list_is_kept() -> None:
    assert body_html("a\n\n- b").startswith('<p dir="auto">a\n\n</p>')


def test_examples_fill_placeholders_and_are_not_formatted() -> None:
    filler = Filler({"1": "*Ada*", "name": "<b>"})
    assert body_html("{{1}} {{ name }} {{2}}", filler) == (
        '<p dir="auto"><bdi class="nx-filled" title="{{1}}">*Ada*</bdi>'
        f' <bdi class="nx-filled" title="{{{{ name }}}}">&lt;b&gt;</bdi> {chip("{{2}}")}</p>'
    )


def test_jinja_is_marked_only_where_there_may_be_some() -> None:
    text = "{{ params.city }} {% if x %}"
    assert plain_html(text) == text
    assert plain_html(text, Filler(jinja=True)).count("nx-jinja") == 2


def test_headers_and_footers_have_no_formatting() -> None:
    assert plain_html("*a* {{1}}") == f"*a* {chip('{{1}}')}"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_escaped(text: str) -> None:
    for html in (body_html(text), plain_html(text), body_html("{{1}}", Filler({"1": text}))):
        assert_harmless(html)


PATTERNS = (
    "*",
    "_",
    "`",
    "```",
    "*a ",
    "_*~",
    "{{",
    "{{a",
    "}}",
    "{%",
    "> ",
    "- ",
    "1. ",
    "*a\n",
    " ",
    "a",
    "```a",
    "`a ",
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_time_is_linear_in_the_length(pattern: str) -> None:
    """128 KiB take about a second; anything quadratic would take minutes."""
    text = pattern * (2**17 // len(pattern))
    start = time.monotonic()
    body_html(text, Filler({"1": "x"}, jinja=True))
    assert time.monotonic() - start < 10
