"""The pages that people read, and the blocks of code in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "RELEASING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
# Says what makes the text that follows, so that it can be compared.
SHOWN = re.compile(r"<!-- shown: ([\w-]+) -->")


@dataclass(frozen=True)
class Block:
    """
    One fenced block.

    :param page: the page, from the repository's root.
    :param line: where its first line of code stands.
    :param language: the word behind the fence.
    :param shown: what the comment above says makes this text.
    """

    page: str
    line: int
    language: str
    text: str
    shown: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield each block of a page; one without a fence has no language."""
    above = ""
    for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block"):
            line = token.map[0] + 2 if token.map else 0
            shown = SHOWN.search(above)
            name = str(page.relative_to(ROOT))
            yield Block(name, line, token.info.strip(), token.content, shown[1] if shown else "")
        above = token.content if token.type == "html_block" else ""


def blocks(*languages: str) -> list[Block]:
    """Return the blocks of all pages that are in one of these languages, or all there are."""
    found = [block for page in PAGES for block in blocks_of(page)]
    return [block for block in found if not languages or block.language in languages]
