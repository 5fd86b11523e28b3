"""WhatsApp's rules: for each an input that breaks it, one that just passes, and what is said."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from airflow_provider_nxlink.specs import part_rules, rules, text_rules
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.rules import check, load
from airflow_provider_nxlink.specs.violations import TemplateSpecError

URL = {"type": "URL", "text": "Go", "url": "https://x.example/"}
DYNAMIC = {**URL, "url": "https://x.example/{{1}}"}
REPLY = {"type": "QUICK_REPLY", "text": "Yes"}
PHONE = {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+491234"}
CODE = {"type": "COPY_CODE", "text": "Copy", "example": "SPRING"}
FLOW = {"type": "FLOW", "text": "Open", "flow_id": "1"}
MEDIA = {"media_id": "1", "media_type": "IMAGE", "h": "4:a"}


class Row(NamedTuple):
    rule: str
    path: str
    breaks: Mapping[str, Any]
    passes: Mapping[str, Any]
    says: str


def content(text: str) -> dict[str, Any]:
    return {"content": text}


def buttons(*items: Mapping[str, Any]) -> dict[str, Any]:
    return {"buttons": list(items)}


ERRORS = [
    Row("name.pattern", "name", {"name": "Spring Sale"}, {"name": "spring_sale"}, "'spring_sale' would do"),
    Row("name.pattern", "name", {"name": "a" * 513}, {"name": "a" * 512}, "1 to 512"),
    Row("name.pattern", "name", {"name": "Grüße!"}, {"name": "gru_e"}, "'grue' would do"),
    Row("language.malformed", "language", {"language": "en-US"}, {"language": "en_US"}, "'en_US'"),
    Row("language.malformed", "language", {"language": "pt_br"}, {"language": "pt_BR"}, "'pt_BR'"),
    Row("language.malformed", "language", {"language": "German"}, {"language": "de"}, "'de'"),
    Row(
        "category.authentication",
        "category",
        {"category": "authentication"},
        {"category": "utility"},
        "not available through this API",
    ),
    Row("category.unknown", "category", {"category": 3}, {"category": 2}, "MARKETING (1)"),
    Row("category.unknown", "category", {"category": "PROMO"}, {"category": "1"}, "UTILITY"),
    Row(
        "header.one-kind",
        "header_text",
        {"header_text": "a", "header_media": MEDIA},
        {"header_media": MEDIA},
        "one of them",
    ),
    Row(
        "header.length", "header_text", {"header_text": "a" * 61}, {"header_text": "a" * 60}, "60 characters"
    ),
    Row(
        "header.variables",
        "header_text",
        {"header_text": "{{1}} {{2}}"},
        {"header_text": "{{1}}"},
        "Keep one",
    ),
    Row("header.gaps", "header_text", {"header_text": "a {{2}}"}, {"header_text": "a {{1}}"}, "without gaps"),
    Row("header.newline", "header_text", {"header_text": "a\nb"}, {"header_text": "a b"}, "one line"),
    Row("header.blank", "header_text", {"header_text": " "}, {"header_text": " a "}, "blanks only"),
    Row(
        "header.control", "header_text", {"header_text": "a\tb"}, {"header_text": "a b"}, "control character"
    ),
    Row(
        "field.choice",
        "header_media.media_type",
        {"header_media": {**MEDIA, "media_type": "AUDIO"}},
        {"header_media": {**MEDIA, "media_type": "video"}},
        "IMAGE, VIDEO or DOCUMENT",
    ),
    Row(
        "media.type",
        "header_media.media_type",
        {"header_media": {"media_id": "1"}},
        {"header_media": {"url": "https://x.example/a"}},
        "IMAGE",
    ),
    Row("field.required", "content", {"content": ""}, content("a"), "missing or empty"),
    Row("body.required", "content", content(" \n "), content("a"), "blanks only"),
    Row("body.control", "content", content("a\x07b"), content("a\r\nb"), "control character"),
    Row("body.length", "content", content("a" * 1025), content("a" * 1024), "1024 characters"),
    Row(
        "body.gaps",
        "content",
        content("a {{1}} b {{3}} c"),
        content("a {{2}} b {{1}} c {{2}} d"),
        "without gaps",
    ),
    Row("body.gaps", "content", content("a {{0}} b"), content("a {{1}} b"), "from {{1}}"),
    Row(
        "footer.length", "footer_text", {"footer_text": "a" * 61}, {"footer_text": "a" * 60}, "60 characters"
    ),
    Row(
        "footer.variables",
        "footer_text",
        {"footer_text": "a {{b}}"},
        {"footer_text": "a {b}"},
        "without variables",
    ),
    Row("footer.blank", "footer_text", {"footer_text": "\u3000"}, {"footer_text": "a"}, "blanks only"),
    Row("footer.control", "footer_text", {"footer_text": "a\x00"}, {"footer_text": "a"}, "control character"),
    Row("buttons.count", "buttons", buttons(*[REPLY] * 10, URL), buttons(*[REPLY] * 9, URL), "Keep 10"),
    Row("buttons.count-of-type", "buttons", buttons(URL, URL, URL), buttons(URL, URL), "Keep 2"),
    Row("buttons.count-of-type", "buttons", buttons(PHONE, PHONE), buttons(PHONE), "Keep 1"),
    Row("buttons.count-of-type", "buttons", buttons(CODE, CODE), buttons(CODE), "Keep 1"),
    Row("buttons.count-of-type", "buttons", buttons(FLOW, FLOW), buttons(FLOW), "Keep 1"),
    Row("buttons.grouping", "buttons", buttons(REPLY, URL, REPLY), buttons(REPLY, REPLY, URL), "together"),
    Row(
        "buttons.grouping",
        "buttons",
        buttons(REPLY, PHONE, REPLY, URL),
        buttons(URL, PHONE, REPLY),
        "together",
    ),
    Row("field.required", "buttons[0].text", buttons({"type": "QUICK_REPLY"}), buttons(REPLY), "missing"),
    Row(
        "button.text-length",
        "buttons[0].text",
        buttons({**REPLY, "text": "a" * 26}),
        buttons({**REPLY, "text": "a" * 25}),
        "25 characters",
    ),
    Row(
        "button.text-variables",
        "buttons[0].text",
        buttons({**REPLY, "text": "{{1}}"}),
        buttons({**REPLY, "text": "{1}"}),
        "without variables",
    ),
    Row(
        "button.text-blank", "buttons[0].text", buttons({**REPLY, "text": " "}), buttons(REPLY), "blanks only"
    ),
    Row(
        "button.text-newline",
        "buttons[0].text",
        buttons({**REPLY, "text": "Yes\nplease"}),
        buttons({**REPLY, "text": "Yes please"}),
        "one line",
    ),
    Row(
        "button.text-control",
        "buttons[0].text",
        buttons({**REPLY, "text": "Yes\x1b"}),
        buttons(REPLY),
        "control character",
    ),
    Row(
        "field.required",
        "buttons[0].url",
        buttons({"type": "URL", "text": "a"}),
        buttons(URL),
        "URL needs it",
    ),
    Row(
        "url.length",
        "buttons[1].url",
        buttons(REPLY, {**URL, "url": "https://x.example/".ljust(2001, "a")}),
        buttons(REPLY, {**URL, "url": "https://x.example/".ljust(2000, "a")}),
        "2000",
    ),
    Row(
        "url.variables",
        "buttons[0].url",
        buttons({**DYNAMIC, "url": "https://x.example/{{1}}{{2}}", "example": "https://x.example/1"}),
        buttons({**DYNAMIC, "example": "https://x.example/1"}),
        "Keep one",
    ),
    Row(
        "url.variable-end",
        "buttons[0].url",
        buttons({**DYNAMIC, "url": "https://x.example/{{1}}/a", "example": "https://x.example/1/a"}),
        buttons({**DYNAMIC, "example": ["https://x.example/1"]}),
        "very end",
    ),
    Row(
        "url.gaps",
        "buttons[0].url",
        buttons({**DYNAMIC, "url": "https://x.example/{{2}}", "example": "https://x.example/1"}),
        buttons({**DYNAMIC, "example": ["https://x.example/1"]}),
        "from {{1}}",
    ),
    Row("url.example", "buttons[0].example", buttons(DYNAMIC), buttons(URL), "url has a variable"),
    Row(
        "url.example",
        "buttons[0].example[0]",
        buttons({**DYNAMIC, "example": "https://x.example/{{1}}"}),
        buttons({**DYNAMIC, "example": "https://x.example/42"}),
        "holds a variable itself",
    ),
    Row(
        "url.example",
        "buttons[0].example[0]",
        buttons({**DYNAMIC, "example": " "}),
        buttons({**DYNAMIC, "example": "summer2023"}),
        "what stands for the variable",
    ),
    Row("url.address", "buttons[0].url", buttons({**URL, "url": "x.example"}), buttons(URL), "https://"),
    Row(
        "url.address",
        "buttons[0].url",
        buttons({**URL, "url": "javascript:alert(1)"}),
        buttons({**URL, "url": "http://x.example:8080/a"}),
        "https://",
    ),
    Row(
        "url.address",
        "buttons[0].url",
        buttons({**URL, "url": "{{1}}", "example": "https://x.example"}),
        buttons({**DYNAMIC, "example": "a"}),
        "the host",
    ),
    Row(
        "url.address",
        "buttons[0].url",
        buttons({**URL, "url": "https://{{1}}", "example": "x.example"}),
        buttons({**URL, "url": "https://x.example"}),
        "the host",
    ),
    Row("url.address", "buttons[0].url", buttons({**URL, "url": "https://"}), buttons(URL), "the host"),
    Row(
        "url.control",
        "buttons[0].url",
        buttons({**URL, "url": "https://x.example/a\nb"}),
        buttons({**URL, "url": "https://x.example/a%0Ab"}),
        "control character",
    ),
    Row(
        "field.required",
        "buttons[0].phone_number",
        buttons({"type": "PHONE_NUMBER", "text": "a"}),
        buttons(PHONE),
        "PHONE_NUMBER needs it",
    ),
    Row(
        "phone.length",
        "buttons[0].phone_number",
        buttons({**PHONE, "phone_number": "1" * 21}),
        buttons({**PHONE, "phone_number": "1" * 20}),
        "20",
    ),
    Row(
        "phone.format",
        "buttons[0].phone_number",
        buttons({**PHONE, "phone_number": "call me"}),
        buttons({**PHONE, "phone_number": "+49 (30) 123-456"}),
        "digits with the country code",
    ),
    Row(
        "phone.format",
        "buttons[0].phone_number",
        buttons({**PHONE, "phone_number": "+"}),
        buttons({**PHONE, "phone_number": "112"}),
        "is not a phone number",
    ),
    Row(
        "field.required",
        "buttons[0].example",
        buttons({"type": "COPY_CODE", "text": "a"}),
        buttons(CODE),
        "COPY_CODE needs it",
    ),
    Row(
        "code.length",
        "buttons[0].example[0]",
        buttons({**CODE, "example": "A" * 16}),
        buttons({**CODE, "example": "A" * 15}),
        "15",
    ),
    Row(
        "field.required",
        "buttons[0].flow_id",
        buttons({"type": "FLOW", "text": "a"}),
        buttons(FLOW),
        "FLOW needs it",
    ),
    Row(
        "field.required",
        "buttons[0].events[0].tag_name",
        buttons({**REPLY, "events": [{"event": "tag"}]}),
        buttons({**REPLY, "events": [{"event": "tag", "tagName": "a"}]}),
        "tag needs it",
    ),
    Row(
        "field.required",
        "buttons[0].events[0].text",
        buttons({**REPLY, "events": [{"event": "text"}]}),
        buttons({**REPLY, "events": [{"event": "text", "text": "a"}]}),
        "text needs it",
    ),
    Row(
        "field.required",
        "buttons[0].events[0].template_name",
        buttons({**REPLY, "buttonEvents": [{"event": "template", "templateId": 1}]}),
        buttons({**REPLY, "buttonEvents": [{"event": "template", "templateId": 1, "templateName": "a"}]}),
        "template needs it",
    ),
    Row(
        "field.choice",
        "buttons[0].customize_type",
        buttons({**REPLY, "customizeType": "special"}),
        buttons({**REPLY, "customizeType": "unsubscribe"}),
        "conventional or unsubscribe",
    ),
    Row(
        "button.customize-type",
        "buttons[0].customize_type",
        buttons({**URL, "customizeType": "unsubscribe"}),
        buttons({**URL, "customizeType": "conventional"}),
        "QUICK_REPLY only",
    ),
]
WARNINGS = [
    Row(
        "buttons.two-groups",
        "buttons",
        buttons(URL, REPLY, PHONE),
        buttons(URL, PHONE, REPLY),
        "between other buttons",
    ),
    Row("language.unknown", "language", {"language": "no"}, {"language": "nb"}, "that we know"),
    Row("body.edge-variable", "content", content("{{1}} hello"), content("Hi {{1}} hello"), "starts or ends"),
    Row(
        "body.edge-variable", "content", content("hello {{1}}\n"), content("hello {{1}} ok"), "starts or ends"
    ),
    Row(
        "body.edge-variable",
        "content",
        content("Your order is on its way, {{1}}."),
        content("Your order is on its way, {{1}}. Thank you"),
        "punctuation does not count",
    ),
    Row(
        "body.edge-variable",
        "content",
        content("*{{1}}*, hello"),
        content("Hi *{{1}}*, hi"),
        "starts or ends",
    ),
    Row("body.edge-variable", "content", content("¡{{1}}! hello"), content("₹{{1}} hello"), "starts or ends"),
    Row(
        "body.many-variables",
        "content",
        content("Hi {{1}}! {{2}} starts at {{3}}. Are you coming?"),
        content("Hi {{1}}! {{2}} starts at {{3}}. Are you coming today?"),
        "3 words for each",
    ),
    Row(
        "body.many-variables",
        "content",
        content("A {{1}}, {{2}} z"),
        content("A {{1}}, {{1}}, {{1}} z"),
        "too many variables",
    ),
    Row(
        "body.many-variables",
        "content",
        content("Hello {{1}}, hi"),
        content("您好{{1}}，您的订单{{2}}已发货。"),
        "too many variables",
    ),
    Row(
        "body.adjacent-variables",
        "content",
        content("a {{1}} {{2}} b"),
        content("a {{1}}, {{2}} b"),
        "next to each other",
    ),
    Row(
        "body.adjacent-variables",
        "content",
        content("a {{1}}{{name}} b"),
        content("a {{1}}\n{{2}} b"),
        "next to each other",
    ),
    Row("body.newlines", "content", content("a\n\n\nb"), content("a\n\nb"), "line breaks"),
    Row("body.newlines", "content", content("a\r\n\r\n\r\nb"), content("a\r\n\r\nb"), "line breaks"),
    Row("body.spaces", "content", content("a     b"), content("a    b"), "blanks"),
    Row("body.tabs", "content", content("a\tb"), content("a b"), "tab"),
    Row(
        "body.named-variable",
        "content",
        content("a {{WhatsApp}} b"),
        content("a {{first_name}} b"),
        "contact field",
    ),
    Row(
        "body.mixed-variables",
        "content",
        content("a {{1}} {{name}} b"),
        content("a {{1}} {{2}} b"),
        "one kind",
    ),
    Row("body.braces", "content", content("Hello {1}}"), content("Hello {{1}}"), "two braces on each side"),
    Row("body.braces", "content", content("Hello {1}"), content("Hello {a, b}"), "two braces on each side"),
    Row(
        "body.leading-zero",
        "content",
        content("Hi {{01}} there"),
        content("Hi {{1}} there"),
        "{{1}} for {{01}}",
    ),
    Row(
        "body.short-link",
        "content",
        content("See https://bit.ly/3xYz"),
        content("See https://rabbit.ly/3xYz"),
        "whole link",
    ),
    Row("header.style", "header_text", {"header_text": "Sale 🎉"}, {"header_text": "Sale!"}, "plain text"),
    Row("header.style", "header_text", {"header_text": "*Sale*"}, {"header_text": "2 x 3"}, "plain text"),
    Row(
        "header.style",
        "header_text",
        {"header_text": "_Sale_"},
        {"header_text": "Hi {{first_name}}, order_id a_b"},
        "formatting",
    ),
    Row(
        "header.braces", "header_text", {"header_text": "Hi {{1}"}, {"header_text": "Hi {{1}}"}, "two braces"
    ),
    Row("header.leading-zero", "header_text", {"header_text": "{{01}}"}, {"header_text": "{{1}}"}, "{{01}}"),
    Row("footer.newline", "footer_text", {"footer_text": "a\nb"}, {"footer_text": "a b"}, "one line"),
    Row(
        "button.text-style",
        "buttons[0].text",
        buttons({**REPLY, "text": "Yes 👍"}),
        buttons({**REPLY, "text": "Ja, größer™"}),
        "emoji",
    ),
    Row("buttons.same-text", "buttons", buttons(REPLY, REPLY), buttons(REPLY, URL), "twice"),
    Row(
        "url.leading-zero",
        "buttons[0].url",
        buttons({**URL, "url": "https://x.example/{{01}}", "example": "a"}),
        buttons({**DYNAMIC, "example": "a"}),
        "{{01}}",
    ),
    Row(
        "url.whatsapp-link",
        "buttons[0].url",
        buttons({**URL, "url": "https://wa.me/4930123456"}),
        buttons({**URL, "url": "https://x.example/wa.me"}),
        "WhatsApp itself",
    ),
    Row(
        "url.short-link",
        "buttons[0].url",
        buttons({**URL, "url": "https://tinyurl.com/abc"}),
        buttons({**URL, "url": "https://youtu.be/abc"}),
        "whole link",
    ),
]


def of(row: Row) -> str:
    return f"{row.rule}-{row.says}"


@pytest.mark.parametrize("row", ERRORS, ids=of)
def test_strict_refuses_what_breaks_a_rule_and_takes_what_just_passes(
    row: Row, minimal: dict[str, Any]
) -> None:
    with pytest.raises(TemplateSpecError) as caught:
        load({**minimal, **row.breaks})
    (violation,) = caught.value.violations
    assert (violation.rule, violation.path, violation.level) == (row.rule, row.path, "error")
    assert row.says in str(violation)
    _, rest = load({**minimal, **row.passes})
    assert row.rule not in [violation.rule for violation in rest]


@pytest.mark.parametrize("row", WARNINGS, ids=of)
def test_what_meta_only_dislikes_is_a_warning(row: Row, minimal: dict[str, Any]) -> None:
    _, violations = load({**minimal, **row.breaks})
    (violation,) = [violation for violation in violations if violation.rule == row.rule]
    assert (violation.path, violation.level) == (row.path, "warning")
    assert row.says in str(violation)
    assert row.rule not in [violation.rule for violation in load({**minimal, **row.passes})[1]]


def test_every_rule_has_a_row() -> None:
    in_code = {rule.id for rule in (*text_rules.TEXT_RULES, *text_rules.BUTTON_TEXT_RULES)}
    source = Path(str(part_rules.__file__)).read_text(encoding="utf-8")
    in_code |= set(re.findall(r'"((?:header|media|buttons?|url|code)\.[a-z-]+)"', source))
    assert in_code - {row.rule for row in ERRORS + WARNINGS} == set()
    assert len(in_code) > 30


BROKEN = {"footer_text": "a" * 61, "content": "{{1}} hello to you"}


def test_warn_returns_what_strict_refuses_and_off_checks_nothing(minimal: dict[str, Any]) -> None:
    spec, violations = load({**minimal, **BROKEN}, validation="warn")
    assert spec.footer_text == "a" * 61
    assert [v.rule for v in violations] == ["body.edge-variable", "footer.length"]
    assert load({**minimal, **BROKEN}, validation="off")[1] == []


@pytest.mark.parametrize("validation", ["strict", "warn", "off"])
@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"content": None}, "content"),
        ({"footer": "a"}, "footer"),
        ({"content": 5}, "content"),
        ({"buttons": [{"type": "URL", "text": "a"}]}, "buttons[0].url"),
        ({"tag_name": "{{ not_rendered }}"}, "tag_name"),
        ({"buttons": "{{ ti.xcom_pull('x') }}"}, "buttons"),
    ],
)
def test_what_is_no_template_is_refused_in_every_mode(
    minimal: dict[str, Any], validation: rules.Validation, change: dict[str, Any], path: str
) -> None:
    with pytest.raises(TemplateSpecError) as caught:
        load({**minimal, **change}, validation=validation)
    assert [violation.path for violation in caught.value.violations] == [path]


def test_a_mode_that_does_not_exist_is_refused(minimal: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="'strict', 'warn' or 'off'"):
        load(minimal, validation="lax")  # type: ignore[call-overload]


def test_one_error_says_everything_readably() -> None:
    with pytest.raises(TemplateSpecError) as caught:
        load({"name": "A B", "language": "en-US", "category": 1, "contnt": "x", "footer_text": "{{1}}"})
    assert str(caught.value) == (
        'template "A B" has 5 problems:\n'
        "  - contnt: is not a field of this part. Did you mean 'content'? [field.unknown]\n"
        "  - content: is missing or empty. Add it. [field.required]\n"
        "  - name: is not a template name (got \"A B\"). Use 1 to 512 of a-z, 0-9 and _: 'a_b' would do."
        " [name.pattern]\n"
        "  - language: is not a language code (got \"en-US\"). Did you mean 'en_US'? [language.malformed]\n"
        '  - footer_text: has a variable (got "{{1}}"). Write the footer without variables.'
        " [footer.variables]"
    )


def test_where_is_said_first(minimal: dict[str, Any]) -> None:
    with pytest.raises(TemplateSpecError, match=r"^template of task 'x' has 1 problem:"):
        load({**minimal, "name": "A"}, where="template of task 'x'")


class XComArg:
    """Stands for Airflow's: an object that is no JSON and knows its value at run time only."""


