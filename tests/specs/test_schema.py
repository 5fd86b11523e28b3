"""The JSON Schema is generated, committed, and says the same as the model."""

import copy
import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from airflow_provider_nxlink.specs.files import _templates
from airflow_provider_nxlink.specs.rules import load
from airflow_provider_nxlink.specs.schema import schema
from airflow_provider_nxlink.specs.spelling import BUTTON, EVENT, MEDIA, SPEC
from airflow_provider_nxlink.specs.violations import TemplateSpecError

VALIDATOR = Draft202012Validator(schema())


def accepts(value: Any) -> bool:
    return bool(VALIDATOR.is_valid(value))


def test_the_committed_file_is_the_generated_schema() -> None:
    file = resources.files("airflow_provider_nxlink.specs").joinpath("template-spec.schema.json")
    assert json.loads(file.read_text(encoding="utf-8")) == schema(), (
        "run: python -m airflow_provider_nxlink schema > "
        "airflow_provider_nxlink/specs/template-spec.schema.json"
    )


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_every_field_of_every_part_is_described() -> None:
    for part in ("TemplateSpec", "HeaderMedia", "Button", "ButtonEvent"):
        for rules in schema()["$defs"][part]["properties"].values():
            assert rules["description"]


def test_the_vendors_bodies_are_accepted(vendor_body: dict[str, Any]) -> None:
    assert accepts(vendor_body)
    assert accepts(load(vendor_body)[0].to_dict())


ACCEPTED = [
    {"category": 1},
    {"category": "{{ params.category }}"},
    {"header_media": {"url": "https://x.example/a"}},
    {"header_media": "{{ ti.xcom_pull('upload') }}"},
    {"buttons": [{"type": "URL", "text": "a", "url": "https://x.example"}]},
    {"buttons": [{"type": "QUICK_REPLY", "text": "a", "payload": 1}]},
    {"is_close_auto_flow": 1},
    {"render": False},
    {"$schema": "template-spec.schema.json"},
]
REFUSED = [
    {"category": "PROMO"},
    {"render": "{{ params.render }}"},
    {"render": 0},
    {"footer": "x"},
    {"content": 5},
    {"language": False},
    {"buttons": [{"type": "URL", "text": "a"}]},
    {"buttons": [{"type": "QUICK_REPLY"}]},
    {"buttons": [{"type": "QUICK_REPLY", "text": "a", "events": [{"event": "tag"}]}]},
    {"syn_meta": "maybe"},
]


@pytest.mark.parametrize("change", ACCEPTED)
def test_it_accepts_what_the_model_accepts(minimal: dict[str, Any], change: dict[str, Any]) -> None:
    assert accepts({**minimal, **change})


@pytest.mark.parametrize("change", REFUSED)
def test_it_refuses_what_the_model_refuses(minimal: dict[str, Any], change: dict[str, Any]) -> None:
    assert not accepts({**minimal, **change})


def test_lists_and_several_languages_are_accepted(minimal: dict[str, Any]) -> None:
    shared = {"name": "a", "category": 1, "languages": {"de": {"content": "x"}, "en": {"content": "y"}}}
    assert accepts([minimal, shared])
    assert accepts(shared)
    assert not accepts({**shared, "languages": {"de": {"contents": "x"}}})
    assert not accepts({**shared, "language": "de"})
    assert not accepts([{"name": "a"}])


def is_loaded(value: Any) -> bool:
    """Say whether a spec file of this is loaded, whatever WhatsApp's rules think of its texts."""
    try:
        for template in _templates(json.dumps(value).encode(), Path("spec.json")):
            load(template, validation="off", rendered=False)
    except TemplateSpecError:
        return False
    return True


FIELDS = (
    *(("", name) for name in {**SPEC.wire, **SPEC.also, **MEDIA.wire}),
    *(("header_media", name) for name in MEDIA.wire),
    *(("buttons", name) for name in {**BUTTON.wire, **BUTTON.also}),
    *(("events", name) for name in EVENT.wire),
)
WHOLE = {
    "name": "hello",
    "language": "en_US",
    "category": "UTILITY",
    "content": "Hello there",
    "header_media": {"media_id": "1", "media_type": "IMAGE", "h": "4:a"},
    "footer_text": "a",
    "buttons": [
        {
            "type": "QUICK_REPLY",
            "text": "Yes",
            "customize_type": "unsubscribe",
            "events": [{"event": "tag", "tag_name": "a"}],
        }
    ],
}


@pytest.mark.parametrize("empty", [None, "", []])
@pytest.mark.parametrize(("part", "name"), FIELDS)
def test_schema_and_loader_agree_on_what_is_not_given(part: str, name: str, empty: Any) -> None:
    document = copy.deepcopy(WHOLE)
    button = document["buttons"][0]
    {
        "": document,
        "header_media": document["header_media"],
        "buttons": button,
        "events": button["events"][0],
    }[part][name] = empty
    assert accepts(document) == is_loaded(document)


CASES = [
    ({"category": word}, True)
    for word in ("utility", "Utility", "UTILITY", "marketing", "MaRkEtInG", 1, 2, "1", "2", "{{ params.c }}")
] + [({"category": word}, False) for word in ("promo", "utility ", "authentication", "3", 3, True, {}, None)]


@pytest.mark.parametrize(("change", "expected"), CASES)
def test_schema_and_loader_agree_on_categories(change: dict[str, Any], expected: bool) -> None:
    document = {**WHOLE, **change}
    assert (accepts(document), is_loaded(document)) == (expected, expected)


@pytest.mark.parametrize(
    "button",
    [
        {"type": "url", "text": "a", "url": "https://x.example"},
        {"type": "url", "text": "a"},
        {"type": "quick_reply", "text": "a", "customizeType": "UNSUBSCRIBE"},
        {"type": "quick_reply", "text": "a", "events": [{"event": "TAG"}]},
        {"type": "quick_reply", "text": "a", "events": [{"event": "Text", "text": "b"}]},
        {"type": "copy_code", "example": "A"},
        {"type": "COPY_CODE", "text": None, "example": "A"},
        {"type": "COPY_CODE"},
        {"type": "PHONE_NUMBER", "phone_number": "+491"},
        {"type": "call", "text": "a"},
        None,
    ],
)
def test_schema_and_loader_agree_on_buttons(button: Any) -> None:
    document = {**WHOLE, "buttons": [button]}
    assert accepts(document) == is_loaded(document)


@pytest.mark.parametrize(
    "change",
    [
        {"languages": {"de": {"content": "x"}, "en": {"content": "y"}}},
        {"languages": {"de": {"content": None}}},
        {"content": "shared", "languages": {"de": {"content": None}}},
        {"content": "shared", "languages": {"de": {"footer_text": None}}},
        {"content": "shared", "languages": {"de": {}}},
        {"content": None, "languages": {"de": {"content": "x"}}},
        {"content": None, "languages": {"de": {}}},
        {"category": None, "languages": {"de": {"content": "x", "category_type": "utility"}}},
        {"category": None, "languages": {"de": {"content": "x"}}},
        {"languages": None},
        {"languages": {"de": None}},
        {"languages": {}},
    ],
)
def test_schema_and_loader_agree_on_several_languages(change: dict[str, Any]) -> None:
    document = {"name": "a", "category": "utility", **change}
    assert accepts(document) == is_loaded(document)
