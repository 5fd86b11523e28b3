"""Each block of code that the documentation shows runs, or is read by what it is meant for."""

import json
import re
import shutil
from itertools import groupby
from pathlib import Path

import pytest
import yaml

from airflow_provider_nxlink.connection import account_of, read_connection
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.files import load_file
from airflow_provider_nxlink.specs.rules import problems
from tests.docs.markdown import ROOT, Block, blocks

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag

# What is looked at here, in test_commands.py and in test_shown.py.
CHECKED = {"python", "yaml", "json", "console", "text"}
# What Sphinx itself checks while it builds.
DIRECTIVES = {"{eval-rst}", "{figure}", "{include}", "{literalinclude}", "{toctree}"}


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_every_block_is_of_a_kind_that_something_checks(block: Block) -> None:
    assert block.language in CHECKED or block.language.split()[0] in DIRECTIVES


# A block that begins with its file's name is part of a project, which the test of that page runs as a whole.
FILE = re.compile(r"# \S+\.py\n")
PROJECTS = {"docs/testing-your-dags.md": "tests/sandbox/test_pytest_plugin.py"}
PYTHON = [
    pytest.param(list(found), id=page)
    for page, found in groupby(blocks("python"), key=lambda block: block.page)
]


@pytest.mark.parametrize("page", PYTHON)
def test_the_python_of_a_page_runs_and_airflow_finds_its_dags(
    page: list[Block], sandbox: SandboxServer, tmp_path: Path
) -> None:
    """Run from top to bottom: what one block imports or makes, the next may use, as a reader would."""
    loose = [block for block in page if not FILE.match(block.text)]
    if len(loose) < len(page):
        assert Path(page[0].page).name in (ROOT / PROJECTS[page[0].page]).read_text(encoding="utf-8")
    source = ""
    for block in loose:
        # At the lines where it stands, for the traceback.
        source += "\n" * (block.line - 1 - source.count("\n")) + block.text
    if "airflow.sdk" in source:
        pytest.importorskip("airflow.sdk", reason="the page is written for Airflow 3")
    file = tmp_path / "page.py"
    file.write_text(source, encoding="utf-8")
    shutil.copytree(ROOT / "example_dags" / "nxlink_templates", tmp_path / "nxlink_templates")
    bag = DagBag(file, safe_mode=False)
    assert bag.import_errors == {}
    written = re.findall(r'with DAG\("(\w+)"', source)
    assert sorted(bag.dags) == sorted(written)
    assert all(dag.tasks for dag in bag.dags.values())
    assert sandbox.received() == [], "a DAG file asks nobody anything"


def read_yaml(block: Block, folder: Path) -> None:
    content = yaml.safe_load(block.text)
    if isinstance(content, dict) and "repos" in content:
        known = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
        assert {hook["id"] for repo in content["repos"] for hook in repo["hooks"]} <= known
        return
    read_spec(block, folder / "block.yaml")


def read_spec(block: Block, file: Path) -> None:
    file.write_text(block.text, encoding="utf-8")
    templates = load_file(file)
    assert [str(found) for one in templates for found in problems(one, rendered=False)] == []


def read_json(block: Block, folder: Path) -> None:
    if "conn_type" not in json.loads(block.text):
        read_spec(block, folder / "block.json")
        return
    fields, extra = read_connection(block.text, str(block))
    assert fields["conn_type"] == "nxlink"
    assert account_of(fields, extra, source=str(block))


READERS = {"yaml": read_yaml, "json": read_json}


@pytest.mark.parametrize("block", blocks(*READERS), ids=str)
def test_data_is_what_it_is_shown_as(block: Block, tmp_path: Path) -> None:
    READERS[block.language](block, tmp_path)
