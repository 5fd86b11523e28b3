"""Sources to render, hostile ones among them."""

from typing import Any

from airflow_provider_nxlink.api.models import Template

# Each would run, load or break something if it reached a page unescaped.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</style></title></textarea><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{1}}<b>{{<i>}}",
    "{% raw %}{{ 7*7 }}<u>",
    "*<s>*_<em>_```</code><script>```",
    "\x00\x1b[31m\ud800\u202e\ufffc&amp;<!--",
)

SPEC: dict[str, Any] = {
    "name": "order_shipped",
    "language": "en_US",
    "category": "UTILITY",
    "header_text": "Good news for {{1}}",
    "content": "Hello *{{1}}*, order _{{2}}_ is ~late~ ```AB``` `x`\n\n- fast\n- free\n1. unpack\n> thanks",
    "footer_text": "Example Shop",
    "buttons": [
        {"type": "URL", "text": "Track", "url": "https://shop.example/t/{{1}}", "example": ["42"]},
        {"type": "PHONE_NUMBER", "text": "Call us", "phone_number": "+4912345"},
        {"type": "COPY_CODE", "text": "Copy offer code", "example": ["SAVE25"]},
        {"type": "FLOW", "text": "Book", "flow_id": "77"},
        {
            "type": "QUICK_REPLY",
            "text": "Stop",
            "customize_type": "unsubscribe",
            "events": [{"event": "tag", "tag_name": "left"}],
        },
    ],
}
ARABIC: dict[str, Any] = {
    "name": "order_shipped",
    "language": "ar",
    "category": "UTILITY",
    "header_text": "أخبار سارة",
    "content": "مرحبا *{{1}}*، طلبك رقم {{2}} في الطريق إليك 🎉\n- سريع\n- مجاني",
    "buttons": [{"type": "QUICK_REPLY", "text": "إيقاف"}],
}


def live(**fields: Any) -> Template:
    """Return a template as NXLink returns it: in use unless said otherwise."""
    return Template.model_validate(
        {
            "id": 1,
            "name": "promo",
            "language": "en_US",
            "category": "MARKETING",
            "status": 2,
            "is_close_auto_flow": 0,
            **fields,
        }
    )


def hostile_template(text: str) -> Template:
    """Return a live template with ``text`` in every field that can hold one."""
    button = {"type": text, "text": text, "url": text, "example": [text], "flow_id": text}
    events = [{"event": "tag", "tagName": text}, {"event": "text", "text": text}]
    return live(
        name=text,
        language=text,
        category=text,
        rejected_reason=text,
        components=[
            {"type": "HEADER", "format": text, "filename": text, "url": text},
            {"type": "BODY", "text": text},
            {"type": "FOOTER", "text": text},
            {
                "type": "BUTTONS",
                "buttons": [
                    button,
                    *({**button, "type": kind} for kind in ("URL", "PHONE_NUMBER", "COPY_CODE", "FLOW")),
                    {"type": "QUICK_REPLY", "text": text, "buttonReqs": {"buttonEvents": events}},
                ],
            },
            {"type": text},
        ],
    )


def hostile_fields(text: str) -> dict[str, Any]:
    """Return a spec's fields with ``text`` in each; no valid spec, as files may hold anything."""
    return {
        **dict.fromkeys(("name", "language", "category", "content", "header_text", "footer_text"), text),
        "header_media": {"media_type": text, "original_filename": text, "url": text},
        "buttons": [{"type": text, "text": text, "url": text}, text, {text: text}],
    }
