"""
One message as WhatsApp shows it, as HTML without script, style attribute or remote request.

    message = Message(body="Hello *{{1}}*", buttons=(MessageButton("QUICK_REPLY", "Stop"),))
    html = bubble_html(message, examples={"1": "Ada"})

Every text is escaped by Jinja2's autoescape. The classes are those of :func:`stylesheet`, which stands in a
``<style>`` of a self-contained page or is served as a file.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Protocol
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from airflow_provider_nxlink.preview.formatting import Filler, body_html, clean, plain_html

_ROOT = "airflow_provider_nxlink"
_TEMPLATES = "preview/templates"

# Languages that are written from right to left, as in WhatsApp's codes: before the underscore.
RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"})
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[_-]([A-Za-z]{2,4}))?")

# How media of a header are called.
KINDS: Mapping[str, str] = {
    "IMAGE": "Image",
    "VIDEO": "Video",
    "DOCUMENT": "Document",
    "LOCATION": "Location",
    "GIF": "GIF",
}
# Of each button type, the icon; any other type has a plain one.
ICONS: Mapping[str, str] = {
    "QUICK_REPLY": "reply",
    "URL": "link",
    "PHONE_NUMBER": "phone",
    "COPY_CODE": "copy",
    "FLOW": "form",
}
_PARTS = {"header_text": "header", "header_media": "header", "content": "body", "footer_text": "footer"}


class Place(Protocol):
    """Where something stands in a file."""

    def __str__(self) -> str:
        """Return ``file:line:column``."""


class Problem(Protocol):
    """What is wrong with a field; a ``specs.violations.Violation`` is one."""

    @property
    def path(self) -> str:
        """The field, e.g. ``buttons[2].url``."""

    @property
    def text(self) -> str:
        """What is wrong, and what to do."""

    @property
    def rule(self) -> str:
        """The rule's id."""

    @property
    def level(self) -> str:
        """``error`` or ``warning``."""

    @property
    def place(self) -> Place | None:
        """Where the field stands, if it was read from a file."""


@dataclass(frozen=True)
class Header:
    """
    What stands above the text.

    :param kind: ``TEXT``, ``IMAGE``, ``VIDEO``, ``DOCUMENT``, or what else there may be.
    :param text: for ``TEXT``.
    :param file_name: of media; may be empty.
    :param url: of a picture that may be loaded: http(s) without a signature; None where there is none.
    """

    kind: str
    text: str = ""
    file_name: str = ""
    url: str | None = None

    @property
    def title(self) -> str:
        """The kind in words."""
        return KINDS.get(self.kind, self.kind.replace("_", " ").capitalize())


@dataclass(frozen=True)
class MessageButton:
    """
    A button.

    :param kind: its type; one that is not known is shown with its type.
    :param text: what stands on it.
    :param actions: what happens when it is pressed, in words.
    """

    kind: str
    text: str
    actions: tuple[str, ...] = ()

    @property
    def icon(self) -> str:
        """The name of its icon."""
        return ICONS.get(self.kind, "other")


@dataclass(frozen=True)
class Message:
    """
    A template as far as it is known, whatever it was read from; nothing in it needs to be valid.

    :param name: the template's.
    :param language: a code such as ``en_US``; it decides the direction of the text.
    :param category: as it is called in the API.
    :param status: its status in words; empty for a spec.
    :param header: what stands above the text.
    :param body: with WhatsApp's formatting and placeholders.
    :param footer: the small line below.
    :param buttons: in their order.
    :param notes: what the picture does not show, e.g. parts that the API did not return.
    :param jinja: True where texts may hold Jinja that is not rendered yet.
    """

    name: str = ""
    language: str = ""
    category: str = ""
    status: str = ""
    header: Header | None = None
    body: str = ""
    footer: str = ""
    buttons: tuple[MessageButton, ...] = ()
    notes: tuple[str, ...] = ()
    jinja: bool = False

    @property
    def direction(self) -> str:
        """``rtl`` for languages written from right to left, else ``ltr``."""
        match = _LANGUAGE.fullmatch(self.language)
        return "rtl" if match and match[1] in RIGHT_TO_LEFT else "ltr"

    @property
    def lang(self) -> str:
        """The language as HTML writes it; empty where the code is none."""
        match = _LANGUAGE.fullmatch(self.language)
        return "-".join(part for part in match.groups() if part) if match else ""