def test_at_parse_time_only_what_is_literal_is_judged() -> None:
    unknown = {
        "name": "promo_{{ ds_nodash }}",
        "language": XComArg(),
        "category": "{{ params.category }}",
        "content": "{{ params.text }}" + "a" * 2000,
        "header_media": XComArg(),
        "buttons": [XComArg(), {**URL, "text": XComArg()}, {**CODE, "example": "{{ params.long_code }}"}],
        "is_close_auto_flow": "{{ params.close }}",
    }
    assert load(unknown, rendered=False) == (None, [])
    literal = {**unknown, "footer_text": "a" * 61, "buttons": [XComArg(), {**URL, "text": "a" * 26}]}
    with pytest.raises(TemplateSpecError) as caught:
        load(literal, rendered=False)
    assert [v.path for v in caught.value.violations] == ["footer_text", "buttons[1].text"]


def test_at_parse_time_placeholders_are_literal_and_braces_are_read(minimal: dict[str, Any]) -> None:
    with pytest.raises(TemplateSpecError, match=r"body\.gaps"):
        load({**minimal, "content": "Hi {{2}} there"}, rendered=False)
    with pytest.raises(TemplateSpecError, match=r"cannot be parsed in line 1.*jinja\.syntax"):
        load({**minimal, "content": "Hi {{1} there"}, rendered=False)


