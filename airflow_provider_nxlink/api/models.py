"""NXLink's answers in one form, whatever shape they came in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from airflow_provider_nxlink.api.redaction import without_media_secrets, without_query
from airflow_provider_nxlink.api.status import TemplateStatus, Verdict, classify

__all__ = [
    "Flow",
    "Media",
    "Template",
    "TemplatePage",
    "TemplateRef",
    "TemplateStatus",
    "Verdict",
    "classify",
]

TemplateId = int | str

# The vendor's page names the first two; AUTHENTICATION templates come from WhatsApp's own console.
CATEGORIES = {1: "MARKETING", 2: "UTILITY", 3: "AUTHENTICATION"}

# Ids go into the request's path, so nothing that could leave its part of the path is one.
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_NEVER = "0001-01-01"
_INT_DIGITS = 18
# Integers as NXLink gives them, which need no closer look: a long list has thousands of them.
_PLAIN_INTEGERS = range(10**_INT_DIGITS)


def normalized_id(value: object) -> TemplateId | None:
    """Return a template's id, an integer where it can be as on the vendor's page; None if it is none."""
    if type(value) is int and value in _PLAIN_INTEGERS:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value).strip()
    if not _ID.fullmatch(text):
        return None
    number = int(text) if text.isdecimal() and text.isascii() else None
    # Beyond 64 bits it stays a text: neither msgpack nor a database takes such an integer.
    return number if number is not None and number < 2**63 and str(number) == text else text


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def _time(value: object) -> str | None:
    text = _text(value)
    return None if not text or text.startswith(_NEVER) else text


def whole_number(value: object) -> int | None:
    """Return an integer from an int or a string of digits; None from anything else."""
    if type(value) is int and value in _PLAIN_INTEGERS:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value).strip()
    return int(text) if len(text) <= _INT_DIGITS and re.fullmatch(r"-?[0-9]+", text) else None


def _flag(value: object) -> bool | None:
    """Return a flag that comes as a boolean, 0 or 1, or the text of either; None for anything else."""
    if value is None or value.__class__ is int:
        return bool(value) if value in (0, 1) else None
    word = str(value).strip().lower()
    return True if word in {"1", "true"} else False if word in {"0", "false"} else None


def _objects(value: object) -> list[dict[str, Any]] | None:
    """Return the items of an array; one that is no JSON object is kept as an empty one, as it is unknown."""
    if not isinstance(value, list):
        return None
    return [item if isinstance(item, dict) else {} for item in value if item is not None]


class Template(BaseModel):
    """
    A message template as NXLink has it.

    Every field may be None, which means that the response does not return it: the list gives no
    ``components``, the details in one of their two shapes give no ``id``, ``language``, ``status`` and
    ``content``. Only ``buttons`` is also None where ``buttons_returned`` says that there are none.
    """

    model_config = ConfigDict(frozen=True)

    id: TemplateId | None = None
    name: str | None = None
    language: str | None = None
    status: int | None = None
    category: str | None = None
    content: str | None = None
    quality: str | None = None
    rejected_reason: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    is_close_auto_flow: bool | None = None
    components: list[dict[str, Any]] | None = None
    buttons: list[dict[str, Any]] | None = None
    # The flat details return null for no buttons; the list returns nothing about them.
    buttons_returned: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_answer(cls, data: Any) -> Any:
        """Read both spellings, and numbers that come as strings."""
        # A dict is asked for first, as Mapping takes a while to say so.
        if not isinstance(data, (dict, Mapping)):
            raise ValueError("a template is not a JSON object")  # noqa: TRY004 - pydantic wants a ValueError
        get = data.get
        # A long list has thousands: what is a text, or is not there, is seen to be so without a call.
        name, language, category, content, quality, created_at, updated_at = [
            value if (value := get(key)) is None or value.__class__ is str else str(value) for key in _TEXTS
        ]
        components, buttons = get("components"), get("buttons", get("buttonComponents"))
        if components is not None:
            components = _objects(components)
        reason = get("rejected_reason") or get("waRejectedReason") or get("wa_rejected_reason")
        return {
            "id": normalized_id(get("id")),
            "name": name,
            "language": language,
            "status": whole_number(get("status")),
            "category": category or CATEGORIES.get(whole_number(get("category_type")) or 0),
            "content": content,
            "quality": quality,
            "rejected_reason": None if not reason or str(reason).upper() == "NONE" else str(reason),
            "created_at": None if not created_at or created_at.startswith(_NEVER) else created_at,
            "updated_at": None if not updated_at or updated_at.startswith(_NEVER) else updated_at,
            "is_close_auto_flow": _flag(get("is_close_auto_flow", get("isCloseAutoFlow"))),
            "components": components and [without_media_secrets(item) for item in components],
            "buttons": None if buttons is None else _objects(buttons),
            "buttons_returned": buttons.__class__ is list
            or (buttons is None and ("buttonComponents" in data or "buttons" in data)),
        }

    @property
    def status_name(self) -> str:
        """The status in words: a name of ``TemplateStatus``, or ``UNKNOWN``."""
        return TemplateStatus.name_of(self.status)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: what operators hand to XCom. ``components`` and ``buttons`` only when known.

        ``is_close_auto_flow`` is there only where it is on.
        """
        fields = dict(self)
        plain = {key: fields[key] for key in ("id", "name", "language", "status")}
        plain["status_name"] = self.status_name
        plain |= {key: value for key, value in fields.items() if key not in _NOT_COPIED}
        if self.buttons_returned:
            plain["buttons"] = self.buttons
        if self.is_close_auto_flow:
            plain["is_close_auto_flow"] = True
        return plain | {key: fields[key] for key in _WHEN_KNOWN if fields[key] is not None}

    def __getitem__(self, key: str) -> Any:
        """Read a field by the name it has in :meth:`to_dict`."""
        return self.to_dict()[key]


