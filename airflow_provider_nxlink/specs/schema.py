"""
The JSON Schema of spec files, so that editors complete and check them.

``template-spec.schema.json`` beside this file is what :func:`schema` returns; a test keeps them equal. A YAML
file names it in its first line: ``# yaml-language-server: $schema=…/template-spec.schema.json``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_nxlink.specs import languages
from airflow_provider_nxlink.specs.buttons import BUTTON_NEEDS, DEFAULT_TEXTS, EVENT_NEEDS
from airflow_provider_nxlink.specs.model import Button, ButtonEvent, HeaderMedia, TemplateSpec
from airflow_provider_nxlink.specs.part import Part
from airflow_provider_nxlink.specs.spelling import MEDIA

PARTS: Mapping[str, type[Part]] = {
    model.__name__: model for model in (TemplateSpec, HeaderMedia, Button, ButtonEvent)
}
# What a part of a type cannot do without.
NEEDS: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = {
    "Button": ("type", BUTTON_NEEDS),
    "ButtonEvent": ("event", EVENT_NEEDS),
}
# What the loader takes for "not given", in any field.
NOT_GIVEN: Mapping[str, Any] = {"enum": [None, "", []], "description": "Not given."}
JINJA = {"type": "string", "pattern": r"\{[{%#]", "description": "Airflow's Jinja."}
TENANT_KEYS = ("tenant_id", "tenant_id ", "tenantId")


def schema() -> dict[str, Any]:
    """Return the schema of a spec file: a template, several languages of one, or a list of either."""
    generated = TemplateSpec.model_json_schema(mode="validation")
    definitions: dict[str, Any] = generated.pop("$defs")
    definitions["TemplateSpec"] = generated
    definitions = {name: _part(name, definitions[name]) for name in PARTS}
    definitions["TemplateSpec"]["properties"] |= _extra_keys(definitions["HeaderMedia"]["properties"])
    definitions["Jinja"] = JINJA
    definitions["NotGiven"] = NOT_GIVEN
    definitions["TemplateLanguages"] = _languages(definitions["TemplateSpec"])
    one = [{"$ref": "#/$defs/TemplateSpec"}, {"$ref": "#/$defs/TemplateLanguages"}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "WhatsApp templates for airflow-provider-nxlink",
        "if": {"type": "array"},
        "then": {"type": "array", "items": _either(*one), "minItems": 1},
        "else": _either(*one),
        "$defs": definitions,
    }


def _part(name: str, generated: Mapping[str, Any]) -> dict[str, Any]:
    """Return one part's schema with descriptions, both spellings, and what its type needs."""
    model = PARTS[name]
    described = _descriptions(model)
    properties = {
        field: {"description": described[field], **_open_for_jinja(_without_titles(rules))}
        for field, rules in generated["properties"].items()
    }
    if name == "TemplateSpec":
        # The one field that Jinja cannot fill.
        properties["render"] = {"description": described["render"], "type": "boolean"}
        properties["language"]["examples"] = sorted(languages.names())
    out: dict[str, Any] = {
        "description": (model.__doc__ or "").strip().partition("\n")[0],
        "type": "object",
        "properties": properties,
        "additionalProperties": model.spelling.open,
    }
    required = generated.get("required", [])
    field, needs = NEEDS.get(name, ("", {}))
    defaults = DEFAULT_TEXTS if name == "Button" else {}
    conditions = [
        {"anyOf": [_given(model, one), *(_is_kind(field, kind) for kind in defaults)]}
        if one == "text" and defaults
        else _given(model, one)
        for one in required
    ]
    conditions += [
        {
            "if": _is_kind(field, kind),
            "then": {"allOf": [_given(model, needed) for needed in wanted]},
        }
        for kind, wanted in needs.items()
        if wanted
    ]
    if conditions:
        out["allOf"] = conditions
    for alias, ours in _aliases(model).items():
        properties[alias] = {**properties[ours], "description": f"The vendor's name of {ours}."}
    return out


def _extra_keys(media: Mapping[str, Any]) -> dict[str, Any]:
    """Return what else may stand in a body: the vendor's media keys, and what is ignored."""
    wire = MEDIA.wire.items()
    name = "The vendor's name of header_media"
    vendor = {key: {**media[ours], "description": f"{name}.{ours}."} for ours, key in wire}
    tenant = {"description": "Ignored: the connection's is sent."}
    ignored = {key: {**tenant, "type": ["integer", "string", "null"]} for key in TENANT_KEYS}
    return {**vendor, **ignored, "$schema": {"description": "For editors.", "type": "string"}}


