"""Spec files: what may stand in them, and what is said about what may not."""

import copy
import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_nxlink.specs import yaml_reader
from airflow_provider_nxlink.specs.files import (
    MAX_BYTES,
    load_file,
    load_one,
    spec_files,
)
from airflow_provider_nxlink.specs.model import QuickReply, TemplateSpec, UrlButton
from airflow_provider_nxlink.specs.nodes import Node
from airflow_provider_nxlink.specs.plain import is_reference, split_reference
from airflow_provider_nxlink.specs.rules import load
from airflow_provider_nxlink.specs.violations import TemplateSpecError, Violation

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "spec.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refused(path: Path) -> Violation:
    """Return the one violation that loading and checking the file ends with."""

    def read() -> None:
        for template in load_file(path):
            load(template)

    with pytest.raises(TemplateSpecError) as caught:
        read()
    (violation,) = caught.value.violations
    return violation


YAML = """\
# yaml-language-server: $schema=template-spec.schema.json
name: order_shipped
language: en_US
category: UTILITY
content: |-
  Hello {{1}}, your order
  is on its way.
buttons:
  - type: URL
    text: Track
    url: https://shop.example/{{1}}
    example: https://shop.example/42
  - {type: QUICK_REPLY, text: "Yes"}
"""
SPEC = TemplateSpec(
    name="order_shipped",
    language="en_US",
    category="utility",
    content="Hello {{1}}, your order\nis on its way.",
    buttons=[
        UrlButton("Track", "https://shop.example/{{1}}", example="https://shop.example/42"),
        QuickReply("Yes"),
    ],
)


