"""Each command that the documentation shows is one that there is, with arguments that it takes."""

import argparse
import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from airflow.cli.cli_parser import get_parser
from airflow.configuration import conf

from airflow_provider_nxlink.cli import main
from airflow_provider_nxlink.cli.definition import get_nxlink_cli_commands
from airflow_provider_nxlink.connection import account_of, read_connection
from airflow_provider_nxlink.sandbox import cli as sandbox_cli
from tests.docs.markdown import ROOT, Block, blocks

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
OTHERS = {"pre-commit", "pytest"}
ASSIGNMENT = re.compile(r"(\w+)=(.*)", re.DOTALL)


def lines(block: Block) -> list[list[str]]:
    """Return the commands of a block, each as its words; a backslash at the end goes on in the next line."""
    text = block.text.replace("\\\n", " ")
    commands = [shlex.split(line, comments=True) for line in text.splitlines()]
    return [_without_redirection(words) for words in commands if words]


def _without_redirection(words: list[str]) -> list[str]:
    return words[: words.index(">")] if ">" in words else words


COMMANDS = [
    pytest.param(words, id=f"{block}: {' '.join(words)[:60]}")
    for block in blocks("console")
    for words in lines(block)
]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_can_be_given(words: list[str]) -> None:
    words = [word for word in words if word != "export"]
    while words and (assignment := ASSIGNMENT.fullmatch(words[0])):
        check_variable(*assignment.groups())
        words = words[1:]
    if words:
        name = re.sub(r"python[\d.]+", "python", Path(words[0]).name)
        assert name in CHECKS, f"say here how `{name}` is checked"
        CHECKS[name](words[1:])


def workflow_commands() -> list[str]:
    """Return what the workflows run, and what the hooks before a commit do."""
    found = []
    for file in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        jobs = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values()
        found += [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    return found + [hook["entry"] for repo in hooks for hook in repo["hooks"]]


@pytest.mark.parametrize("command", workflow_commands())
def test_what_a_workflow_or_hook_runs_is_there(command: str) -> None:
    for line in command.splitlines():
        words = shlex.split(line)
        if words[0] == "make":
            check_make(words[1:])
        else:
            # The hooks' own: `pre-commit run` says whether they work.
            assert words[0].startswith(".venv/bin/"), line


def test_the_workflows_run_what_a_change_has_to_pass() -> None:
    """As `.ci/run` does."""
    steps = re.findall(
        r"^\s*make ([\w -]+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE
    )
    wanted = {word for step in steps for word in step.split()} & TARGETS
    run = {command.removeprefix("make ") for command in workflow_commands()}
    assert wanted
    assert wanted - run == set(), "give each a job in .github/workflows/checks.yml"


def check_variable(name: str, value: str) -> None:
    if name.startswith("AIRFLOW_CONN_"):
        fields, extra = read_connection(value, name)
        assert account_of(fields, extra, source=name)
    elif name.startswith("AIRFLOW__"):
        _, section, key = name.lower().split("__")
        assert conf.get_default_value(section, key) is not None
    else:
        assert name == "NXLINK_SYSTEM_WAITS"


def check_python(words: list[str]) -> None:
    if words[0] != "-m":
        assert (ROOT / words[0]).is_file()
        return
    _, module, *arguments = words
    MODULES[module](arguments)


def check_pytest(words: list[str]) -> None:
    for word in words:
        path, _, name = word.partition("::")
        assert not path.startswith("tests") or (ROOT / path).exists()
        assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def check_airflow(words: list[str]) -> None:
    if words[0] == "nxlink":
        # On an Airflow that takes no commands from providers too.
        (group,) = get_nxlink_cli_commands()
        command = next(one for one in group.subcommands if one.name == words[1])
        parser = argparse.ArgumentParser()
        for argument in command.args:
            argument.add_to_parser(parser)
        parser.parse_args(words[2:])
        return
    get_parser().parse_args(words)


def check_pip(words: list[str]) -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    assert words[0] == "install"
    for word in words[1:]:
        found = re.fullmatch(r"airflow-provider-nxlink(?:\[(\w+)\])?(?:==[\d.]+)?", word)
        assert found or word in OTHERS
        assert not found or not found[1] or found[1] in extras


def check_make(words: list[str]) -> None:
    assert set(words) <= TARGETS


MODULES: dict[str, Callable[[list[str]], object]] = {
    "airflow_provider_nxlink": lambda words: main._parser().parse_args(words),
    "airflow_provider_nxlink.sandbox": lambda words: sandbox_cli._parser().parse_args(words),
    "pytest": check_pytest,
    "venv": lambda _: None,
}
CHECKS: dict[str, Callable[[list[str]], object]] = {
    "airflow": check_airflow,
    "make": check_make,
    "pip": check_pip,
    "pytest": check_pytest,
    "python": check_python,
    # Not ours: that they are there is all there is to know.
    "cd": lambda _: None,
    "git": lambda _: None,
    "pre-commit": lambda _: None,
    "twine": lambda _: None,
}