def bubble_html(
    message: Message,
    examples: Mapping[str, str] | None = None,
    *,
    problems: Iterable[Problem] = (),
    show_media: bool = False,
) -> Markup:
    """
    Return the bubble of one message.

    :param examples: what placeholders are filled with, by number or name; the others are shown as chips.
    :param problems: what is wrong; each is shown at its field.
    :param show_media: load the picture of an image header from its http(s) URL. The page then makes a remote
        request, and its Content-Security-Policy has to allow it.
    """
    return _rendered("bubble", message, examples, problems, show_media=show_media)


def card_html(
    message: Message,
    examples: Mapping[str, str] | None = None,
    *,
    problems: Iterable[Problem] = (),
    show_media: bool = False,
    title: str | None = None,
) -> Markup:
    """
    Return the bubble below a heading with language, category and status.

    :param title: the heading; the language by default. The rest as for :func:`bubble_html`.
    """
    return _rendered("card", message, examples, problems, show_media=show_media, title=title)


def page_html(template: str, title: str, *, show_media: bool = False, **values: Any) -> str:
    """
    Return a whole self-contained page: the stylesheet inside, no script, nothing to be fetched.

    :param template: a template of this package that extends ``page.html``.
    :param show_media: let the page load pictures by http(s).
    :param values: what the template shows.
    """
    css = stylesheet()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    images = "data: http: https:" if show_media else "data:"
    rules = ("default-src 'none'", f"style-src 'sha256-{digest}'", f"img-src {images}")
    policy = "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))
    page = environment().get_template(template)
    # The stylesheet is this package's own, and a style element takes no escapes.
    return page.render(title=title, policy=policy, css=Markup(css), **values)  # noqa: S704


@cache
def stylesheet() -> str:
    """Return the stylesheet: light and dark, every class with the prefix ``nx-``."""
    return (resources.files(_ROOT) / _TEMPLATES / "nxlink.css").read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """Return the Jinja2 environment of this package's templates, with autoescape."""
    return Environment(
        loader=PackageLoader(_ROOT, _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def http_url(url: str) -> str | None:
    """Return ``url`` if it is http(s) with a host and no credentials, else None."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc else None


def _rendered(
    macro: str,
    message: Message,
    examples: Mapping[str, str] | None,
    problems: Iterable[Problem],
    *,
    show_media: bool,
    **values: Any,
) -> Markup:
    filler = Filler(examples or {}, jinja=message.jinja)
    # A language written from left to right may still quote another one.
    direction = "rtl" if message.direction == "rtl" else "auto"
    picture = message.header.url if message.header and message.header.kind == "IMAGE" else None
    shown = {
        "header": plain_html(message.header.text, filler) if message.header else "",
        "body": body_html(message.body, filler, direction),
        "footer": plain_html(message.footer, filler),
        "buttons": [plain_html(button.text, filler) for button in message.buttons],
        "actions": [[filler.fill(action) for action in button.actions] for button in message.buttons],
        "picture": http_url(picture) if picture and show_media else None,
        "direction": direction,
    }
    module: Any = environment().get_template("macros.html").module
    made = getattr(module, macro)(message, shown, _by_part(message, problems), **values)
    return Markup(made)  # noqa: S704  # a macro of an environment with autoescape


def _by_part(message: Message, problems: Iterable[Problem]) -> dict[str, list[Problem]]:
    """Return the problems by the part of the bubble that they are shown at."""
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        name = problem.path.partition(".")[0]
        index = re.fullmatch(r"buttons\[([0-9]{1,6})\]", name)
        if index:
            part = name if int(index[1]) < len(message.buttons) else "buttons"
        else:
            part = "buttons" if name == "buttons" else _PARTS.get(name, "template")
        found.setdefault(part, []).append(problem)
    return found


def _printable(value: Any) -> Any:
    """Clean every text that a template shows and that is not HTML already."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
