"""The table of faults names tests that there are, and the soak marks stand where they belong."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`( \*\(soak\)\*)?", TABLE)


def find(file: str, name: str) -> ast.AST | None:
    """Return the definition that ``Class::test`` or ``test`` names."""
    found: ast.AST | None = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    for part in name.split("::"):
        body = getattr(found, "body", [])
        found = next((node for node in body if getattr(node, "name", None) == part), None)
    return found


@pytest.mark.parametrize(("file", "name", "soak"), NAMED, ids=[name for _, name, _ in NAMED])
def test_a_test_that_is_named_is_there(file: str, name: str, soak: str) -> None:
    found = find(file, name)
    assert isinstance(found, ast.FunctionDef), f"{file} has no {name}"
    marks = [ast.unparse(mark) for mark in found.decorator_list]
    assert ("pytest.mark.soak" in marks) is bool(soak)


def test_every_row_names_a_test() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("| ")]
    bare = [row for row in rows if "::" not in row and not row.endswith("| test |")]
    assert len(rows) > 30
    assert bare == []
