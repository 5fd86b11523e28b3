"""
WhatsApp's text formatting as safe HTML.

    *bold*  _italic_  ~strike~  ```monospace```  `code`
    - item   1. item   > quote

One pass from left to right; the time is linear in the length of the text, whatever it holds.
See https://faq.whatsapp.com/539178204879377.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup, escape

# Stands for a finished piece of HTML within a line; never part of a text, see clean().
ATOM = "\ufffc"
FENCE = "```"
ELEMENTS: Mapping[str, str] = {"*": "strong", "_": "em", "~": "s"}

# Possessive, and no braces inside: each character is read once.
_BRACES = re.compile(r"\{\{[^{}]*+\}\}|\{%[^{}]*+\}")
_PLACEHOLDER = re.compile(r"\{\{\s*+(\w++)\s*+\}\}")
_MARK = re.compile(r"[*_~`]")
_BULLET = re.compile(r"[*-] ++")
_NUMBER = re.compile(r"([0-9]{1,3})\. ++")
_QUOTE = re.compile(r"> ++")
# What HTML cannot hold or UTF-8 cannot write.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffc]")


@dataclass(frozen=True)
class Filler:
    """
    How placeholders are shown.

    :param examples: values by the placeholder's number or name: ``{"1": "Ada"}``. A placeholder without a
        value is shown as a chip.
    :param jinja: mark other Jinja as not rendered yet; False where it is plain text, as in a live template.
    """

    examples: Mapping[str, str] = field(default_factory=dict)
    jinja: bool = False

    def fill(self, text: str) -> str:
        """Return a text with the placeholders that have a value replaced."""
        return _PLACEHOLDER.sub(lambda match: str(self.examples.get(match[1], match[0])), text)

    def pieces(self, text: str) -> Iterator[str]:
        """Yield the text in pieces: plain ones, and HTML (``Markup``) for placeholders."""
        position = 0
        for match in _BRACES.finditer(text):
            piece = self._piece(match[0])
            if piece is not None:
                yield text[position : match.start()]
                yield piece
                position = match.end()
        yield text[position:]

    def _piece(self, source: str) -> Markup | None:
        placeholder = _PLACEHOLDER.fullmatch(source)
        if placeholder:
            value = self.examples.get(placeholder[1])
            if value is None:
                return Markup('<span class="nx-chip" dir="ltr">{}</span>').format(source)
            return Markup('<bdi class="nx-filled" title="{}">{}</bdi>').format(source, clean(str(value)))
        if self.jinja and (source.startswith("{{") or source.endswith("%}")):
            return Markup('<span class="nx-jinja" dir="ltr">{}</span>').format(source)
        return None


def clean(text: str) -> str:
    """Return a text with one kind of line end, and U+FFFD for what neither HTML nor UTF-8 can hold."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def plain_html(text: str, filler: Filler | None = None) -> Markup:
    """Return a text without formatting as HTML: headers, footers and buttons have none."""
    filler = filler or Filler()
    return Markup("").join(filler.pieces(clean(text)))


def body_html(text: str, filler: Filler | None = None, direction: str = "auto") -> Markup:
    """
    Return a message body as HTML: paragraphs, lists and quotes.

    :param direction: the ``dir`` of each block: ``auto``, ``ltr`` or ``rtl``.
    """
    text = clean(text).strip("\n")
    if not text:
        return Markup()
    blocks: list[Markup] = []
    kind = ""
    lines: list[Markup] = []
    for line in [*_lines(text, filler or Filler()), None]:
        found, shown = ("", Markup()) if line is None else _classify(line)
        if lines and (found != kind or line is None):
            blocks.append(_block(kind, lines, direction))
            lines = []
        kind = found
        lines.append(shown)
    return Markup("\n").join(blocks)


def _lines(text: str, filler: Filler) -> Iterator[_Line]:
    """Yield the lines of a text; monospace may go over several, and belongs to the one it begins in."""
    line = _Line()
    for piece in _unfenced(text, filler):
        if isinstance(piece, Markup):
            line.add(piece)
            continue
        first, *others = piece.split("\n")
        line.text.append(first)
        for other in others:
            yield line
            line = _Line([other])
    yield line


@dataclass
class _Line:
    """One line: its text with ``ATOM`` for each finished piece of HTML, and these pieces."""

    text: list[str] = field(default_factory=list)
    atoms: list[Markup] = field(default_factory=list)

    def add(self, atom: Markup) -> None:
        self.text.append(ATOM)
        self.atoms.append(atom)