@pytest.mark.parametrize("value", [XComArg(), "{{ ti.xcom_pull('x') }}"])
def test_a_template_that_is_wholly_upstream_is_not_known_at_parse_time(value: Any) -> None:
    assert load(value, rendered=False) == (None, [])


def test_a_spec_with_jinja_is_returned_at_parse_time(minimal: dict[str, Any]) -> None:
    spec, _ = load({**minimal, "content": "in {{ params.city }}"}, rendered=False)
    assert spec == TemplateSpec(**{**minimal, "content": "in {{ params.city }}"})


def test_after_rendering_no_brace_counts_as_jinja(minimal: dict[str, Any]) -> None:
    text = "literally {{ params.x }} {% here %} {{1} there"
    spec, violations = load({**minimal, "content": text})
    assert spec.content == text
    assert [v.rule for v in violations] == ["body.named-variable", "body.braces"]
    with pytest.raises(TemplateSpecError, match=r"name\.pattern"):
        load({**minimal, "name": "promo_{{ ds }}"})


@pytest.mark.parametrize("value", ["specs/promo.yaml.txt", 5, None, ["a"]])
def test_something_else_than_a_template_is_refused(value: Any) -> None:
    with pytest.raises(TemplateSpecError, match=r"field\.type"):
        load(value)


