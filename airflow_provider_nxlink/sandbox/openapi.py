"""What the calls take and answer, as an OpenAPI document: made from the tables the calls are checked with."""

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from airflow_provider_nxlink.sandbox import codes, rules, shapes
from airflow_provider_nxlink.sandbox.access import JSON
from airflow_provider_nxlink.sandbox.auth import ALGORITHMS, REQUIRED_HEADERS
from airflow_provider_nxlink.sandbox.gateway import DOUBLE_SLASH_UPLOAD, ENDPOINTS, Endpoint
from airflow_provider_nxlink.sandbox.media import TYPES
from airflow_provider_nxlink.sandbox.references import References
from airflow_provider_nxlink.sandbox.reviews import CATEGORIES
from airflow_provider_nxlink.sandbox.state import State

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
DIGITS: Schema = {"type": "string", "pattern": "^[0-9]{1,18}$"}
NUMBER: Schema = {"anyOf": [{"type": "integer"}, DIGITS]}
NAME: Schema = {"type": "string", "pattern": f"^{rules.NAME.pattern}$"}
LANGUAGE: Schema = {"type": "string", "pattern": f"^{rules.LANGUAGE.pattern}$"}
NOTHING: Schema = {"type": "null"}
FREE: Schema = {}


def ref(name: str) -> Schema:
    """Return a reference to a schema below."""
    return {"$ref": f"#/components/schemas/{name}"}