def _unfenced(text: str, filler: Filler) -> Iterator[str]:
    """Yield the text in pieces, with what stands between two fences as one piece of HTML."""
    position = 0
    for start, end in _fences(text):
        yield from filler.pieces(text[position:start])
        inner = Markup("").join(filler.pieces(text[start + len(FENCE) : end - len(FENCE)]))
        yield Markup('<code class="nx-mono">{}</code>').format(inner)
        position = end
    yield from filler.pieces(text[position:])


def _fences(text: str) -> Iterator[tuple[int, int]]:
    start = text.find(FENCE)
    while start >= 0:
        close = text.find(FENCE, start + len(FENCE))
        if close < 0:
            return
        end = close + len(FENCE)
        edges = text[start - 1 : start] + text[end : end + 1]
        if text[start + len(FENCE) : close].strip() and not any(map(str.isalnum, edges)):
            yield start, end
            start = text.find(FENCE, end)
        else:
            start = close


def _classify(line: _Line) -> tuple[str, Markup]:
    """Return what kind of block a line belongs to, and its HTML."""
    text = "".join(line.text)
    for kind, pattern in (("ul", _BULLET), ("ol", _NUMBER), ("blockquote", _QUOTE)):
        match = pattern.match(text)
        if match and match.end() < len(text):
            shown = _inline(text[match.end() :], iter(line.atoms))
            if kind == "blockquote":
                return kind, shown
            value = Markup(' value="{}"').format(int(match[1])) if kind == "ol" else Markup()
            return kind, Markup("<li{}>{}</li>").format(value, shown)
    return "p", _inline(text, iter(line.atoms))


def _block(kind: str, lines: list[Markup], direction: str) -> Markup:
    inner = (Markup() if kind in ("ul", "ol") else Markup("\n")).join(lines)
    # A browser drops the last line end of a block.
    end = "\n" if kind == "p" and not lines[-1] else ""
    return Markup('<{0} dir="{1}">{2}{3}</{0}>').format(kind, direction, inner, end)


def _inline(line: str, atoms: Iterator[Markup]) -> Markup:
    """Return one line as HTML."""
    writer = _Inline(atoms)
    position = 0
    for match in _MARK.finditer(line):
        mark, at = match[0], match.start()
        if at < position:
            continue  # inside code
        writer.text(line[position:at])
        position = match.end()
        before, after = line[at - 1 : at], line[at + 1 : at + 2]
        if mark != "`":
            writer.mark(mark, before, after)
        elif end := _code_end(line, at, before):
            writer.code(line[at + 1 : end - 1])
            position = end
        else:
            writer.text(mark)
    writer.text(line[position:])
    return Markup("".join(writer.out))  # noqa: S704  # escaped by the writer


class _Inline:
    """Writes one line; at most one mark of each kind is open at a time."""

    def __init__(self, atoms: Iterator[Markup]) -> None:
        self.out: list[str] = []  # HTML
        self._atoms = atoms
        # Mark → its place in ``out``, in the order they were opened.
        self._opened: dict[str, int] = {}

    def text(self, piece: str) -> None:
        if not piece:
            return
        first, *others = piece.split(ATOM)
        self.out.append(escape(first))
        for other in others:
            self.out += (next(self._atoms), escape(other))

    def code(self, inner: str) -> None:
        self.out.append('<code class="nx-code">')
        self.text(inner)
        self.out.append("</code>")

    def mark(self, mark: str, before: str, after: str) -> None:
        if mark in self._opened and _is_inside(before, mark) and _is_outside(after, mark):
            element = ELEMENTS[mark]
            self.out[self._opened[mark]] = f"<{element}>"
            self.out.append(f"</{element}>")
            # What was opened inside and not closed is plain text.
            while self._opened.popitem()[0] != mark:
                pass
            return
        self._opened.pop(mark, None)
        if _is_inside(after, mark) and _is_outside(before, mark):
            self._opened[mark] = len(self.out)
        self.out.append(mark)


def _code_end(line: str, at: int, before: str) -> int:
    """Return where the code ends that begins at a backtick; 0 where none does."""
    close = line.find("`", at + 1)
    inner = line[at + 1 : close]
    if close < 0 or not inner.strip() or before.isalnum() or before == "`":
        return 0
    after = line[close + 1 : close + 2]
    return 0 if after.isalnum() or after == "`" else close + 1


def _is_inside(letter: str, mark: str) -> bool:
    """Say whether a mark may stand beside this letter on the side of the marked text."""
    return bool(letter) and not letter.isspace() and letter != mark


def _is_outside(letter: str, mark: str) -> bool:
    """Say whether a mark may stand beside this letter on the side that is not marked: never in a word."""
    return not letter.isalnum() and letter != mark
