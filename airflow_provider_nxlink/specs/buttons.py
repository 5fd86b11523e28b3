"""The buttons of a template, and what NXLink does when one is pressed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, PlainValidator

from airflow_provider_nxlink.specs import fields as read
from airflow_provider_nxlink.specs.fields import Identifier, Text
from airflow_provider_nxlink.specs.part import Part, required
from airflow_provider_nxlink.specs.plain import is_plain
from airflow_provider_nxlink.specs.spelling import BUTTON, EVENT, Spelling
from airflow_provider_nxlink.specs.violations import Violation

ButtonType = Literal["QUICK_REPLY", "URL", "PHONE_NUMBER", "FLOW", "COPY_CODE"]
CustomizeType = Literal["conventional", "unsubscribe"]
EventType = Literal["tag", "text", "template"]

# Beside ``type`` and ``text``, what a button of each type cannot do without.
BUTTON_NEEDS: Mapping[str, tuple[str, ...]] = {
    "QUICK_REPLY": (),
    "URL": ("url",),
    "PHONE_NUMBER": ("phone_number",),
    "FLOW": ("flow_id",),
    "COPY_CODE": ("example",),
}
# Meta's own format of a copy code button has no text, and phones show this one.
DEFAULT_TEXTS: Mapping[str, str] = {"COPY_CODE": "Copy offer code"}
EVENT_NEEDS: Mapping[str, tuple[str, ...]] = {
    "tag": ("tag_name",),
    "text": ("text",),
    "template": ("template_id", "template_name"),
}


class ButtonEvent(Part):
    """
    What NXLink does when a button is pressed.

    :param event: ``tag``, ``text`` or ``template``.
    :param tag_name: the tag the contact gets, for ``tag``. It must exist.
    :param text: the answer that is sent, for ``text``.
    :param template_id: the template that is sent, for ``template``.
    :param template_name: its name.
    """

    spelling: ClassVar[Spelling] = EVENT
    free_text: ClassVar[frozenset[str]] = frozenset({"tag_name", "template_id", "template_name"})
    on_the_wire: ClassVar[Mapping[str, Any]] = {
        "template_id": lambda value: int(value) if re.fullmatch("0|[1-9][0-9]{0,17}", value) else value
    }

    event: Annotated[
        EventType,
        PlainValidator(
            read.choice("tag", "text", "template", fold=str.lower), json_schema_input_type=EventType
        ),
    ]
    tag_name: Text | None = None
    text: Text | None = None
    template_id: Identifier | None = None
    template_name: Text | None = None

    @classmethod
    def _missing(cls, fields: Mapping[str, Any]) -> list[Violation]:
        return _needed(str(fields.get("event", "")).lower(), EVENT_NEEDS, fields, "an event of type")


class Button(Part):
    """
    One button, whatever its type; ``QuickReply(…)``, ``UrlButton(…)`` and so on make one of each.

    Fields that are not known here are sent as they are: the vendor uses some that its page does not list.

    :param type: ``QUICK_REPLY``, ``URL``, ``PHONE_NUMBER``, ``FLOW`` or ``COPY_CODE``.
    :param text: what stands on it; ``Copy offer code`` on a ``COPY_CODE`` button that has none.
    :param url: the link, for ``URL``; it may end in a variable.
    :param phone_number: the number to call, for ``PHONE_NUMBER``.
    :param flow_id: the flow to open, for ``FLOW``.
    :param example: for ``COPY_CODE`` and for a ``URL`` with a variable; a list, or one string.
    :param customize_type: for ``QUICK_REPLY``: ``conventional`` or ``unsubscribe``.
    :param events: what NXLink does when the button is pressed.
    """

    model_config = ConfigDict(extra="allow")

    spelling: ClassVar[Spelling] = BUTTON
    free_text: ClassVar[frozenset[str]] = frozenset({"flow_id", "phone_number"})

    type: Annotated[ButtonType, PlainValidator(read.choice(*BUTTON_NEEDS), json_schema_input_type=ButtonType)]
    text: Text
    url: Text | None = None
    phone_number: Text | None = None
    flow_id: Identifier | None = None
    example: Annotated[list[str], PlainValidator(read.texts, json_schema_input_type=list[str] | str)] = Field(
        default_factory=list
    )
    customize_type: (
        Annotated[
            CustomizeType,
            PlainValidator(
                read.choice("conventional", "unsubscribe", fold=str.lower),
                json_schema_input_type=CustomizeType,
            ),
        ]
        | None
    ) = None
    events: Annotated[
        list[ButtonEvent],
        PlainValidator(read.parts(ButtonEvent.from_mapping), json_schema_input_type=list[ButtonEvent]),
    ] = Field(default_factory=list)

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Violation]]:
        fields, violations = super()._read(data)
        text = DEFAULT_TEXTS.get(str(fields.get("type", "")).upper())
        return ({"text": text} if text else {}) | fields, violations

    @classmethod
    def _missing(cls, fields: Mapping[str, Any]) -> list[Violation]:
        violations = _needed(str(fields.get("type", "")).upper(), BUTTON_NEEDS, fields, "a button of type")
        unknown = [name for name in fields if cls.spelling.canonical(name) is None]
        for name in unknown:
            if not is_plain(fields[name]):
                violations += [item.within(name) for item in read.upstream(fields[name]).violations]
        return violations


def QuickReply(  # noqa: N802  # reads like the button it makes
    text: str, *, customize_type: str | None = None, events: Iterable[ButtonEvent | Mapping[str, Any]] = ()
) -> Button:
    """Return a button that answers with its text."""
    return Button(type="QUICK_REPLY", text=text, customize_type=customize_type, events=list(events))


def UrlButton(  # noqa: N802
    text: str,
    url: str,
    example: str | list[str] | None = None,
    *,
    events: Iterable[ButtonEvent | Mapping[str, Any]] = (),
) -> Button:
    """Return a button that opens a link; a variable at its end needs an example, alone or as a whole link."""
    return Button(type="URL", text=text, url=url, example=example, events=list(events))


def PhoneButton(text: str, phone_number: str) -> Button:  # noqa: N802
    """Return a button that calls a number."""
    return Button(type="PHONE_NUMBER", text=text, phone_number=phone_number)


def CopyCodeButton(example: str, text: str = DEFAULT_TEXTS["COPY_CODE"]) -> Button:  # noqa: N802
    """Return a button that copies a code; ``example`` is such a code, up to 15 characters."""
    return Button(type="COPY_CODE", text=text, example=example)


def FlowButton(text: str, flow_id: str) -> Button:  # noqa: N802
    """Return a button that opens a WhatsApp flow."""
    return Button(type="FLOW", text=text, flow_id=flow_id)


def _needed(
    kind: str, needs: Mapping[str, tuple[str, ...]], fields: Mapping[str, Any], what: str
) -> list[Violation]:
    return [
        required(name, "is missing", f"{what.capitalize()} {kind} needs it.")
        for name in needs.get(kind, ())
        if name not in fields
    ]
