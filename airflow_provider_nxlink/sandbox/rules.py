"""What the service refuses in a create or update body: the limits of Meta, as the service passes them on."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from airflow_provider_nxlink.sandbox.references import References

NAME = re.compile(r"[a-z0-9_]{1,512}")
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
ENDS_IN_VARIABLE = re.compile(r"\{\{[^{}]*\}\}$")
TEMPLATE_ID = re.compile(r"[0-9]{1,18}")
HTTP_URL = re.compile(r"https?://[^\s/?#{}]+([/?#]|$)")
PHONE = re.compile(r"\+?[0-9][0-9 ().-]*")
LINE_BREAK = re.compile(r"[\r\n\x85]")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")

# Field → its JSON type, and whether it must be there. Unknown keys pass, as Jackson lets them.
FIELDS: dict[str, tuple[type, bool]] = {
    "tenant_id": (int, True),
    "name": (str, True),
    "language": (str, True),
    "category_type": (int, True),
    "content": (str, True),
    "headerText": (str, False),
    "mediaName": (str, False),
    "mediaId": (str, False),
    "mediaType": (str, False),
    "templateMediaId": (str, False),
    "footerText": (str, False),
    "tag_name": (str, False),
    "syn_meta": (bool, False),
    "is_close_auto_flow": (int, False),
    "buttonComponents": (list, False),
}
BUTTON_FIELDS: dict[str, tuple[type, bool]] = {
    "type": (str, True),
    "text": (str, True),
    "customizeType": (str, False),
    "phoneNumber": (str, False),
    "url": (str, False),
    "flow_id": (str, False),
    "payload": (str, False),
    "buttonEvents": (list, False),
    "example": (list, False),
}
EVENT_FIELDS: dict[str, tuple[type, bool]] = {
    "event": (str, True),
    "tagName": (str, False),
    "text": (str, False),
    "templateName": (str, False),
}
JSON_NAMES = {int: "an integer", str: "a string", bool: "a boolean", list: "an array", dict: "an object"}

# Longest text, and most variables, of each part.
TEXT_LIMITS = {"content": (1024, None), "headerText": (60, 1), "footerText": (60, 0)}
BUTTON_TEXT_LIMIT = 25
URL_LIMIT = 2000
PHONE_LIMIT = 20
PHONE_DIGITS = 3
COPY_CODE_LIMIT = 15

CATEGORY_TYPES = {1, 2}
MEDIA_TYPES = {"IMAGE", "DOCUMENT", "VIDEO"}
MEDIA_FIELDS = ("mediaName", "mediaId", "templateMediaId", "mediaType")
CUSTOMIZE_TYPES = {"conventional", "unsubscribe"}
MAX_BUTTONS = 10

# Button type → how many a template may have, and the field this type needs.
BUTTON_TYPES: dict[str, tuple[int, str | None]] = {
    "QUICK_REPLY": (10, None),
    "URL": (2, "url"),
    "PHONE_NUMBER": (1, "phoneNumber"),
    "COPY_CODE": (1, "example"),
    "FLOW": (1, "flow_id"),
}
EVENT_NEEDS = {"tag": ("tagName",), "text": ("text",), "template": ("templateId", "templateName")}

Problems = Iterator[str]


def check_body(body: dict[str, Any], references: References | None) -> list[str]:
    """Return everything wrong with a create or update body; empty when it is accepted.

    :param references: the tags, flows and templates that exist; None accepts any.
    """
    wrong_types = list(_types(body, FIELDS, ""))
    if wrong_types:
        return wrong_types
    problems = [*_values(body), *_texts(body), *_header(body)]
    if references:
        problems += _known_tag(body.get("tag_name"), "tag_name", references)
    buttons = body.get("buttonComponents") or []
    wrong_buttons = list(_button_types(buttons))
    problems += wrong_buttons or [*_buttons(buttons), *_each_button(buttons, references)]
    return problems


def check_seed(body: dict[str, Any]) -> list[str]:
    """Return what keeps a body from being shown as a template; no rule of Meta's is asked."""
    fields = {key: (kind, key in {"name", "language"}) for key, (kind, _) in FIELDS.items()}
    problems = list(_types(body, fields, "")) or list(_button_types(body.get("buttonComponents") or []))
    if body.get("mediaType") and body["mediaType"] not in MEDIA_TYPES:
        problems.append("mediaType is not IMAGE, DOCUMENT or VIDEO")
    return problems


