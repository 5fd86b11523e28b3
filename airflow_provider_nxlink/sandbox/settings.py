"""What can be set: the account the sandbox plays, its switches, and the shapes of its answers."""

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from airflow_provider_nxlink.sandbox.reviews import ReviewRule
from airflow_provider_nxlink.sandbox.texts import STORED, WHITESPACE

# Each place where the contract says that answers vary, with the forms they take; the first is the default.
SHAPES: dict[str, tuple[str, ...]] = {
    "create": ("object", "int", "string", "template_id", "whole", "null"),
    "update": ("null", "object", "int", "string", "template_id", "whole"),
    "delete": ("null", "object", "int", "string", "template_id", "whole"),
    "details": ("A", "B"),
    "list": ("object", "array", "null_when_empty"),
    "paging": ("exact", "endless"),
    "page_size": ("kept", "doubled", "ignored"),
    "stale_rows": ("content", "row"),
    "name_filter": ("fuzzy", "exact", "ignored"),
    "upload": ("with_h", "without_h"),
    "media_path": ("single", "double"),
    "media_url": ("signed", "plain"),
    "code": ("int", "string"),
    "ids": ("int", "string"),
    "status": ("int", "string", "missing"),
    "category_type": ("int", "string"),
    "times": ("plain", "zulu", "never"),
    "reason_key": ("camel", "snake"),
    "no_reason": ("empty", "none"),
    "whitespace": ("kept", "changed"),
    "message": ("empty", "null"),
    "error_text": ("en", "zh"),
}
# Set like shapes, but these change a template's texts or parts, or hide some: a client does not read the same
# from each form. `whitespace` has all its forms here.
ODDITIES: dict[str, tuple[str, ...]] = {
    "extra_component": ("none", "CAROUSEL", "LIMITED_TIME_OFFER", "UNKNOWN"),
    "extra_button": ("none", "unknown"),
    "button_reqs": ("given", "missing", "null"),
    "whitespace": tuple(WHITESPACE),
    "stored": tuple(STORED),
}
FORMS = SHAPES | ODDITIES


@dataclass(frozen=True)
class Account:
    """Who may call: one accessKey, the sender numbers and tenants it has permission for.

    The vendor's page uses tenants 123 and 1, so both are there.
    """

    access_key: str = "sandbox-key"
    access_secret: str = "sandbox-secret"  # noqa: S105 - a published throwaway, for loopback only
    phones: tuple[str, ...] = ("8613800000000",)
    tenant_ids: tuple[int, ...] = (123, 1)


def _switch(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


# The switches that are numbers: their type, and from where to where they go.
NUMBERS: dict[str, tuple[type, int, float]] = {
    "approve_after": (float, 0, math.inf),
    "visible_after": (float, 0, math.inf),
    "update_visible_after": (float, 0, math.inf),
    "delete_after": (float, 0, math.inf),
    "edits_per_day": (int, 0, 10**9),
    "name_lock_days": (float, 0, math.inf),
    "max_page_size": (int, 0, 10**9),
    "max_templates": (int, 0, 10**9),
    "creations_per_hour": (int, 0, 10**9),
    "limit_code": (int, -1, 10**9),
    "utc_offset_hours": (float, -23, 23),
    "auth_http_status": (int, 200, 599),
}


@dataclass
class Switches:
    """How the sandbox behaves; all can be changed while it runs, and count from the next call on."""

    approve_after: float = _switch(5.0, "seconds until a review's verdict; 0 is at once, inf is never")
    visible_after: float = _switch(0.0, "seconds until a created template appears in the list")
    update_visible_after: float = _switch(
        0.0, "seconds the list goes on showing the content from before an update (see shape stale_rows)"
    )
    delete_after: float = _switch(0.0, "seconds a deleted template stays as 'pending deletion'")
    keep_deleted: bool = _switch(False, "keep deleted templates in the list, as status 14")
    edits_per_day: int = _switch(
        1, "edits of an approved template in 24 hours (and 10 in 30 days); 0 lifts both limits"
    )
    name_lock_days: float = _switch(30.0, "days the name of a deleted approved template stays locked")
    strict_references: bool = _switch(True, "refuse tags, flows and templates that do not exist")
    strict_media: bool = _switch(False, "refuse media ids and handles that are unknown or expired")
    app_configured: bool = _switch(True, "whether the merchant has a WhatsApp app; if not, 22016")
    max_page_size: int = _switch(100, "largest page_size that is accepted")
    max_templates: int = _switch(0, "templates an account may have; 0 is no limit")
    creations_per_hour: int = _switch(0, "creations within an hour; 0 is no limit (Meta allows 100)")
    limit_code: int = _switch(22072, "code of a creation beyond max_templates or creations_per_hour")
    utc_offset_hours: float = _switch(0.0, "UTC offset of times without a zone, e.g. 8, -4 or 5.5")
    auth_http_status: int = _switch(200, "HTTP status of the codes 1001 to 1005")
    review: list[str] = field(
        default_factory=list,
        metadata={"help": "NAME[/LANGUAGE]=ACTION[:ARGUMENT], e.g. 'promo_*/en_US=reject:SPAM'"},
    )
    shape: dict[str, str] = field(default_factory=lambda: {key: forms[0] for key, forms in FORMS.items()})

    def change(self, **values: Any) -> None:
        """Set switches and, by their key, shapes: ``change(approve_after=0, create="null")``.

        :raises ValueError: naming every key or value that is not one; nothing is changed then.
        """
        shapes = {
            **values.pop("shape", {}),
            **{key: values.pop(key) for key in list(values) if key in FORMS},
        }
        problems = [_shape_problem(key, form) for key, form in shapes.items()]
        kinds = {item.name: item.type for item in fields(self) if item.name != "shape"}
        converted = {}
        for key, value in values.items():
            if key not in kinds:
                problems.append(f"no switch {key!r}; there are {', '.join([*kinds, *FORMS])}")
                continue
            try:
                converted[key] = _convert(key, kinds[key], value)
            except (ValueError, TypeError, OverflowError) as error:
                problems.append(f"{key}: {error}")
        if any(problems):
            raise ValueError("; ".join(problem for problem in problems if problem))
        for key, value in converted.items():
            setattr(self, key, value)
        self.shape.update(shapes)

    def as_dict(self) -> dict[str, Any]:
        """Return every switch and shape, as JSON can hold them: an endless time is ``"inf"``."""
        return {key: str(value) if value == math.inf else value for key, value in asdict(self).items()}


def _shape_problem(key: str, form: str) -> str:
    if key not in FORMS:
        return f"no shape {key!r}; there are {', '.join(FORMS)}"
    return "" if form in FORMS[key] else f"shape {key} is one of {', '.join(FORMS[key])}, not {form!r}"


def _convert(key: str, kind: Any, value: Any) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is not true or false")
        return value
    if key in NUMBERS:
        kind, low, high = NUMBERS[key]
        number = kind(value)
        if isinstance(value, bool) or not low <= number <= high:
            raise ValueError(f"{value!r} is not a number from {low} to {high}")
        return number
    rules = [value] if isinstance(value, str) else list(value)
    for rule in rules:
        ReviewRule.parse(rule)
    return rules