def fields(required: Schema, optional: Schema | None = None, *, others: bool = False) -> Schema:
    """Return the schema of an object with these keys, and with ``others`` any more."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": others,
    }


def either(*schemas: Schema) -> Schema:
    """Return the schema of what fits one of these."""
    return {"anyOf": list(schemas)}


ROW_FIELDS: Schema = {
    "id": NUMBER,
    "channel": {"const": 2},
    "name": TEXT,
    "content": TEXT,
    "created_at": TEXT,
    "updated_at": TEXT,
    "language": TEXT,
    "language_name": TEXT,
    "unsubscribe": TEXT,
    "additional": NOTHING,
    "quality": TEXT,
    "category": {"enum": ["", *CATEGORIES.values()]},
    "category_type": NUMBER,
    "is_close_auto_flow": {"type": "integer"},
}
# Each of these is there in some shapes, and not in others.
ROW_EXTRAS: Schema = {"status": NUMBER, "waRejectedReason": TEXT, "wa_rejected_reason": TEXT}

PAGE = fields(
    {
        "list": {"type": ["array", "null"], "items": ref("Row")},
        "total": {"type": "integer", "minimum": 0},
        "has_next_page": {"type": "boolean"},
    }
)
DETAILS_A = fields(
    {
        "namespace": NOTHING,
        "name": TEXT,
        "category": ROW_FIELDS["category"],
        "category_type": NUMBER,
        # Those that were put there through the control API are of any kind and form.
        "components": {"type": "array", "items": either(ref("Component"), ref("OtherComponent"))},
    }
)
DETAILS_B = fields({**ROW_FIELDS, "buttonComponents": {"type": ["array", "null"]}}, ROW_EXTRAS)
COMPONENT = fields(
    {
        **dict.fromkeys(shapes.COMPONENT, TEXT_OR_NULL),
        **dict.fromkeys(("parameters", "sub_type", "index", "url", "media_type"), NOTHING),
        "type": {"enum": ["HEADER", "BODY", "FOOTER", "BUTTONS"]},
        "buttons": {"type": ["array", "null"], "items": {"type": "object"}},
        "example": {"type": ["object", "null"]},
    }
)
FLOW = fields({"id": TEXT}, others=True)
UPLOADED = fields(
    {
        "media_id": DIGITS,
        "original_filename": TEXT,
        "media_type": {"enum": sorted({kind for _, kind in TYPES.values()})},
        "url": {"type": "string", "format": "uri"},
    },
    {"h": {"type": "string", "pattern": "^4:"}},
)
WRITTEN = either(NOTHING, NUMBER, fields({"id": NUMBER}), fields({"template_id": NUMBER}), ref("Row"))

# What an answer's ``data`` is where its code is 0.
DATA: dict[str, Schema] = {
    "list": either(PAGE, {"type": "array", "items": ref("Row")}),
    "create": WRITTEN,
    "update": WRITTEN,
    "delete": WRITTEN,
    "details": either(NOTHING, DETAILS_A, DETAILS_B),
    "flows": fields({"flow_list": {"type": "array", "items": FLOW}}),
    "upload": UPLOADED,
}
SCHEMAS: dict[str, Schema] = {
    "Row": fields(ROW_FIELDS, ROW_EXTRAS),
    "Component": COMPONENT,
    "OtherComponent": FREE,
}

# The created template can be asked for and deleted by the id that its answer holds in the default shape.
LINKS = {
    name: {"operationId": name, "parameters": {"path.template_id": "$response.body#/data/id"}}
    for name in ("details", "delete")
}


def document(state: State, control: Sequence[BaseRoute]) -> Schema:
    """Return the document for a sandbox as it is now: its senders, tenants and what may be referred to.

    :param control: the routes of the control API, which FastAPI describes.
    """
    made = get_openapi(title="NXLink sandbox", version="1", openapi_version="3.1.0", routes=control)
    for endpoint in ENDPOINTS.values():
        path = endpoint.path
        if endpoint.name == "upload" and state.switches.shape["media_path"] == "double":
            path = DOUBLE_SLASH_UPLOAD
        made["paths"].setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, state)
    components = made.setdefault("components", {})
    components.setdefault("schemas", {}).update({**SCHEMAS, "Refusal": _refusal(state)})
    components["securitySchemes"] = {
        name: {"type": "apiKey", "in": "header", "name": name} for name in REQUIRED_HEADERS
    }
    return made


def _refusal(state: State) -> Schema:
    known = {number for number in (*codes.TEXTS, state.switches.limit_code) if number}
    return fields(
        {
            "code": {"enum": [code for number in sorted(known) for code in (number, str(number))]},
            "message": TEXT,
            "data": NOTHING,
            "traceId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        }
    )


def _operation(endpoint: Endpoint, state: State) -> Schema:
    name = endpoint.name
    operation: Schema = {
        "operationId": name,
        "security": [{header: [] for header in REQUIRED_HEADERS}],
        "parameters": list(_parameters(endpoint, state)),
        "responses": {
            "200": {"description": "The envelope", "content": {JSON: {"schema": _envelope(name)}}},
            "404": {"description": "None of the calls", "content": {"text/html": {"schema": TEXT}}},
            # The switch auth_http_status says under which status the codes 1001 to 1005 come.
            "default": {"description": "Refused", "content": {JSON: {"schema": ref("Refusal")}}},
        },
    }
    if endpoint.content:
        schema = template_body(state) if endpoint.content == JSON else fields({"url": TEXT}, others=True)
        operation["requestBody"] = {"required": True, "content": {endpoint.content: {"schema": schema}}}
    if name == "create":
        operation["responses"]["200"]["links"] = LINKS
    return operation


def _parameters(endpoint: Endpoint, state: State) -> list[Schema]:
    paths = {"phone": {"enum": list(state.account.phones)}, "template_id": DIGITS}
    found = [
        _parameter(key, "path", schema) for key, schema in paths.items() if f"{{{key}}}" in endpoint.path
    ]
    if endpoint.content is None:
        found.append(_parameter("tenant_id", "query", {"enum": list(state.account.tenant_ids)}))
    if endpoint.name == "list":
        most = state.switches.max_page_size
        found.append(
            _parameter("page_number", "query", {"type": "integer", "minimum": 1, "maximum": 10**18 - 1})
        )
        found.append(_parameter("page_size", "query", {"type": "integer", "minimum": 1, "maximum": most}))
        found.append(_parameter("name", "query", TEXT, required=False))
    algorithms = {"enum": [name.decode() for name in ALGORITHMS]}
    return [*found, _parameter("algorithm", "header", algorithms, required=False)]


def _parameter(name: str, place: str, schema: Schema, *, required: bool = True) -> Schema:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _envelope(name: str) -> Schema:
    answer = fields(
        {
            "code": {"enum": [codes.SUCCESS, str(codes.SUCCESS)]},
            "message": TEXT_OR_NULL,
            "data": DATA[name],
            "traceId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        }
    )
    return {"oneOf": [answer, ref("Refusal")]}


def template_body(state: State) -> Schema:
    """Return the schema of a create or update body; what it lets through may still break a rule of Meta's."""
    known = state.references if state.switches.strict_references else None
    button = _typed(rules.BUTTON_FIELDS)
    button["properties"] |= {
        "type": {"enum": list(rules.BUTTON_TYPES)},
        "text": {**TEXT, "minLength": 1, "maxLength": rules.BUTTON_TEXT_LIMIT},
        "customizeType": {"enum": [*sorted(rules.CUSTOMIZE_TYPES), None]},
        "example": {"type": ["array", "null"], "items": TEXT},
        "buttonEvents": {"type": ["array", "null"], "items": _event(known)},
        **({"flow_id": {"enum": [*known.flows, None]}} if known else {}),
    }
    body = _typed(rules.FIELDS)
    texts = {
        key: {**body["properties"][key], "maxLength": longest}
        for key, (longest, _) in rules.TEXT_LIMITS.items()
    }
    body["properties"] |= texts | {
        "tenant_id": {"enum": list(state.account.tenant_ids)},
        "name": NAME,
        "language": LANGUAGE,
        "category_type": {"enum": sorted(rules.CATEGORY_TYPES)},
        "content": {**texts["content"], "minLength": 1, "pattern": r"\S"},
        "mediaType": {"enum": [*sorted(rules.MEDIA_TYPES), None]},
        "is_close_auto_flow": {"enum": [0, 1, None]},
        "buttonComponents": {"type": ["array", "null"], "maxItems": rules.MAX_BUTTONS, "items": button},
        **({"tag_name": {"enum": [*known.tags, "", None]}} if known else {}),
    }
    return body


def _event(known: References | None) -> Schema:
    event = _typed(rules.EVENT_FIELDS)
    event["properties"]["event"] = {"enum": list(rules.EVENT_NEEDS)}
    event["properties"]["templateId"] = {"anyOf": [NUMBER, NOTHING]}
    if known:
        event["properties"]["tagName"] = {"enum": [*known.tags, None]}
    return event


_JSON_TYPES = {int: "integer", str: "string", bool: "boolean", list: "array", dict: "object"}


def _typed(table: dict[str, tuple[type, bool]]) -> Schema:
    properties = {
        key: {"type": _JSON_TYPES[kind] if required else [_JSON_TYPES[kind], "null"]}
        for key, (kind, required) in table.items()
    }
    return {
        "type": "object",
        "properties": properties,
        "required": [key for key, (_, required) in table.items() if required],
    }
