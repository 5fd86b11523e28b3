"""The JSON Schema is generated, committed, and says the same as the model."""

import json
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from airflow_provider_nxlink.specs.rules import load
from airflow_provider_nxlink.specs.schema import schema

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
