"""
The JSON Schema of spec files, so that editors complete and check them.

``template-spec.schema.json`` beside this file is what :func:`schema` returns; a test keeps them equal. A YAML
file names it in its first line: ``# yaml-language-server: $schema=…/template-spec.schema.json``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_nxlink.specs import languages
from airflow_provider_nxlink.specs.buttons import BUTTON_NEEDS, EVENT_NEEDS
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
    conditions = [_given(model, field) for field in generated.get("required", [])]
    field, needs = NEEDS.get(name, ("", {}))
    conditions += [
        {
            "if": {"properties": {field: {"const": kind}}, "required": [field]},
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
    tenant = {"description": "Ignored: the connection's is sent.", "type": "integer"}
    ignored = dict.fromkeys(TENANT_KEYS, tenant)
    return {**vendor, **ignored, "$schema": {"description": "For editors.", "type": "string"}}


def _languages(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a template in several languages, from that of one language."""
    properties = {key: value for key, value in spec["properties"].items() if key != "language"}
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
                },
                "minProperties": 1,
            },
        },
        "additionalProperties": False,
        "required": ["languages"],
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
    names = [field, *(alias for alias, ours in _aliases(model).items() if ours == field)]
    return {"anyOf": [{"required": [name]} for name in names]}


def _open_for_jinja(rules: dict[str, Any]) -> dict[str, Any]:
    """Accept Airflow's Jinja where something else than a string is asked for."""
    rules.pop("default", None)
    choices = rules.pop("anyOf", [rules])
    kinds = [choice for choice in choices if choice.get("type") != "null"]
    if any(kind.get("type") == "string" and "enum" not in kind for kind in kinds):
        return {"anyOf": kinds} if len(kinds) > 1 else kinds[0]
    return {"anyOf": [*kinds, {"$ref": "#/$defs/Jinja"}]}


def _without_titles(rules: Any) -> Any:
    if isinstance(rules, dict):
        return {key: _without_titles(value) for key, value in rules.items() if key != "title"}
    return [_without_titles(item) for item in rules] if isinstance(rules, list) else rules


def _descriptions(model: type[Part]) -> dict[str, str]:
    """Return what the model's docstring says about each field."""
    found = re.findall(r":param (\w+): ((?:.|\n)+?)(?=\n\s*:|\Z)", model.__doc__ or "")
    return {name: " ".join(text.split()).replace("``", "`") for name, text in found}
