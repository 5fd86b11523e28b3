"""Jinja that cannot be parsed is found before anything is rendered."""

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_nxlink.specs.files import load_file
from airflow_provider_nxlink.specs.rules import load, problems
from airflow_provider_nxlink.specs.violations import TemplateSpecError, Violation

BUTTON = {"type": "URL", "text": "Go", "url": "https://x.example/"}


def found(fields: dict[str, Any]) -> list[Violation]:
    whole = {"name": "a", "language": "en", "category": "UTILITY", "content": "b", **fields}
    return [item for item in problems(whole, rendered=False) if item.rule.startswith("jinja")]


@pytest.mark.parametrize(
    "text",
    [
        "Hi {{ params. }} there",
        "Hi {{{1}}} there",
        "Hi {{1} there",
        "Hi {{ params.x there",
        "{% if params.x %}Hi",
        "Hi {% endif %}",
        "Hi {% else %}",
        "{% for x in %}{% endfor %}",
        "{% raw %}{{ a }}",
        "{# never closed",
        "{% set %}",
        "{{ 1 + }} there",
        "Hi {{ (ds }} there",
        "{{ '" + "(" * 3 + " }}",
        "{{ " + "(" * 5000 + " }}",
        "{{ -" + "9" * 5000 + " }}",
    ],
)
def test_what_jinja_cannot_parse_is_an_error(text: str) -> None:
    for fields, path in [
        ({"content": text}, "content"),
        ({"header_text": text}, "header_text"),
        ({"buttons": [{**BUTTON, "example": [text]}]}, "buttons[0].example[0]"),
        ({"buttons": [{**BUTTON, "events": [{"event": "text", "text": text}]}]}, "buttons[0].events[0].text"),
    ]:
        (violation,) = found(fields)
        assert (violation.rule, violation.path, violation.level) == ("jinja.syntax", path, "error")


@pytest.mark.parametrize("field", ["name", "language", "tag_name", "category", "syn_meta"])
def test_fields_without_placeholders_are_parsed_too(field: str) -> None:
    (violation,) = found({field: "promo_{{ params. }}"})
    assert (violation.rule, violation.path) == ("jinja.syntax", field)


@pytest.mark.parametrize(
    "text",
    [
        "Hi {{1}}, {{ 2 }}, {{01}} and {{WhatsApp}}",
        "{{ params.x }} {{ ti.xcom_pull('a')['b'] }} {{ ds | my_filter(1) }}",
        "{% if params.x is my_test %}{{1}}{% else %}b{% endif %}",
        "{% raw %}{{ params. }}{% endraw %}",
        "{% do x.append(1) %}{% for a in b %}{% break %}{% endfor %}",
        "{% trans %}Hi{% endtrans %}",
        "a { b } c {1}",
    ],
)
def test_what_jinja_can_parse_is_none(text: str) -> None:
    assert found({"content": text}) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Hi {% for item in params.items %}{{ item }}, {% endfor %}", ["item"]),
        ("{% for key, value in params.items() %}{{key}}: {{ (value) }}{% endfor %}", ["key"]),
        ("{% set city = params.city %}in {{ city }}", ["city"]),
        ("{% set city %}Bonn{% endset %}in {{city}}", ["city"]),
        ("{% for item in params.items %}{{ item.name }}{% endfor %} {{name}}", []),
        ("{% set x = 1 %}{{1}} {{ x + 1 }}", []),
        ("{{ item }}", []),
    ],
)
def test_a_placeholder_that_a_block_binds_is_a_warning(text: str, names: list[str]) -> None:
    violations = found({"content": text})
    assert [(item.rule, item.path, item.level) for item in violations] == [
        ("jinja.hidden-placeholder", "content", "warning") for _ in names
    ]
    assert all(repr(name) in item.message for name, item in zip(names, violations, strict=True))


def test_the_error_names_file_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: a\nlanguage: en\ncategory: UTILITY\ncontent: 'Hi {{ params. }} there'\n")
    ((violation,),) = [problems(template, rendered=False) for template in load_file(path)]
    assert str(violation).startswith(f"{path}:4:1: content: has Jinja that cannot be parsed in line 1 of it")


def test_a_dag_file_is_refused_where_it_is_parsed(minimal: dict[str, Any]) -> None:
    with pytest.raises(TemplateSpecError, match=r"jinja\.syntax"):
        load({**minimal, "footer_text": "{{ params. }}"}, rendered=False)


def test_a_rendered_text_is_not_parsed(minimal: dict[str, Any]) -> None:
    spec, _ = load({**minimal, "content": "Hi {{ $json.Nome }} {{ params. }} there"})
    assert spec.content == "Hi {{ $json.Nome }} {{ params. }} there"
