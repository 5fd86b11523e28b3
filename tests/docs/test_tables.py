"""The tables in the documentation say what the code says."""

from pathlib import Path

import pytest

from tests.docs.markdown import ROOT
from tests.docs.tables import MARKED, TABLES, marked

PAGES = [pytest.param(*found, id=str(found[0].relative_to(ROOT))) for found in marked()]


@pytest.mark.parametrize(("page", "text", "made"), PAGES)
def test_a_table_is_what_the_code_says(page: Path, text: str, made: str) -> None:
    assert text == made, f"`python -m tests.docs.tables` writes {page.name} anew"


def test_every_table_stands_somewhere_once() -> None:
    names = [match[2] for _, text, _ in marked() for match in MARKED.finditer(text)]
    assert sorted(names) == sorted(TABLES)
