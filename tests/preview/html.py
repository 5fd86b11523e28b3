"""What a page holds, read with the standard library's parser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"img", "meta", "link", "br", "path"}
# What this package writes; anything else would come out of a text.
ALLOWED = {
    *("html", "head", "meta", "title", "link", "style", "body", "main", "nav", "section", "article"),
    *("h1", "h2", "h3", "p", "div", "span", "ul", "ol", "li", "dl", "dt", "dd", "details", "summary"),
    *("a", "img", "svg", "path", "bdi", "strong", "em", "s", "code", "blockquote", "ins", "del"),
}


@dataclass
class Page(HTMLParser):
    """The elements of a page with their attributes, and all its text."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    open: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.elements if name in (attrs.get("class") or "").split()]


def read(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    return page


def assert_harmless(html: str) -> Page:
    """Check that a page holds no script, no style attribute, no handler and nothing that is fetched."""
    page = read(html)
    assert {tag for tag, _ in page.elements} <= ALLOWED
    assert (page.open, page.unbalanced) == ([], [])
    for tag, attrs in page.elements:
        assert not [name for name in attrs if name.startswith("on") or name in ("style", "srcset", "ping")]
        assert tag == "img" or "src" not in attrs
        href = attrs.get("href")
        assert href is None or href.startswith("#") or href == "data:,"
    html.encode("utf-8")
    return page
