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
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, PlainValidator

from airflow_provider_nxlink.specs import fields as read
from airflow_provider_nxlink.specs.buttons import (
    Button,
    ButtonEvent,
    CopyCodeButton,
    FlowButton,
    PhoneButton,
    QuickReply,
    UrlButton,
)
from airflow_provider_nxlink.specs.fields import Flag, Identifier, LiteralFlag, Text
from airflow_provider_nxlink.specs.part import Part, required
from airflow_provider_nxlink.specs.spelling import MEDIA, SPEC, Spelling, fold_media, is_tenant
from airflow_provider_nxlink.specs.violations import Violation

__all__ = [
    "Button",
    "ButtonEvent",
    "CopyCodeButton",
    "FlowButton",
    "HeaderMedia",
    "PhoneButton",
    "QuickReply",
    "TemplateSpec",
    "UrlButton",
]

CategoryName = Literal["MARKETING", "UTILITY"]
MediaType = Literal["IMAGE", "VIDEO", "DOCUMENT"]
Unconfirmable = Literal[
    "header_text", "header_media", "footer_text", "buttons", "button_events", "other_components"
]
UNCONFIRMABLE: tuple[str, ...] = get_args(Unconfirmable)
# What each of these settles: a header is either a text or media.
SETTLES: Mapping[str, tuple[str, ...]] = {
    "header_text": ("header_text", "header_media"),
    "header_media": ("header_text", "header_media"),
    "footer_text": ("footer_text",),
    "buttons": ("buttons", "button_events"),
}
MEDIA_NEEDS = ("media_id", "url", "h")


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
    free_text: ClassVar[frozenset[str]] = frozenset({"media_id", "original_filename", "h"})

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
    :param is_close_auto_flow: close the unassigned session when the template is sent; what is not given is
        kept as it is by an update.
    :param unconfirmed: what the API did not return when `pull` wrote the spec: `header_text`, `header_media`,
        `footer_text`, `buttons`, `button_events` or `other_components`. The spec updates no template while a
        name is listed and its field is empty. Confirm each: fill in the field, or take its name off the list
        where the template has none. Not sent.
    :param render: False sends every field exactly as written: no Jinja in this template is evaluated. Must be
        a literal ``True`` or ``False``; not sent.
    :raises TemplateSpecError: with everything that is missing, unknown or of the wrong type. WhatsApp's
        limits are checked by :func:`airflow_provider_nxlink.specs.rules.check`.
    """

    spelling: ClassVar[Spelling] = SPEC
    free_text: ClassVar[frozenset[str]] = frozenset({"tag_name"})
    on_the_wire: ClassVar[Mapping[str, Any]] = {
        "category": read.CATEGORY_CODES.__getitem__,
        "is_close_auto_flow": int,
    }

    name: Text
    language: Text
    category: Annotated[
        CategoryName,
        PlainValidator(read.category, json_schema_input_type=CategoryName | Literal[1, 2, "1", "2"]),
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
    render: LiteralFlag | None = None
    unconfirmed: Annotated[
        list[Unconfirmable],
        PlainValidator(
            read.names(*UNCONFIRMABLE),
            json_schema_input_type=list[Unconfirmable] | Unconfirmable,
        ),
    ] = Field(default_factory=list)

    @property
    def still_unconfirmed(self) -> tuple[str, ...]:
        """The names in ``unconfirmed`` that no field of the spec settles; an update is blocked by each."""
        settled = {name for field, names in SETTLES.items() if getattr(self, field) for name in names}
        return tuple(name for name in dict.fromkeys(self.unconfirmed) if name not in settled)

    def to_wire(self, tenant_id: int) -> dict[str, Any]:
        """
        Return the JSON body of create and update: the keys of the vendor's tables, nothing null.

        :param tenant_id: the connection's.
        :raises ValueError: when the header media is not uploaded yet.
        :raises TemplateSpecError: when a field that needs a plain value still holds Jinja.
        """
        body = {"tenant_id": tenant_id, **self.wire_fields(literal=self.render is False)}
        if self.header_media and self.header_media.needs_upload:
            raise ValueError(f"header_media of template {self.name!r} is only a url: upload it first")
        media = body.pop("headerMedia", None)
        return body if media is None else {**body, **media.wire_fields()}

    def preview(self, examples: Mapping[str, str] | None = None) -> str:
        """Return the message as plain text, see :func:`airflow_provider_nxlink.specs.preview.preview`."""
        from airflow_provider_nxlink.specs.preview import preview  # noqa: PLC0415  # it knows this class

        return preview(self, examples)

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
