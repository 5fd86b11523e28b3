"""
WhatsApp's ``{{1}}`` against Airflow's Jinja, which are written alike.

The rule: in a template's text, a bare ``{{1}}`` or ``{{word}}`` is WhatsApp's; any other Jinja is Airflow's.

    Hello {{1}}, see you in {{ params.city }}     →     Hello {{1}}, see you in Bonn

Text that should keep other braces stands in ``{% raw %}…{% endraw %}``. After rendering, the positional
placeholders must be those that were written: one that came out of a rendered value, or that got lost,
is an error. Two things are the author's will and are none: what a raw block shows, and a placeholder in the
dropped branch of an ``{% if %}`` (or of a ``{% for %}`` over nothing).

A template with ``render: false`` is left alone as a whole: none of its strings is rendered or unescaped.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_nxlink.specs.plain import has_braces
from airflow_provider_nxlink.specs.spans import (
    BARE,
    JINJA_FIX,
    PlaceholderError,
    Span,
    is_template_error,
    spans,
    template_error,
)
from airflow_provider_nxlink.specs.spelling import SPEC, Spelling, is_rendered
from airflow_provider_nxlink.specs.violations import TemplateSpecError, Violation, join, shown

RULE = "A bare {{1}} or {{word}} is WhatsApp's, any other Jinja is Airflow's."
# Python reads no more than 4300 digits as a number.
POSITIONAL = re.compile(r"\{\{\s*([0-9]{1,4000})\s*\}\}")

__all__ = [
    "BARE",
    "PlaceholderError",
    "changes_when_rendered",
    "has_jinja",
    "positional",
    "render_spec",
    "render_text",
]


def has_jinja(text: str) -> bool:
    """
    Return True if a message text holds Airflow's Jinja, beside bare placeholders.

    :raises PlaceholderError: when Jinja cannot read the text.
    """
    return any(span.kind in ("jinja", "raw") for span in spans(text))


def changes_when_rendered(spec: Any) -> bool:
    """
    Return True if Jinja would read anything in a template of literal texts, in any of its fields.

    Such a template needs ``render: false`` to stay what it is.

    :param spec: a mapping in either spelling.
    """
    found: list[str] = []

    def note(value: Any) -> Any:
        if isinstance(value, str) and has_braces(value):
            found.append(value)
        return value

    walk = _Walk(note, note, JINJA_FIX)
    walk.part({key: item for key, item in spec.items() if key != "render"}, SPEC, "")
    return bool(found or walk.violations)


def positional(text: str) -> list[int]:
    """Return the numbers of the positional placeholders, in the order of the text, repeated ones too."""
    return [int(number) for number in POSITIONAL.findall(text)]


def render_text(text: str, render: Callable[[str], Any]) -> str:
    """
    Render the Jinja of a message text and keep its bare placeholders as they are written.

    :param render: renders one string of Jinja; not called when the text holds none but placeholders.
    :return: the text, with every character outside the rendered Jinja unchanged.
    :raises PlaceholderError: when Jinja cannot read or render the text, or a positional placeholder vanished
        or appeared.
    """
    pieces = list(spans(text))
    if not any(span.kind in ("jinja", "raw") for span in pieces):
        return text
    held = _Held()
    # The guards at both ends keep native rendering from reading "[1]" as a list, and Jinja from dropping
    # the last line end.
    source = held.guard + "".join(held.hold(text, span) for span in pieces) + held.guard
    try:
        rendered = str(render(source))
    except Exception as error:
        if not is_template_error(error):
            raise
        # Without its cause, whose source lines are not the user's text.
        raise template_error(text, error, held.restored) from None
    result = held.put_back(rendered)
    _compare(pieces, text, rendered, result, held)
    return result


def render_spec(
    value: Any,
    *,
    render_text: Callable[[str], Any],
    render_other: Callable[[Any], Any],
    fix: str = JINJA_FIX,
) -> Any:
    """
    Render a template spec, or a list of them, leaf by leaf.

    The strings of a spec with ``render: false`` are returned as they are.

    :param value: a mapping in either spelling, a list of such, or a spec object. Anything else is passed to
        ``render_other`` as it is; what that returns is data and is not rendered again.
    :param render_text: renders one string of Jinja; called with message texts only, placeholders held back.
    :param render_other: renders any other leaf: strings of plain Jinja, upstream values, numbers.
    :param fix: what to do about Jinja that cannot be rendered, for the error.
    :return: plain dicts and lists of what the two gave.
    :raises TemplateSpecError: with every text that could not be rendered soundly.
    """
    walk = _Walk(render_text, render_other, fix)
    if isinstance(value, list | tuple):
        result: Any = [walk.spec(item, f"[{index}]") for index, item in enumerate(value)]
    else:
        result = walk.spec(value, "")
    if walk.violations:
        raise TemplateSpecError(walk.violations)
    return result


class _Walk:
    """One pass over a spec; collects what could not be rendered."""

    def __init__(
        self, render_text: Callable[[str], Any], render_other: Callable[[Any], Any], fix: str
    ) -> None:
        self.render_text = render_text
        self.render_other = render_other
        self.fix = fix
        self.violations: list[Violation] = []
        self.is_literal = False

    def spec(self, value: Any, path: str) -> Any:
        value = _plain(value)
        self.is_literal = isinstance(value, Mapping) and not is_rendered(value)
        return self.part(value, SPEC, path)

    def part(self, value: Any, spelling: Spelling, path: str) -> Any:
        value = _plain(value)
        if not isinstance(value, Mapping):
            return self.other(value, path)
        return {key: self.field(key, item, spelling, path) for key, item in value.items()}

    def field(self, key: Any, value: Any, spelling: Spelling, path: str) -> Any:
        name = (spelling.canonical(key) if isinstance(key, str) else None) or str(key)
        at = join(path, name)
        if name in spelling.texts:
            return self.text(value, at)
        if name in spelling.parts and isinstance(value, list | tuple):
            below = spelling.parts[name]
            return [self.part(item, below, f"{at}[{index}]") for index, item in enumerate(value)]
        return self.other(value, at)

    def text(self, value: Any, path: str) -> Any:
        if isinstance(value, list | tuple):
            return [self.text(item, f"{path}[{index}]") for index, item in enumerate(value)]
        if not isinstance(value, str) or self.is_literal:
            return self.other(value, path)
        try:
            return render_text(value, self.render_text)
        except PlaceholderError as error:
            fix = self.fix if error.at_run_time else RULE
            rule = "jinja.unknown" if error.at_run_time else "text.placeholders"
            self.violations.append(Violation(rule, path, error.shown or shown(value), str(error), fix))
            return value

    def other(self, value: Any, path: str) -> Any:
        value = _plain(value)
        if isinstance(value, Mapping):
            return {key: self.other(item, join(path, str(key))) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.other(item, f"{path}[{index}]") for index, item in enumerate(value)]
        if not isinstance(value, str):
            return self.render_other(value)
        return value if self.is_literal else self.plain_jinja(value, path)

    def plain_jinja(self, value: str, path: str) -> Any:
        try:
            return self.render_other(value)
        except Exception as error:
            if not is_template_error(error):
                raise
            problem = template_error(value, error)
            self.violations.append(Violation("jinja.unknown", path, problem.shown, str(problem), self.fix))
            return value


def _plain(value: Any) -> Any:
    """Return a spec object, also one inside a dict, as the plain mapping it stands for."""
    to_dict = getattr(type(value), "to_dict", None)
    is_ours = type(value).__module__.startswith(__name__.rpartition(".")[0])
    return to_dict(value) if to_dict and is_ours else value


class _Held:
    """What is kept out of Jinja's hands while a text is rendered."""

    def __init__(self) -> None:
        # Digits only, so that {% filter upper %} leaves it alone; random, so that no value can hold it.
        self.nonce = str(secrets.randbelow(10**18)).zfill(18)
        self.guard = f"\ue000{self.nonce}\ue001"
        self.pieces: list[str] = []
        self.back: set[int] = set()

    def hold(self, text: str, span: Span) -> str:
        piece = text[span.start : span.end]
        if span.kind == "bare":
            return self._token(piece)
        if span.kind == "jinja":
            return piece
        # Jinja turns every line end into \n. The newline of \r\n stays, so that lines keep their numbers.
        return re.sub(r"\r", lambda match: self._token(match[0]), piece)

    def restored(self, message: str) -> str:
        """Return a message of Jinja with the user's own text instead of what held its place."""
        return self._filled(message).replace(self.nonce, "")

    def put_back(self, rendered: str) -> str:
        result = self._filled(rendered)
        if self.nonce in result:
            raise PlaceholderError("its Jinja changes the placeholders, as {% filter urlencode %} does")
        return result

    def _filled(self, text: str) -> str:
        return re.sub(f"\ue000{self.nonce}:([0-9]+)\ue001", self._piece, text).replace(self.guard, "")

    def _token(self, piece: str) -> str:
        self.pieces.append(piece)
        return f"\ue000{self.nonce}:{len(self.pieces) - 1}\ue001"

    def _piece(self, match: re.Match[str]) -> str:
        self.back.add(int(match[1]))
        return self.pieces[int(match[1])]


def _compare(pieces: list[Span], text: str, rendered: str, result: str, held: _Held) -> None:
    """Refuse a result whose positional placeholders are not those that were written."""
    in_raw = _numbers(text, [span for span in pieces if span.kind == "raw"])
    needed = _numbers(text, [span for span in pieces if span.kind == "bare" and not span.optional])
    back = {number for index in held.back for number in positional(held.pieces[index])}
    if lost := needed - back:
        raise PlaceholderError(f"{_names(lost)} vanished when the text was rendered")
    if new := (set(positional(rendered)) | (set(positional(result)) - back)) - in_raw:
        raise PlaceholderError(
            f"{_names(new)} appeared when the text was rendered: a placeholder must be written in the text "
            "itself; pass a whole text from an upstream task as its output, not through Jinja"
        )


def _numbers(text: str, pieces: list[Span]) -> set[int]:
    return {number for span in pieces for number in positional(text[span.start : span.end])}


def _names(numbers: set[int]) -> str:
    return ", ".join(f"{{{{{number}}}}}" for number in sorted(numbers))
