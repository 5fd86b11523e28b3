"""The commands and their arguments, as data that both argparse and Airflow's command line are made from."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

OK = 0
FOUND = 1
USAGE = 2


@dataclass(frozen=True)
class Argument:
    """
    One argument.

    :param flags: its name, or its option strings.
    :param options: what ``ArgumentParser.add_argument`` takes beside them.
    """

    flags: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Command:
    """
    One command.

    :param runs: ``module:function`` below this package; imported when the command runs. The function takes
        the parsed arguments and returns the exit status.
    """

    name: str
    help: str
    runs: str
    arguments: tuple[Argument, ...] = ()

    def run(self, options: argparse.Namespace) -> int:
        """Run the command and return its exit status."""
        module, _, function = self.runs.partition(":")
        return int(getattr(import_module(f"{__package__}.{module}"), function)(options))


COMMANDS: tuple[Command, ...] = (
    Command(
        "lint",
        "Check spec files offline; exits with 1 when one breaks a rule.",
        "lint:run",
        (
            Argument(
                ("paths",), {"metavar": "PATH", "nargs": "+", "help": "A spec file, or a folder of them."}
            ),
            Argument(
                ("--format",),
                {
                    "choices": ("text", "json", "github"),
                    "default": "text",
                    "help": "text (default): file:line:column: rule: message. github: annotations.",
                },
            ),
        ),
    ),
    Command(
        "preview",
        "Show the templates of a spec file as the phone would.",
        "preview:run",
        (
            Argument(
                ("file",),
                {"metavar": "FILE", "help": "A spec file; FILE#name/language for one template of it."},
            ),
            Argument(
                ("--example",),
                {
                    "action": "append",
                    "default": [],
                    "metavar": "NAME=VALUE",
                    "help": "Fill a placeholder, as in 1=Ada. May be repeated.",
                },
            ),
        ),
    ),
    Command("schema", "Print the JSON Schema of spec files.", "schema:run"),
)
