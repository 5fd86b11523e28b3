"""How the fields of a spec are called: our snake_case, and the vendor's spelling of the same."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_nxlink.specs.violations import Violation, shown

# The page's own request bodies spell it with a trailing blank; the connection's is sent.
TENANT_KEYS = frozenset({"tenant_id", "tenantId"})

NEAR_MISS = 0.75


@dataclass(frozen=True)
class Spelling:
    """
    The fields of one part.

    :param wire: our name → the name in the vendor's tables, in their order.
    :param also: further accepted spellings → our name.
    :param open: True where unknown fields pass through to the wire.
    :param texts: the fields that hold a text of the message, where a bare ``{{1}}`` is WhatsApp's.
    :param parts: the fields that hold other parts, or lists of them.
    """

    wire: Mapping[str, str]
    also: Mapping[str, str] = field(default_factory=dict)
    open: bool = False
    texts: frozenset[str] = frozenset()
    parts: Mapping[str, Spelling] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the table the look-ups use."""
        known = {vendor: ours for ours, vendor in self.wire.items()}
        object.__setattr__(self, "_known", {**known, **self.also, **{ours: ours for ours in self.wire}})

    def canonical(self, key: str) -> str | None:
        """Return our name for a key in either spelling, None for one that neither knows."""
        known: dict[str, str] = self._known  # type: ignore[attr-defined]  # set in __post_init__
        return known.get(key)

    def nearest(self, key: str) -> str | None:
        """Return our name of the field the key was probably meant to be, None when nothing is near."""
        known: dict[str, str] = self._known  # type: ignore[attr-defined]  # set in __post_init__
        folded = {_fold(name): ours for name, ours in known.items()}
        match = difflib.get_close_matches(_fold(key), folded, n=1, cutoff=NEAR_MISS)
        return folded[match[0]] if match else None

    def read(self, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Violation]]:
        """
        Return the fields under our names, and what is wrong with the keys.

        None, ``""`` and ``[]`` mean "not given", as the vendor's own bodies use them.
        """
        fields: dict[str, Any] = {}
        violations: list[Violation] = []
        for key, value in data.items():
            name = self.canonical(key)
            if name is None:
                nearest = self.nearest(key)
                if self.open and not nearest:
                    fields |= {} if _is_empty(value) else {key: value}
                else:
                    violations.append(_unknown(key, nearest, sorted(self.wire)))
            elif _is_empty(value) or (isinstance(value, str) and not value):
                continue
            elif name in fields:
                violations.append(
                    Violation("field.twice", name, shown(value), "is given twice", f"Leave {key!r} out.")
                )
            else:
                fields[name] = value
        return fields, violations


EVENT = Spelling(
    wire={
        "event": "event",
        "tag_name": "tagName",
        "text": "text",
        "template_id": "templateId",
        "template_name": "templateName",
    },
    texts=frozenset({"text"}),
)
BUTTON = Spelling(
    wire={
        "type": "type",
        "customize_type": "customizeType",
        "text": "text",
        "phone_number": "phoneNumber",
        "url": "url",
        "flow_id": "flow_id",
        "events": "buttonEvents",
        "example": "example",
    },
    also={"flowId": "flow_id", "button_events": "events"},
    open=True,
    texts=frozenset({"text", "url", "example"}),
    parts={"events": EVENT},
)
MEDIA = Spelling(
    wire={
        "original_filename": "mediaName",
        "media_id": "mediaId",
        "media_type": "mediaType",
        "h": "templateMediaId",
    },
    also={"url": "url"},
)
SPEC = Spelling(
    wire={
        "name": "name",
        "language": "language",
        "category": "category_type",
        "content": "content",
        "header_text": "headerText",
        "header_media": "headerMedia",  # on the wire: the four keys of MEDIA
        "footer_text": "footerText",
        "tag_name": "tag_name",
        "syn_meta": "syn_meta",
        "is_close_auto_flow": "is_close_auto_flow",
        "buttons": "buttonComponents",
    },
    also={
        "categoryType": "category",
        "button_components": "buttons",
        "tagName": "tag_name",
        "synMeta": "syn_meta",
        "isCloseAutoFlow": "is_close_auto_flow",
        "render": "render",  # not sent
    },
    texts=frozenset({"content", "header_text", "footer_text"}),
    parts={"header_media": MEDIA, "buttons": BUTTON},
)


def is_rendered(spec: Any) -> bool:
    """
    Return False for a spec, or a mapping of one, whose ``render`` switches Jinja off.

    Only an absent key, what counts as not given, and True itself leave Jinja on; validation refuses the rest.
    """
    render = spec.get("render") if isinstance(spec, Mapping) else getattr(spec, "render", None)
    return render is None or render is True or (isinstance(render, str | list | tuple) and not render)


def is_tenant(key: Any) -> bool:
    """Return True for the tenant's key, also with the blank the vendor's page puts behind it."""
    return isinstance(key, str) and key.strip() in TENANT_KEYS


def fold_media(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Violation]]:
    """Return the body with the vendor's four media keys gathered under ``header_media``."""
    vendor = set(MEDIA.wire.values())
    rest = {key: value for key, value in data.items() if key not in vendor}
    media = {key: value for key, value in data.items() if key in vendor and value not in ("", None)}
    if not media:
        return rest, []
    if any(rest.get(key) not in ("", None) for key in ("header_media", "headerMedia")):
        keys = ", ".join(sorted(media))
        return rest, [Violation("field.twice", "header_media", "", "is given twice", f"Leave {keys} out.")]
    return {**rest, "header_media": media}, []


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, list | tuple) and not value)


def _fold(key: str) -> str:
    return key.strip().replace("_", "").replace("-", "").lower()


def _unknown(key: str, nearest: str | None, known: list[str]) -> Violation:
    fix = f"Did you mean {nearest!r}?" if nearest else f"Known fields: {', '.join(known)}."
    return Violation("field.unknown", key, "", "is not a field of this part", fix)
