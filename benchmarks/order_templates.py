"""The templates that the benchmarks of syncing create."""

from __future__ import annotations

from typing import Any


def body(number: int) -> dict[str, Any]:
    """Return a template as a spec."""
    return {
        "name": f"order_shipped_{number:03}",
        "language": "en_US",
        "category": "UTILITY",
        "header_text": "Good news",
        "content": f"Hello {{{{1}}}}, your order {number} is on its way to you and arrives in two days.",
        "footer_text": "Example Shop",
        "buttons": [{"type": "QUICK_REPLY", "text": "Stop", "customize_type": "unsubscribe"}],
    }


def on_the_wire(number: int) -> dict[str, Any]:
    """Return the same as the API wants it."""
    spec = body(number)
    return {
        "tenant_id": 1,
        "name": spec["name"],
        "language": spec["language"],
        "category_type": 2,
        "content": spec["content"],
        "headerText": spec["header_text"],
        "footerText": spec["footer_text"],
        "buttonComponents": [{"type": "QUICK_REPLY", "text": "Stop", "customizeType": "unsubscribe"}],
    }
