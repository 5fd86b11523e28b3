"""WhatsApp's limits, in characters or in number; the only place that holds one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LIMITS: Final[Mapping[str, int]] = {
    "name": 512,
    "header_text": 60,
    "header_variables": 1,
    "content": 1024,
    "content_newlines": 2,  # in a row
    "content_spaces": 4,  # in a row
    "content_words_per_variable": 3,  # and one more; not published by Meta, fits its known refusals
    "footer_text": 60,
    "button_text": 25,
    "url": 2000,
    "url_variables": 1,
    "phone_number": 20,
    "copy_code": 15,
    "buttons": 10,
}

# Of each type, per template.
BUTTON_LIMITS: Final[Mapping[str, int]] = {
    "QUICK_REPLY": 10,
    "URL": 2,
    "PHONE_NUMBER": 1,
    "COPY_CODE": 1,
    "FLOW": 1,
}
