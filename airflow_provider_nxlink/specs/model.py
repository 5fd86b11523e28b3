"""
The template spec: what a user wants a template to be.

    TemplateSpec(
        name="order_shipped",
        language="en_US",
        category="UTILITY",
        header_text="Good news",
        content="Hello {{1}}, your order {{2}} is on its way to you.",
        footer_text="Example Shop",
        buttons=[
            UrlButton("Track", "https://shop.example/t/{{1}}", example="https://shop.example/t/42"),
            QuickReply("Stop", customize_type="unsubscribe"),
        ],
    )
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, PlainValidator

from airflow_provider_nxlink.specs import fields as read
from airflow_provider_nxlink.specs.part import Part, required
from airflow_provider_nxlink.specs.spelling import BUTTON, EVENT, MEDIA, SPEC, Spelling, fold_media, is_tenant
from airflow_provider_nxlink.specs.violations import Violation

CategoryName = Literal["MARKETING", "UTILITY"]
MediaType = Literal["IMAGE", "VIDEO", "DOCUMENT"]
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
EVENT_NEEDS: Mapping[str, tuple[str, ...]] = {
    "tag": ("tag_name",),
    "text": ("text",),
    "template": ("template_id", "template_name"),
}
MEDIA_NEEDS = ("media_id", "url", "h")

Text = Annotated[str, PlainValidator(read.text, json_schema_input_type=str)]
Identifier = Annotated[str, PlainValidator(read.identifier, json_schema_input_type=str | int)]
Flag = Annotated[bool, PlainValidator(read.flag, json_schema_input_type=bool | Literal[0, 1])]


class HeaderMedia(Part):
    """
    The picture, video or document above the text.

    Takes what ``NxlinkUploadMediaOperator`` returns as it is, or only a ``url`` that is to be uploaded first.

    :param media_id: the uploaded file's id.
    :param original_filename: its name.
    :param media_type: ``IMAGE``, ``VIDEO`` or ``DOCUMENT``, in any case.
    :param h: the handle of the upload at Meta; it expires after some days.
    :param url: http(s) address of the file; not sent with the template.
    """

    spelling: ClassVar[Spelling] = MEDIA

    media_id: Identifier | None = None
    original_filename: Text | None = None
    media_type: (
        Annotated[
            MediaType,
            PlainValidator(read.choice("IMAGE", "VIDEO", "DOCUMENT"), json_schema_input_type=MediaType),
        ]
        | None
    ) = None
    h: Text | None = None
    url: Annotated[str, PlainValidator(read.media_url, json_schema_input_type=str)] | None = None

    @property
    def needs_upload(self) -> bool:
        """True when there is a URL and nothing uploaded yet."""
        return self.url is not None and self.media_id is None and self.h is None

    @property
    def handle_expires_at(self) -> int | None:
        """When the handle expires, in seconds since 1970 (its ``e:<epoch>``); None if it does not say."""
        match = re.search(r":e:([0-9]{1,12}):", f"{self.h or ''}:")
        return int(match[1]) if match else None

    @classmethod
    def _missing(cls, fields: Mapping[str, Any]) -> list[Violation]:
        if any(name in fields for name in MEDIA_NEEDS):
            return []
        fix = "Give the output of NxlinkUploadMediaOperator, or a url to be uploaded."
        return [required("media_id", "is missing, and there is no url either", fix)]


class ButtonEvent(Part):
    """
    What NXLink does when a button is pressed.

    :param event: ``tag``, ``text`` or ``template``.
    :param tag_name: the tag the contact gets, for ``tag``. It must exist.
    :param text: the answer that is sent, for ``text``.
    :param template_id: the template that is sent, for ``template``, with its ``template_name``.
    """

    spelling: ClassVar[Spelling] = EVENT
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
    :param text: what stands on it.
    :param url: the link, for ``URL``; it may end in a variable.
    :param phone_number: the number to call, for ``PHONE_NUMBER``.
    :param flow_id: the flow to open, for ``FLOW``.
    :param example: for ``COPY_CODE`` and for a ``URL`` with a variable; a list, or one string.
    :param customize_type: for ``QUICK_REPLY``: ``conventional`` or ``unsubscribe``.
    :param events: what NXLink does when the button is pressed.
    """

    model_config = ConfigDict(extra="allow")

    spelling: ClassVar[Spelling] = BUTTON

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
    def _missing(cls, fields: Mapping[str, Any]) -> list[Violation]:
        violations = _needed(str(fields.get("type", "")).upper(), BUTTON_NEEDS, fields, "a button of type")
        unknown = [name for name in fields if cls.spelling.canonical(name) is None]
        for name in unknown:
            if not read.is_plain(fields[name]):
                violations += [item.within(name) for item in read.upstream(fields[name]).violations]
        return violations