_TEXTS = ("name", "language", "category", "content", "quality", "created_at", "updated_at")
_WHEN_KNOWN = ("components", "buttons")
_NOT_COPIED = (*_WHEN_KNOWN, "buttons_returned", "is_close_auto_flow")


class TemplatePage(BaseModel):
    """One page of the template list; ``total`` and ``has_next_page`` are None when the answer had none."""

    model_config = ConfigDict(frozen=True)

    templates: list[Template]
    total: int | None = None
    has_next_page: bool | None = None


class Media(BaseModel):
    """An uploaded header sample. ``url`` is without its signed query; ``h`` is None when NXLink gave none."""

    model_config = ConfigDict(frozen=True)

    media_id: str
    original_filename: str | None = None
    media_type: str | None = None
    h: str | None = None
    url: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_answer(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise ValueError("an upload is not a JSON object")  # noqa: TRY004 - pydantic wants a ValueError
        media_id = normalized_id(data.get("media_id"))
        if media_id is None:
            raise ValueError("the upload has no media_id")
        fields = {
            key: _text(data.get(key)) or None for key in ("original_filename", "media_type", "h", "url")
        }
        return {
            **fields,
            "media_id": str(media_id),
            "url": without_query(fields["url"]) if fields["url"] else None,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON, in the form ``header_media`` takes."""
        return self.model_dump()


class Flow(BaseModel):
    """A WhatsApp Flow. Times in the year 1 mean never and are None; ``preview_url`` is without its query."""

    model_config = ConfigDict(frozen=True)

    id: str | None = None
    name: str | None = None
    status: str | None = None
    categories: list[str] = []
    validation_errors: list[Any] = []
    published: bool | None = None
    json_version: str | None = None
    data_api_version: str | None = None
    preview_url: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_answer(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise ValueError("a flow is not a JSON object")  # noqa: TRY004 - pydantic wants a ValueError
        texts = ("id", "name", "status", "json_version", "data_api_version")
        categories, errors = data.get("categories"), data.get("validation_errors")
        preview = _text(data.get("preview_url"))
        published = data.get("published")
        return {
            **{key: _text(data.get(key)) for key in texts},
            "categories": [str(item) for item in categories if item is not None]
            if isinstance(categories, list)
            else [],
            "validation_errors": errors if isinstance(errors, list) else [],
            "published": published if isinstance(published, bool) else None,
            "preview_url": without_query(preview) if preview else None,
            "created_at": _time(data.get("created_at")),
            "updated_at": _time(data.get("updated_at")),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return self.model_dump()


@dataclass(frozen=True, slots=True)
class TemplateRef:
    """
    Which template is meant: by id, or by name and language, the pair that is unique for a sender.

    >>> TemplateRef.of({"name": "order_update", "language": "en_US"})
    TemplateRef(id=None, name='order_update', language='en_US')
    """

    id: TemplateId | None = None
    name: str | None = None
    language: str | None = None

    @classmethod
    def of(cls, value: object, field: str = "template") -> TemplateRef:
        """
        Read a reference from an id, a mapping with ``id`` or ``name`` + ``language``, or a Template.

        :raises ValueError: when neither is there; the message names ``field``.
        """
        if isinstance(value, TemplateRef):
            return value
        if not isinstance(value, (Mapping, Template)):
            template_id = normalized_id(value)
            # A bare word is more likely somebody's template name than an id.
            if template_id is not None and str(template_id).isdecimal():
                return cls(id=template_id)
            raise ValueError(f"{field}: {_WANTED}, got {_shortened(value)}")
        given = value.to_dict() if isinstance(value, Template) else value
        raw_id = given.get("id")
        template_id = normalized_id(raw_id)
        if template_id is None and raw_id not in (None, ""):
            raise ValueError(f"{field}.id: not a template id: {_shortened(raw_id)}")
        name, language = (given.get(key) for key in ("name", "language"))
        named = all(isinstance(part, str) and part for part in (name, language))
        if template_id is None and not named:
            raise ValueError(f"{field}: {_WANTED}, got {_shortened(dict(given))}")
        return cls(template_id, *((str(name), str(language)) if named else (None, None)))

    def matches(self, template: Template) -> bool:
        """Say whether ``template`` is the one: by id where one is known, else by name and language."""
        if self.id is not None:
            return str(self.id) == str(template.id)
        return (self.name, self.language) == (template.name, template.language)

    def find_in(self, templates: Iterable[Template]) -> Template | None:
        """
        Return the template meant, or None; reads no further than it must.

        A name may be there twice: once deleted, and once made anew. The deleted one counts only when it
        is alone.
        """
        deleted = None
        for template in templates:
            if self.matches(template):
                if template.status != TemplateStatus.DELETED:
                    return template
                deleted = deleted or template
        return deleted

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON without what is not known."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        """Name the template for a person."""
        if self.name is None:
            return f"template {self.id}"
        return f"template {self.name} ({self.language})"


_WANTED = "give an id, or a mapping with `id` or with `name` and `language`"


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