@pytest.mark.parametrize(
    "change", [str, lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")]
)
def test_a_yaml_file_equals_the_spec_in_python_also_with_bom_or_windows_line_ends(
    write: Write, change: Callable[[str], str]
) -> None:
    (template,) = load_file(write(change(YAML)))
    assert load(template)[0] == SPEC


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_a_json_file_equals_the_spec_in_python(write: Write, indent: int | str | None, bom: str) -> None:
    (template,) = load_file(write(bom + json.dumps(SPEC.to_dict(), indent=indent), "spec.json"))
    assert load(template)[0] == SPEC


def test_the_vendors_bodies_are_spec_files(write: Write, vendor_body: dict[str, Any]) -> None:
    (template,) = load_file(write(json.dumps(vendor_body, indent=2), "spec.json"))
    assert template == vendor_body
    assert load(template)[0] == load(vendor_body)[0]


def test_nothing_is_rendered_and_the_mapping_is_a_plain_dict_for_airflow(write: Write) -> None:
    template = load_one(write("content: 'Hi {{1}} {{ params.x }}'"))
    assert template == {"content": "Hi {{1}} {{ params.x }}"}
    assert isinstance(template, dict)
    for same in (copy.deepcopy(template), pickle.loads(pickle.dumps(template))):  # noqa: S301
        assert same == template
        assert same.located(Violation("r", "content", "", "", "")).place.line == 1


LANGUAGES = """\
name: promo
category: 1
footerText: Shop
buttons: [{type: QUICK_REPLY, text: "Yes"}]
languages:
  en:
    content: Hello
  de:
    content: Hallo
    footer_text: Laden
    buttons: [{type: QUICK_REPLY, text: Ja}]
"""


def test_several_languages_share_what_stands_once(write: Write) -> None:
    english, german = (load(template)[0] for template in load_file(write(LANGUAGES)))
    assert english.to_dict() == {
        "name": "promo",
        "language": "en",
        "category": "MARKETING",
        "content": "Hello",
        "footer_text": "Shop",
        "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}],
    }
    assert (german.language, german.content, german.footer_text) == ("de", "Hallo", "Laden")
    assert german.buttons == [QuickReply("Ja")]


def test_a_language_replaces_a_shared_field_in_either_spelling(write: Write) -> None:
    text = "name: a\ncategory: 1\nfooter_text: Shop\nlanguages: {de: {content: x, footerText: Laden}}\n"
    assert load(load_one(write(text)))[0].footer_text == "Laden"


def test_a_list_holds_several_templates(write: Write) -> None:
    text = """
- {name: a, language: en, category: 1, content: x}
- {name: b, category: 1, languages: {de: {content: y}}}
"""
    assert [(t["name"], t["language"]) for t in load_file(write(text))] == [("a", "en"), ("b", "de")]


def test_one_of_several_is_chosen_by_name_language_or_both(write: Write) -> None:
    path = write(LANGUAGES)
    assert load_one(path, "de")["content"] == "Hallo"
    assert load_one(path, "promo/en")["content"] == "Hello"
    for selector in ("", "promo", "fr"):
        with pytest.raises(TemplateSpecError, match=r"promo/en, promo/de") as caught:
            load_one(path, selector)
        assert caught.value.violations[0].rule == "file.select"


def test_a_reference_may_name_a_template_behind_the_file() -> None:
    assert split_reference("specs/a.yaml#promo/de") == ("specs/a.yaml", "promo/de")
    assert split_reference("a.json") == ("a.json", "")
    assert is_reference("a.yml#de")
    assert not is_reference("{{ ti.xcom_pull('x') }}")
    assert not is_reference({"name": "a.yaml"})


def test_yaml_anchors_and_merge_keys_are_shared_parts(write: Write) -> None:
    text = "- &base {name: a, language: en, category: 1, content: x}\n- {<<: *base, name: b}\n"
    assert [template["name"] for template in load_file(write(text))] == ["a", "b"]
    assert load_file(write(text))[1]["content"] == "x"


START = "name: a\ncategory: 1\ncontent: x\n"
PLACES = [
    (START + "language: no\n", "field.type", 4, 1, "booleans|quotes"),
    (START + "language: en\nfooter_text: on\n", "field.type", 5, 1, '"on"'),
    (
        START + "language: en\nbuttons:\n- type: PHONE_NUMBER\n  text: Call\n  phone_number: +49123\n",
        "field.type",
        8,
        3,
        r'"\+49123"',
    ),
    (START + "language: en\nfooter_txt: x\n", "field.unknown", 5, 1, "footer_text"),
    (START + "language: en\nbuttons:\n- {type: URL, text: a}\n", "field.required", 6, 3, "URL needs it"),
    (START + "language: en-US\n", "language.malformed", 4, 1, "en_US"),
    (START + "language: en\nname: b\n", "file.duplicate-key", 5, 1, "name"),
    (START + "language: [en\n", "file.syntax", 5, 1, "YAML"),
    (START + "language: !!python/name:os.system x\n", "file.tag", 4, 1, "python/name"),
    (START + "? [a]\n: b\n", "file.key", 4, 3, "key"),
    (START + "<<: x\n", "file.merge", 4, 1, "alias"),
    (START + "language: en\nlanguages: {de: {content: x}}\n", "file.languages", 4, 1, "beside"),
    (START + "languages: [de]\n", "file.languages", 4, 1, "mapping"),
    (START + "languages:\n  de: Hallo\n", "file.languages", 5, 3, "'de'"),
    (START + "languages:\n  de: {language: de}\n", "file.languages", 5, 8, "twice"),
    ("- just text\n", "file.template", 1, 3, "template"),
    ("", "file.empty", 1, 1, "no template"),
    ("a: \x07\n", "file.syntax", 1, 4, "control"),
    ('name: a\nb: "\\UFFFFFFFF"\n', "file.syntax", 2, None, "escape"),
    ('name: a\nb: "\\U00110000"\n', "file.syntax", 2, None, "escape"),
    (b"name: a\nb: \xff\n", "file.encoding", 2, 4, "UTF-8"),
    ("a: " + "[" * 5_000, "file.depth", 1, None, "deep"),
    ("a: &a [*a]", "file.depth", 1, None, "deep"),
    (
        "- "
        + START.replace("\n", "\n  ")
        + "language: en\n- {name: a, language: en, category: 1, content: y}\n",
        "file.twins",
        5,
        3,
        "line 1",
    ),
]


@pytest.mark.parametrize(("content", "rule", "line", "column", "says"), PLACES)
def test_what_is_wrong_in_yaml_is_said_with_file_line_and_column(
    write: Write, content: str | bytes, rule: str, line: int, column: int | None, says: str
) -> None:
    path = write(content)
    violation = refused(path)
    assert violation.rule == rule
    assert violation.place is not None
    assert (violation.place.file, violation.place.line) == (str(path), line)
    assert column in (None, violation.place.column)
    assert str(violation).startswith(f"{path}:{line}:")
    assert re.search(says, str(violation))


JSON_PLACES = [
    ('{\n "name": "a",\n "name": "b"}', "file.duplicate-key", 3, 2),
    ('{\n "name": "a",}', "file.syntax", 2, None),
    ('{"name": NaN}', "file.syntax", 1, None),
    ("[" * 200_000, "file.depth", 1, None),
    ('{"name": "a", "language": "en", "category": 1,\n "content": 5}', "field.type", 2, 2),
    (
        '[{"name": "a", "language": "en", "category": 1, "content": "x",\n'
        ' "buttonComponents": [\n  {"type": "URL", "text": "t"}]}]',
        "field.required",
        3,
        3,
    ),
    ("7" * 5_000, "file.syntax", 1, 1),
]


@pytest.mark.parametrize(("content", "rule", "line", "column"), JSON_PLACES)
def test_what_is_wrong_in_json_is_said_with_file_line_and_column(
    write: Write, content: str, rule: str, line: int, column: int | None
) -> None:
    violation = refused(write(content, "spec.json"))
    assert violation.rule == rule
    assert violation.place is not None
    assert violation.place.line == line
    assert column in (None, violation.place.column)


def test_a_file_that_is_too_large_absent_or_a_folder_is_an_error_of_ours(
    write: Write, tmp_path: Path
) -> None:
    assert refused(write(b"[" * (MAX_BYTES + 1))).rule == "file.size"
    assert refused(tmp_path / "absent.yaml").rule == "file.unreadable"
    assert refused(tmp_path).rule == "file.unreadable"


def test_aliases_cannot_make_a_small_file_large(write: Write) -> None:
    lines = ["- &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"- &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert refused(write("\n".join(lines))).rule == "file.size"


def test_yaml_oddities_stay_text(write: Write) -> None:
    text = "content: 12:30\nfooter_text: 2026-11-23\nno: 0x10\n"
    assert load_one(write(text)) == {"content": "12:30", "footer_text": "2026-11-23", "no": "0x10"}


# What YAML is made of, and where its scanners could part.
SCRAPS = (
    *("a", "b c", ":", ": ", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ",", '"', "'", "it's"),
    *("|\n", ">-\n ", " #x", "&a ", "*a", "<<: ", "!!str ", "!x ", "1", "0x1f", "12:30", "yes", "~"),
    *(
        "\u00e9",
        "\U0001f600",
        "\t",
        "{{1}}",
        "\\n",
        "\\u00e9",
        "%",
        "@",
        "---\n",
        "\x85",
        "\u2028",
        '"a\n b"',
    ),
)


@settings(max_examples=500)
@given(st.lists(st.sampled_from(SCRAPS), min_size=1, max_size=12).map("".join))
def test_libyamls_scanner_reads_what_pyyamls_does(text: str) -> None:
    def read(*, fast: bool) -> object:
        with pytest.MonkeyPatch.context() as patch:
            if not fast:
                patch.setattr(yaml_reader, "_Scanner", None)
            try:
                return yaml_reader.read_yaml(text, "f.yaml")
            except TemplateSpecError as error:
                return str(error)

    slow = read(fast=False)
    if isinstance(slow, Node) or "expected ',' or ']'" not in str(slow):
        assert read(fast=True) == slow


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML is built without libyaml here")
def test_a_file_without_faults_is_read_by_libyaml_alone(write: Write, monkeypatch: Any) -> None:
    monkeypatch.setattr(yaml_reader, "_Loader", None)
    assert load_one(write(YAML))["name"] == "order_shipped"


def test_each_who_loads_a_template_gets_one_of_their_own(write: Write) -> None:
    path = write(YAML)
    for load_again in (load_one, lambda path: load_file(path)[0]):
        load_again(path)["buttons"].clear()
        assert load_again(path)["buttons"]


def test_all_violations_of_a_file_are_said_at_once(write: Write) -> None:
    path = write("name: A B\nlanguage: no\nfooter_text: 'x {{1}}'\n")
    with pytest.raises(TemplateSpecError) as caught:
        load(load_one(path))
    assert {v.path for v in caught.value.violations} == {
        "name",
        "language",
        "category",
        "content",
        "footer_text",
    }
    assert all(v.place for v in caught.value.violations)


def test_a_folder_gives_its_spec_files_in_order_and_no_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/c.json", ".git/x.yaml", "a/readme.md", "a.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [p.relative_to(tmp_path).as_posix() for p in spec_files(tmp_path)] == [
        "a/c.json",
        "a.yml",
        "b.yaml",
    ]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arbitrary")


SYNTAX = st.text(st.sampled_from("-: \n\t[]{}\"'\\,&*!|>%@`#?<ab01Ueno.~\r\ufeff")).map(str.encode)


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@settings(deadline=None)
@given(content=st.one_of(st.binary(), SYNTAX))
def test_arbitrary_bytes_fail_with_nothing_but_our_error(scratch: Path, suffix: str, content: bytes) -> None:
    path = scratch / f"any{suffix}"
    path.write_bytes(content)
    violations: list[Violation] = []
    try:
        for template in load_file(path):
            load(template)
    except TemplateSpecError as error:
        violations += error.violations
    assert all(violation.place and violation.place.line > 0 for violation in violations)


@pytest.mark.parametrize("style", ["|", ">", "|-", ">-"])
def test_the_line_end_behind_a_block_is_no_part_of_its_text(write: Write, style: str) -> None:
    text = "a" * 1024
    path = write(f"name: a\nlanguage: en\ncategory: UTILITY\ncontent: {style}\n  {text}\n")
    ((spec, violations),) = [load(template) for template in load_file(path)]
    assert (spec.content, violations) == (text, [])
    assert spec.to_wire(1)["content"] == text


def test_line_ends_within_a_block_stay(write: Write) -> None:
    path = write("name: a\nlanguage: en\ncategory: UTILITY\ncontent: |\n  a\n\n  b\n")
    assert load_file(path)[0]["content"] == "a\n\nb"


@pytest.mark.parametrize("name", ["b.YAML", "b.Yml", "b.JSON"])
def test_a_suffix_in_other_case_is_read(write: Write, tmp_path: Path, name: str) -> None:
    fields = {"name": "a", "language": "en", "category": "UTILITY", "content": "b"}
    path = write(json.dumps(fields), name)
    assert spec_files(tmp_path) == [path]
    assert is_reference(f"{name}#a/en")
    assert load_one(path) == fields


def test_a_json_file_is_read_as_json_in_any_case(write: Write) -> None:
    path = write("name: a", "b.JSON")
    assert "is not valid JSON" in str(refused(path))


def test_other_files_are_left_out(write: Write, tmp_path: Path) -> None:
    for name in ("README.md", "b.yaml.bak", "yaml", ".hidden.yaml"):
        write("name: [", name)
    assert spec_files(tmp_path) == []


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    iterdir = Path.iterdir

    def listed(self: Path) -> Any:
        if self == closed:
            raise PermissionError(13, "Permission denied", str(closed))
        return iterdir(self)

    monkeypatch.setattr(Path, "iterdir", listed)
    with pytest.raises(TemplateSpecError, match=r"closed.*cannot be read: Permission denied"):
        spec_files(tmp_path)


@pytest.mark.parametrize("name", ["x" * 300 + ".yaml", "a\0b.yaml", "."])
def test_a_name_that_no_file_can_have_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(TemplateSpecError, match="cannot be read"):
        load_file(tmp_path / name)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-32"])
def test_another_encoding_is_an_error(write: Write, encoding: str) -> None:
    path = write("name: a\ncontent: Grüße\n".encode(encoding))
    assert "is not UTF-8" in str(refused(path)) or "control character" in str(refused(path))
