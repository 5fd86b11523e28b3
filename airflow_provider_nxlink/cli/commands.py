"""The commands and their arguments, as data that both argparse and Airflow's command line are made from."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

OK = 0
FOUND = 1
USAGE = 2
# As a shell reports a process that Ctrl-C ended.
INTERRUPTED = 130
# For plan: it has changes. Wrong usage, which is the same number, prints nothing to stdout.
CHANGES = 2


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
        """Run the command and return its exit status; what files and terminals do to it is told in a line."""
        module, _, function = self.runs.partition(":")
        try:
            return int(getattr(import_module(f"{__package__}.{module}"), function)(options))
        except KeyboardInterrupt:
            print(f"{self.name}: interrupted", file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            # What reads our output has had enough. Python would complain again when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FOUND
        except OSError as error:
            print(f"{self.name}: {error.filename or 'input or output'}: {error.strerror}", file=sys.stderr)
            return FOUND


def whole_number(least: int) -> Callable[[str], int]:
    """Return what reads a whole number from ``least`` up, for argparse."""

    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} up")
        return int(text)

    return read


PATHS = Argument(("paths",), {"metavar": "PATH", "nargs": "+", "help": "A spec file, or a folder of them."})
TABLE_OR_JSON = Argument(
    ("--format",), {"choices": ("text", "json"), "default": "text", "help": "text (default), or json."}
)
PARAM = Argument(
    ("--param",),
    {
        "action": "append",
        "default": [],
        "metavar": "NAME=VALUE",
        "help": "What {{ params.NAME }} stands for. May be repeated.",
    },
)
ACCESS = (
    Argument(
        ("--conn-id",),
        {"help": "The connection: AIRFLOW_CONN_<ID> in the environment, else Airflow's. nxlink_default."},
    ),
    Argument(("--phone",), {"help": "The WhatsApp sender, instead of the connection's."}),
    Argument(("--tenant-id",), {"help": "NXLink's tenant, instead of the connection's."}),
)
AT_ONCE = Argument(
    ("--max-concurrency",),
    {"type": whole_number(1), "default": 4, "metavar": "N", "help": "Calls at a time (4)."},
)
VALIDATION = Argument(
    ("--validation",),
    {
        "choices": ("strict", "warn", "off"),
        "default": "strict",
        "help": "strict (default): refuse what WhatsApp would refuse. warn: only say so. off: do not check.",
    },
)
BRIEF = Argument(
    ("--brief",), {"action": "store_true", "help": "One line for each template to be created, no previews."}
)
YES = Argument(("--yes",), {"action": "store_true", "help": "Delete without asking."})
SYNC = (
    PATHS,
    PARAM,
    VALIDATION,
    Argument(
        ("--compare",),
        {
            "choices": ("full", "content", "always"),
            "default": "full",
            "help": "full (default): with details. content: with the list alone. always: send anyway.",
        },
    ),
    Argument(
        ("--on-category-change",),
        {
            "choices": ("warn", "fail"),
            "default": "warn",
            "help": "What a category given by Meta is: a warning (default), or a failure.",
        },
    ),
    Argument(
        ("--prune",),
        {"metavar": "PATTERN", "help": "Delete templates whose name matches and that are in no file."},
    ),
    Argument(
        ("--prune-only",),
        {"action": "store_true", "help": "Only delete: for an account at its template limit."},
    ),
    Argument(
        ("--allow-delete-all",),
        {"action": "store_true", "help": "Allow --prune to leave none of the present templates."},
    ),
    Argument(
        ("--max-deletes",),
        {
            "type": whole_number(0),
            "default": 10,
            "metavar": "N",
            "help": "With more to delete, do nothing at all (10).",
        },
    ),
    Argument(
        ("--max-creates-per-hour",),
        {
            "type": whole_number(0),
            "default": 100,
            "metavar": "N",
            "help": "Creations within any hour, 0 for any (100).",
        },
    ),
    AT_ONCE,
    *ACCESS,
    TABLE_OR_JSON,
)

HTML = (
    Argument(
        ("--html",), {"metavar": "FILE", "help": "Write a self-contained page to FILE; it needs no network."}
    ),
    Argument(
        ("--show-media",),
        {"action": "store_true", "help": "Let the page load header images from their http(s) URLs."},
    ),
)

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
        "Show the templates of spec files as the phone would, as text or as a page.",
        "preview:run",
        (
            Argument(
                ("paths",),
                {
                    "metavar": "PATH",
                    "nargs": "+",
                    "help": "A spec file, FILE#name/language for one template of it, or a folder.",
                },
            ),
            PARAM,
            Argument(
                ("--example",),
                {
                    "action": "append",
                    "default": [],
                    "metavar": "NAME=VALUE",
                    "help": "Fill a placeholder, as in 1=Ada. May be repeated.",
                },
            ),
            *HTML,
        ),
    ),
    Command(
        "plan",
        "Say what apply would do; exits with 2 when there are changes, 1 when it can't be said.",
        "plan:run",
        (*SYNC, BRIEF, *HTML),
    ),
    Command("apply", "Make NXLink's templates be what spec files say.", "apply:run", (*SYNC, YES)),
    Command(
        "status",
        "Show how the templates of spec files stand; exits with 1 unless all are in use.",
        "status:run",
        (PATHS, PARAM, VALIDATION, *ACCESS, TABLE_OR_JSON),
    ),
    Command(
        "pull",
        "Write NXLink's templates as spec files, one for each name.",
        "pull:run",
        (
            Argument(("folder",), {"metavar": "FOLDER", "help": "Where to write; made if it is not there."}),
            Argument(("--name",), {"metavar": "PATTERN", "help": "Only templates whose name matches."}),
            Argument(
                ("--overwrite",), {"action": "store_true", "help": "Replace files that say something else."}
            ),
            AT_ONCE,
            *ACCESS,
        ),
    ),
    Command("schema", "Print the JSON Schema of spec files.", "schema:run"),
)
