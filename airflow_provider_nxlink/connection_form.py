"""The connection form, once: as metadata for Airflow 3.2 and newer, as the hook's methods for older ones."""

from __future__ import annotations

from typing import Any

CONNECTION_TYPE = "nxlink"
HOOK_NAME = "NXLink"
HOOK_CLASS = "airflow_provider_nxlink.hooks.nxlink.NxlinkHook"

# The port may stand in the URL. It has a field all the same, as the test button of Airflow 3.3.1 and 3.3.2
# refuses connections that leave it empty (apache/airflow#73298).
HIDDEN_FIELDS = ["schema"]
RELABELING = {"host": "API base URL", "port": "Port", "login": "accessKey", "password": "accessSecret"}
# Airflow 3 shows those of the standard fields only, so that the descriptions below say what the others hold.
PLACEHOLDERS = {
    "host": "https://api-hk.nxlink.ai",
    "port": "443",
    "login": "NXLink's accessKey",
    "password": "NXLink's accessSecret",
    "phone": "8615800001795",
    "tenant_id": "1",
}

# Name in extra: label, description, JSON schema.
EXTRA_FIELDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "phone": (
        "Sender phone number",
        "WhatsApp sender with its country code, as 8615800001795. An operator's own phone goes before it.",
        {"type": ["string", "null"]},
    ),
    "tenant_id": (
        "Tenant ID",
        "A number, from NXLink. An operator's own tenant_id goes before it.",
        {"type": ["integer", "null"]},
    ),
    "algorithm": (
        "Signature algorithm",
        "md5 (NXLink's default) or sha256.",
        {"type": ["string", "null"], "enum": ["md5", "sha256"], "default": "md5"},
    ),
    "timeout": (
        "Timeout in seconds",
        "How long to wait for each part of an answer.",
        {"type": ["number", "null"], "default": 30},
    ),
    "page_size": (
        "Page size",
        "Templates a page when listing; 100 is the most that is known to work.",
        {"type": ["integer", "null"], "default": 100},
    ),
    "verify": (
        "Certificate check",
        "true, or the path of a CA file on the workers.",
        {"type": ["string", "null"], "default": "true"},
    ),
    "allow_http": (
        "Allow plain http",
        "Only for a test host: NXLink's signature covers neither path nor query.",
        {"type": ["boolean", "null"], "default": False},
    ),
}


def provider_metadata() -> dict[str, Any]:
    """Return the entry for ``connection-types`` in the provider's metadata, in its kebab-case."""
    return {
        "connection-type": CONNECTION_TYPE,
        "hook-class-name": HOOK_CLASS,
        "hook-name": HOOK_NAME,
        "ui-field-behaviour": {
            "hidden-fields": HIDDEN_FIELDS,
            "relabeling": RELABELING,
            "placeholders": PLACEHOLDERS,
        },
        "conn-fields": {
            name: {"label": label, "description": description, "schema": schema}
            for name, (label, description, schema) in EXTRA_FIELDS.items()
        },
    }


def ui_field_behaviour() -> dict[str, Any]:
    """Return the same in the form of ``get_ui_field_behaviour()``."""
    return {"hidden_fields": HIDDEN_FIELDS, "relabeling": RELABELING, "placeholders": PLACEHOLDERS}


def form_widgets() -> dict[str, Any]:
    """Return the same in the form of ``get_connection_form_widgets()``."""
    # ruff: noqa: PLC0415 - Airflow 3 may not have these, and then does not call this
    from flask_appbuilder.fieldwidgets import BS3TextFieldWidget
    from flask_babel import lazy_gettext
    from wtforms import BooleanField, IntegerField, StringField
    from wtforms.validators import Optional, any_of

    # Airflow 2 takes no other kinds; a field for fractions is not among them.
    kinds = {"string": StringField, "integer": IntegerField, "number": StringField, "boolean": BooleanField}
    widgets = {}
    for name, (label, description, schema) in EXTRA_FIELDS.items():
        kind = kinds[schema["type"][0]]
        arguments: dict[str, Any] = {"description": description, "default": schema.get("default")}
        if kind is not BooleanField:
            choices = [any_of(schema["enum"])] if "enum" in schema else []
            arguments |= {"widget": BS3TextFieldWidget(), "validators": [Optional(), *choices]}
        widgets[name] = kind(lazy_gettext(label), **arguments)
    return widgets
