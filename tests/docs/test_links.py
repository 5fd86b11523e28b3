"""What the pages point to is there: files, headings, and names in the code."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.docs.markdown import ROOT

PACKAGE = ROOT / "airflow_provider_nxlink"
# Sphinx follows the links within docs/; these pages are read on their own as well.
OUTSIDE = sorted(ROOT.glob("*.md"))
# The other pages name the reader's own files too.
FOR_CONTRIBUTORS = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"]

PATH = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|md|yaml|json)|(?:[\w.-]+/)+)`")
NAME_IN_FILE = re.compile(r"`(\w+)`(?:(?:, and| or) (?:in )?`(\w+)`,?)?[^`.;]* (?:of|in)\s+`([\w/.]+\.py)`")


def links(page: Path) -> list[str]:
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        for child in token.children or ():
            found += [str(value) for name, value in child.attrs.items() if name in ("href", "src")]
    return [link for link in found if not re.match(r"\w+:", link)]


def slugs(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", OUTSIDE, ids=lambda page: page.name)
def test_a_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not anchor or anchor in slugs(target), link


@pytest.mark.parametrize("page", FOR_CONTRIBUTORS, ids=lambda page: page.name)
def test_a_file_that_is_named_is_there(page: Path) -> None:
    named = PATH.findall(page.read_text(encoding="utf-8"))
    assert named
    assert [name for name in named if not ((ROOT / name).exists() or (PACKAGE / name).exists())] == []


def test_what_a_walk_through_names_is_in_that_file() -> None:
    found = NAME_IN_FILE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert len(found) > 10
    for first, second, file in found:
        path = ROOT / file if (ROOT / file).exists() else PACKAGE / file
        for name in filter(None, (first, second)):
            assert re.search(rf"^(class |def )?{name}\b", path.read_text(encoding="utf-8"), re.MULTILINE), (
                file
            )