def _languages(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a template in several languages, from that of one language."""
    properties = {key: value for key, value in spec["properties"].items() if key != "language"}
    required = ("name", "category", "content")
    return {
        "description": "Several languages of one template: what they share once, the rest below each.",
        "type": "object",
        "properties": {
            **properties,
            "languages": {
                "description": "Language code → the fields that are different in it.",
                "type": "object",
                "propertyNames": {"anyOf": [{"enum": sorted(languages.names())}, {"type": "string"}]},
                "additionalProperties": {
                    "type": "object",
                    "properties": properties,
                    "additionalProperties": False,
                    # What a language sets to nothing replaces what is shared.
                    "allOf": [_not_emptied(TemplateSpec, field) for field in required],
                },
                "minProperties": 1,
            },
        },
        "additionalProperties": False,
        "required": ["languages"],
        "allOf": [
            {
                "anyOf": [
                    _given(TemplateSpec, field),
                    {"properties": {"languages": {"additionalProperties": _given(TemplateSpec, field)}}},
                ]
            }
            for field in required
        ],
    }


def _either(spec: Mapping[str, Any], several: Mapping[str, Any]) -> dict[str, Any]:
    """Choose by the key that only one of the two has, so that editors complain about the right one."""
    return {"if": {"required": ["languages"]}, "then": several, "else": spec}


def _aliases(model: type[Part]) -> dict[str, str]:
    """Return the other spellings of a part's fields, with our name of each."""
    known = {vendor: ours for ours, vendor in model.spelling.wire.items()} | dict(model.spelling.also)
    return {alias: ours for alias, ours in known.items() if alias != ours}


def _given(model: type[Part], field: str) -> dict[str, Any]:
    """Require a field in any of its spellings."""
    return {
        "anyOf": [
            {"required": [name], "properties": {name: {"not": {"$ref": "#/$defs/NotGiven"}}}}
            for name in _names(model, field)
        ]
    }


def _not_emptied(model: type[Part], field: str) -> dict[str, Any]:
    """Refuse a field that is there and says nothing, in any of its spellings."""
    return {"properties": {name: {"not": {"$ref": "#/$defs/NotGiven"}} for name in _names(model, field)}}


def _names(model: type[Part], field: str) -> list[str]:
    return [field, *(alias for alias, ours in _aliases(model).items() if ours == field)]


def _is_kind(field: str, kind: str) -> dict[str, Any]:
    """Match a part whose type is a word, in any case."""
    return {"properties": {field: {"type": "string", "pattern": _any_case([kind])}}, "required": [field]}


def _any_case(words: Sequence[str]) -> str:
    """Return the pattern of words in any case; JSON Schema's patterns have no flag for it."""
    spelled = (
        "".join(f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in word)
        for word in words
    )
    return f"^(?:{'|'.join(spelled)})$"


def _open_for_jinja(rules: dict[str, Any]) -> dict[str, Any]:
    """Accept what the loader does beside the field's own: nothing, Jinja, and words in any case."""
    rules.pop("default", None)
    choices = rules.pop("anyOf", [rules])
    kinds = [choice for choice in choices if choice.get("type") != "null"]
    enums = [word for kind in kinds for word in kind.get("enum", [])]
    words = [word for word in enums if isinstance(word, str) and not word.isdecimal()]
    if words:
        kinds.append({"type": "string", "pattern": _any_case(words)})
    if not any(
        kind.get("type") == "string" and "enum" not in kind and "pattern" not in kind for kind in kinds
    ):
        kinds.append({"$ref": "#/$defs/Jinja"})
    return {"anyOf": [*kinds, {"$ref": "#/$defs/NotGiven"}]}


def _without_titles(rules: Any) -> Any:
    if isinstance(rules, dict):
        return {key: _without_titles(value) for key, value in rules.items() if key != "title"}
    return [_without_titles(item) for item in rules] if isinstance(rules, list) else rules


def _descriptions(model: type[Part]) -> dict[str, str]:
    """Return what the model's docstring says about each field."""
    found = re.findall(r":param (\w+): ((?:.|\n)+?)(?=\n\s*:|\Z)", model.__doc__ or "")
    return {name: " ".join(text.split()).replace("``", "`") for name, text in found}
