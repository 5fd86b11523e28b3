"""
A template as plain text that looks like the message on the phone, for logs and reviews.

    ╭─ order_shipped · en_US · UTILITY
    │ 𝗚𝗼𝗼𝗱 𝗻𝗲𝘄𝘀
    │
    │ Hello {{1}}, your order is on its way.
    │
    │ Example Shop
    ├─
    │ [ Track ] opens https://shop.example/t/42
    ╰─
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from airflow_provider_nxlink.specs.model import Button, ButtonEvent, HeaderMedia, TemplateSpec
from airflow_provider_nxlink.specs.placeholders import BARE

# WhatsApp's marks, and the first letters of Unicode's alphabets that look like it: capitals, small, digits.
MARKS: Mapping[str, str] = {"```": "monospace", "*": "bold", "_": "italic", "~": "strike"}
ALPHABETS: Mapping[frozenset[str], tuple[int, int, int | None]] = {
    frozenset({"bold"}): (0x1D5D4, 0x1D5EE, 0x1D7EC),
    frozenset({"italic"}): (0x1D608, 0x1D622, None),
    frozenset({"bold", "italic"}): (0x1D63C, 0x1D656, 0x1D7EC),
    frozenset({"monospace"}): (0x1D670, 0x1D68A, 0x1D7F6),
}
# Placeholders, and Jinja that is not rendered yet.
BRACES = re.compile(r"(\{\{[^{}]*\}\})")
STRIKE = "\u0336"

# A mark counts at the edge of a word, with no blank on its inner side.
MARKED = re.compile(r"(?<![\w*~`])(```|[*_~])(?=\S)((?:(?!\1).)+?)(?<=\S)\1(?![\w*~`])")

BUTTON_ACTIONS: Mapping[str, Callable[[Button], str]] = {
    "QUICK_REPLY": lambda button: "replies",
    "URL": lambda button: f"opens {_link(button)}",
    "PHONE_NUMBER": lambda button: f"calls {button.phone_number}",
    "COPY_CODE": lambda button: f"copies {''.join(button.example[:1])}",
    "FLOW": lambda button: f"opens flow {button.flow_id}",
}
EVENT_ACTIONS: Mapping[str, Callable[[ButtonEvent], str]] = {
    "tag": lambda event: f"tags the contact {event.tag_name!r}",
    "text": lambda event: f"answers {event.text!r}",
    "template": lambda event: f"sends template {event.template_name!r}",
}


def preview(spec: TemplateSpec, examples: Mapping[str, str] | None = None) -> str:
    """
    Return the template as plain text, without a line end behind it.

    :param examples: what placeholders are filled with, by their name or number: ``{"1": "Ada"}``. The others
        stay as they are. A URL button shows its own ``example``.
    """
    fill = _filler(examples or {})
    message = [_header(spec, fill), _styled(fill(spec.content)), spec.footer_text]
    text = "\n\n".join(part for part in message if part)
    lines = [f"╭─ {spec.name} · {spec.language} · {spec.category}"]
    lines += [f"│ {line}".rstrip() for line in re.split(r"\r\n|\r|\n", text)]
    if spec.buttons:
        lines += ["├─", *(f"│ {_button(button)}" for button in spec.buttons)]
    return "\n".join(_printable(line) for line in [*lines, "╰─"])


def _filler(examples: Mapping[str, str]) -> Callable[[str], str]:
    def fill(text: str) -> str:
        return BARE.sub(lambda match: examples.get(match[0].strip("{}").strip(), match[0]), text)

    return fill


def _header(spec: TemplateSpec, fill: Callable[[str], str]) -> str | None:
    media = spec.header_media
    if isinstance(media, HeaderMedia):
        # The query of a media URL is a signature.
        name = media.original_filename or (media.url or "").partition("?")[0] or media.media_id
        return f"[{media.media_type or 'MEDIA'} {name}]"
    if media or spec.header_text:
        return _spelled(fill(spec.header_text or str(media)), frozenset({"bold"}))
    return None


def _button(button: Button) -> str:
    if not isinstance(button, Button):
        return str(button)
    # Before rendering, a type may be Jinja.
    action = BUTTON_ACTIONS[button.type](button) if button.type in BUTTON_ACTIONS else button.type
    events = [event for event in button.events if isinstance(event, ButtonEvent)]
    also = [EVENT_ACTIONS[event.event](event) for event in events if event.event in EVENT_ACTIONS]
    also += ["unsubscribes"] if button.customize_type == "unsubscribe" else []
    return ", ".join([f"[ {button.text} ] {action}", *also])


def _link(button: Button) -> str:
    """Return the link of a button; its example may be what stands for the variable, or the whole link."""
    example, url = "".join(button.example[:1]), button.url or ""
    if not example or example.startswith(("http://", "https://")):
        return example or url
    return BARE.sub(lambda _: example, url)


def _styled(text: str, styles: frozenset[str] = frozenset()) -> str:
    """Return the text with WhatsApp's marks replaced by letters that look like it."""
    out, position = "", 0
    for match in MARKED.finditer(text):
        mark, inner = match[1], match[2]
        out += _spelled(text[position : match.start()], styles)
        position = match.end()
        if mark != "~" and any(letter.isalpha() and not letter.isascii() for letter in inner):
            out += match[0]  # Unicode has no bold ü: the marks say it better than half a bold word
        elif mark == "```":
            out += _spelled(inner, frozenset({MARKS[mark]}))
        else:
            out += _styled(inner, styles | {MARKS[mark]})
    return out + _spelled(text[position:], styles)


def _spelled(text: str, styles: frozenset[str]) -> str:
    """Return the text in the letters of a style; placeholders and other letters as they are."""
    if not styles:
        return text
    letters = ALPHABETS.get(styles - {"strike"})
    pieces = BRACES.split(text)
    if letters:
        pieces = [piece if BRACES.fullmatch(piece) else _translated(piece, letters) for piece in pieces]
    joined = "".join(pieces)
    return "".join(f"{letter}{STRIKE}" for letter in joined) if "strike" in styles else joined


def _translated(text: str, letters: tuple[int, int, int | None]) -> str:
    table: dict[int, int] = {}
    for first, count, target in zip("Aa0", (26, 26, 10), letters, strict=True):
        if target is not None:
            table |= {ord(first) + offset: target + offset for offset in range(count)}
    return text.translate(table)


def _printable(text: str) -> str:
    """Return the text without control characters, which a terminal would obey."""
    return "".join("�" if unicodedata.category(letter) == "Cc" else letter for letter in text)