class TemplateSpec(Part):
    """
    A WhatsApp template as it should be at NXLink.

    Takes the vendor's spelling of each field too (``headerText=``, ``category_type=1``, …). Before rendering,
    any field may hold a string of Airflow's Jinja, which counts as "not known yet"; upstream values
    (``XComArg``) need a plain dict instead of a spec.

    :param name: lower-case letters, digits and underscores.
    :param language: a code such as ``en_US``.
    :param category: ``MARKETING`` or ``UTILITY`` in any case, or ``1`` or ``2``.
    :param content: the text of the message, with placeholders ``{{1}}`` … or contact fields ``{{WhatsApp}}``.
    :param header_text: the line above it; or
    :param header_media: what an upload returned, or a mapping with only ``url``.
    :param footer_text: the small line below.
    :param buttons: buttons, or mappings of their fields.
    :param tag_name: the tag a contact gets who is sent the template. It must exist.
    :param syn_meta: False keeps the template away from Meta, so that no verdict ever comes.
    :param is_close_auto_flow: close the unassigned session when the template is sent.
    :raises TemplateSpecError: with everything that is missing, unknown or of the wrong type. WhatsApp's
        limits are checked by :func:`airflow_provider_nxlink.specs.rules.check`.
    """

    spelling: ClassVar[Spelling] = SPEC
    on_the_wire: ClassVar[Mapping[str, Any]] = {
        "category": read.CATEGORY_CODES.__getitem__,
        "is_close_auto_flow": int,
    }

    name: Text
    language: Text
    category: Annotated[
        CategoryName, PlainValidator(read.category, json_schema_input_type=CategoryName | Literal[1, 2])
    ]
    content: Text
    header_text: Text | None = None
    header_media: (
        Annotated[HeaderMedia, PlainValidator(HeaderMedia.from_mapping, json_schema_input_type=HeaderMedia)]
        | None
    ) = None
    footer_text: Text | None = None
    buttons: Annotated[
        list[Button], PlainValidator(read.parts(Button.from_mapping), json_schema_input_type=list[Button])
    ] = Field(default_factory=list)
    tag_name: Text | None = None
    syn_meta: Flag | None = None
    is_close_auto_flow: Flag | None = None

    def to_wire(self, tenant_id: int) -> dict[str, Any]:
        """
        Return the JSON body of create and update: the keys of the vendor's tables, nothing null.

        :param tenant_id: the connection's.
        :raises ValueError: when the header media is not uploaded yet.
        """
        if self.header_media and self.header_media.needs_upload:
            raise ValueError(f"header_media of template {self.name!r} is only a url: upload it first")
        body = {"tenant_id": tenant_id, **self.wire_fields()}
        media = body.pop("headerMedia", None)
        return body if media is None else {**body, **media.wire_fields()}

    def with_header_media(self, media: HeaderMedia | Mapping[str, Any]) -> TemplateSpec:
        """Return the same spec with other header media, e.g. what an upload returned."""
        return TemplateSpec(**{**self.to_dict(), "header_media": media})

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Violation]]:
        body = {key: value for key, value in data.items() if not is_tenant(key)}
        if len(body) < len(data):
            warnings.warn("tenant_id is ignored in a template: the connection's is sent", stacklevel=4)
        folded, violations = fold_media(body)
        fields, more = super()._read(folded)
        return fields, violations + more

    @classmethod
    def _where(cls, fields: Mapping[str, Any]) -> str:
        name = fields.get("name")
        return f"template {name!r}" if isinstance(name, str) else "template"


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
    """Return a button that opens a link; one that ends in a variable needs an example of the whole link."""
    return Button(type="URL", text=text, url=url, example=example, events=list(events))


def PhoneButton(text: str, phone_number: str) -> Button:  # noqa: N802
    """Return a button that calls a number."""
    return Button(type="PHONE_NUMBER", text=text, phone_number=phone_number)


def CopyCodeButton(example: str, text: str = "Copy code") -> Button:  # noqa: N802
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