def _types(part: dict[str, Any], table: dict[str, tuple[type, bool]], where: str) -> Problems:
    for key, (kind, required) in table.items():
        value = part.get(key)
        if value is None:
            if required:
                yield f"{where}{key} is missing"
        elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            yield f"{where}{key} is not {JSON_NAMES[kind]}"
        elif required and value == "":
            yield f"{where}{key} is empty"


def _values(body: dict[str, Any]) -> Problems:
    if not NAME.fullmatch(body["name"]):
        yield "name is not 1 to 512 of a-z, 0-9 and _"
    if not LANGUAGE.fullmatch(body["language"]):
        yield "language is not of the form xx or xx_XX"
    if body["category_type"] not in CATEGORY_TYPES:
        yield "category_type is not 1 or 2"
    if (body.get("is_close_auto_flow") or 0) not in {0, 1}:
        yield "is_close_auto_flow is not 0 or 1"


def _texts(body: dict[str, Any]) -> Problems:
    for key, (longest, most) in TEXT_LIMITS.items():
        text = body.get(key) or ""
        if len(text) > longest:
            yield f"{key} is longer than {longest} characters"
        variables = VARIABLE.findall(text)
        if most is not None and len(variables) > most:
            yield f"{key} has {len(variables)} variables, {most} allowed"
        yield from _gaps(variables, key)
        if text and not text.strip():
            yield f"{key} is empty"
        yield from _control(text, key, one_line=key != "content")
    if LINE_BREAK.search(body.get("headerText") or ""):
        yield "headerText has a line break"


def _control(text: str, where: str, *, one_line: bool) -> Problems:
    if CONTROL.search(text) or (one_line and "\t" in text):
        yield f"{where} has a control character"


def _gaps(variables: list[str], where: str) -> Problems:
    numbers = {name for name in variables if name.isdecimal()}
    if numbers != {str(number) for number in range(1, len(numbers) + 1)}:
        yield f"{where}: variables do not run from {{{{1}}}} without gaps"


def _header(body: dict[str, Any]) -> Problems:
    given = [key for key in MEDIA_FIELDS if body.get(key)]
    if not given:
        return
    if body.get("headerText"):
        yield "headerText and header media exclude each other"
    if body.get("mediaType") not in MEDIA_TYPES:
        yield "mediaType is not IMAGE, DOCUMENT or VIDEO"
    if not (body.get("mediaId") or body.get("templateMediaId")):
        yield "header media without mediaId and templateMediaId"


def _button_types(buttons: list[Any]) -> Problems:
    for index, button in enumerate(buttons):
        where = f"buttonComponents[{index}]."
        if not isinstance(button, dict):
            yield f"{where[:-1]} is not an object"
            continue
        yield from _types(button, BUTTON_FIELDS, where)
        for place, event in enumerate(_list(button.get("buttonEvents"))):
            if isinstance(event, dict):
                yield from _types(event, EVENT_FIELDS, f"{where}buttonEvents[{place}].")
            else:
                yield f"{where}buttonEvents[{place}] is not an object"
        if not all(isinstance(text, str) for text in _list(button.get("example"))):
            yield f"{where}example is not an array of strings"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _buttons(buttons: list[dict[str, Any]]) -> Problems:
    kinds = [button["type"] for button in buttons]
    if len(kinds) > MAX_BUTTONS:
        yield f"more than {MAX_BUTTONS} buttons"
    for kind, (most, _) in BUTTON_TYPES.items():
        if kinds.count(kind) > most:
            yield f"more than {most} {kind} buttons"
    runs = [is_reply for is_reply, _ in groupby(kind == "QUICK_REPLY" for kind in kinds)]
    if runs.count(True) > 1:
        yield "quick replies do not stand together"