def test_an_upstream_value_after_rendering_is_refused(minimal: dict[str, Any]) -> None:
    with pytest.raises(TemplateSpecError, match="Give the whole template as a dict"):
        load({**minimal, "content": XComArg()})


def test_a_spec_is_checked_like_the_dict_it_stands_for(minimal: dict[str, Any]) -> None:
    spec = TemplateSpec(**{**minimal, "footer_text": "a" * 61})
    assert [violation.rule for violation in check(spec)] == ["footer.length"]
    with pytest.raises(TemplateSpecError):
        load(spec)


@pytest.mark.parametrize("change", [{"header_media": "{'media_id': '1'}"}, {"buttons": "[]"}])
def test_a_part_that_jinja_rendered_to_a_string_is_refused_with_the_way_out(
    minimal: dict[str, Any], change: dict[str, Any]
) -> None:
    with pytest.raises(TemplateSpecError, match=r"output itself \(task\.output\) instead of Jinja"):
        load({**minimal, **change})


TABLE = Path(__file__).resolve().parent.parent.parent / "docs" / "template-rules.md"
HEADING = """\
# What is checked in a template

`validation="strict"` refuses the errors (E) and logs the warnings (W); `"warn"` logs both; `"off"`
checks none. What is no template at all, such as a missing or unknown field, is refused in each. From Meta's
documentation of message templates, as of 2026.

Made of the rows of `tests/specs/test_rules.py` by `python tests/specs/test_rules.py`; a test keeps it so.

| rule | | breaks it | just passes | message |
|---|---|---|---|---|
"""


def table() -> str:
    """Return a row for each row above, with the message that a user reads."""
    lines = []
    minimal = {"name": "a", "language": "en", "category": 1, "content": "a"}
    for level, rows in (("E", ERRORS), ("W", WARNINGS)):
        for row in rows:
            try:
                _, violations = load({**minimal, **row.breaks})
            except TemplateSpecError as error:
                violations = list(error.violations)
            (message,) = [str(violation) for violation in violations if violation.rule == row.rule]
            cells = [f"`{row.rule}`", level, cell(row.breaks), cell(row.passes), escaped(message)]
            lines.append(f"| {' | '.join(cells)} |\n")
    return HEADING + "".join(lines)


def cell(fields: Mapping[str, Any]) -> str:
    text = re.sub(
        r"(.)\1{30,}", lambda run: f"{run[1]}… × {len(run[0])}", json.dumps(fields, ensure_ascii=False)
    )
    return f"`` {escaped(text)} ``"


def escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def test_the_documented_table_is_what_the_rules_say() -> None:
    assert TABLE.read_text(encoding="utf-8") == table()


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