def _each_button(buttons: list[dict[str, Any]], references: References | None) -> Problems:
    for index, button in enumerate(buttons):
        where = f"buttonComponents[{index}]"
        kind = button["type"]
        if kind not in BUTTON_TYPES:
            yield f"{where}.type {kind!r} is not one of {', '.join(BUTTON_TYPES)}"
            continue
        needed = BUTTON_TYPES[kind][1]
        if needed and not button.get(needed):
            yield f"{where}.{needed} is missing for {kind}"
        yield from _button_text(button, where)
        yield from _button_values(button, where)
        if references and kind == "FLOW" and button.get("flow_id") not in references.flows:
            yield f"{where}.flow_id does not exist"
        for place, event in enumerate(button.get("buttonEvents") or []):
            yield from _event(event, f"{where}.buttonEvents[{place}]", references)


def _button_text(button: dict[str, Any], where: str) -> Problems:
    if len(button["text"]) > BUTTON_TEXT_LIMIT:
        yield f"{where}.text is longer than {BUTTON_TEXT_LIMIT} characters"
    if VARIABLE.search(button["text"]):
        yield f"{where}.text has a variable"
    if not button["text"].strip():
        yield f"{where}.text is empty"
    if LINE_BREAK.search(button["text"]):
        yield f"{where}.text has a line break"
    yield from _control(button["text"], f"{where}.text", one_line=True)


def _button_values(button: dict[str, Any], where: str) -> Problems:
    kind = button["type"]
    # On whatever type: the page's fourth example has it on a URL button.
    if button.get("customizeType") and button["customizeType"] not in CUSTOMIZE_TYPES:
        yield f"{where}.customizeType is not conventional or unsubscribe"
    if kind == "URL" and button.get("url"):
        yield from _url(button, where)
    if kind == "PHONE_NUMBER" and button.get("phoneNumber"):
        yield from _phone(button["phoneNumber"], where)
    if kind == "COPY_CODE" and any(len(text) > COPY_CODE_LIMIT for text in button.get("example") or []):
        yield f"{where}.example is longer than {COPY_CODE_LIMIT} characters"


def _phone(number: str, where: str) -> Problems:
    if len(number) > PHONE_LIMIT:
        yield f"{where}.phoneNumber is longer than {PHONE_LIMIT} characters"
    if not PHONE.fullmatch(number) or len(re.sub("[^0-9]", "", number)) < PHONE_DIGITS:
        yield f"{where}.phoneNumber is not a phone number"


def _url(button: dict[str, Any], where: str) -> Problems:
    url = button["url"]
    if not HTTP_URL.match(url):
        yield f"{where}.url is not http(s)"
    if LINE_BREAK.search(url):
        yield f"{where}.url has a line break"
    yield from _control(url, f"{where}.url", one_line=True)
    if len(url) > URL_LIMIT:
        yield f"{where}.url is longer than {URL_LIMIT} characters"
    variables = VARIABLE.findall(url)
    if not variables:
        return
    if len(variables) > 1 or not ENDS_IN_VARIABLE.search(url):
        yield f"{where}.url may have one variable, at its very end"
    yield from _gaps(variables, f"{where}.url")
    examples = button.get("example") or []
    if not examples or any(not text.strip() or VARIABLE.search(text) for text in examples):
        yield f"{where}.example must hold what stands for the variable of a dynamic url"


def _event(event: dict[str, Any], where: str, references: References | None) -> Problems:
    kind = event["event"]
    if kind not in EVENT_NEEDS:
        yield f"{where}.event {kind!r} is not one of {', '.join(EVENT_NEEDS)}"
        return
    missing = [key for key in EVENT_NEEDS[kind] if event.get(key) in (None, "")]
    if missing:
        yield f"{where}.{' and '.join(missing)} missing for event {kind}"
        return
    if kind == "template" and not TEMPLATE_ID.fullmatch(str(event["templateId"])):
        yield f"{where}.templateId is not a number"
    elif references and kind == "tag":
        yield from _known_tag(event["tagName"], f"{where}.tagName", references)
    elif (
        references
        and kind == "template"
        and not references.has_template(int(event["templateId"]), event["templateName"])
    ):
        yield f"{where}: there is no template of this templateId and templateName"


def _known_tag(name: str | None, where: str, references: References) -> Problems:
    if name and name not in references.tags:
        yield f"{where} does not exist"
