"""The command line with argparse."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from airflow_provider_nxlink.cli.commands import COMMANDS


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command.

    :param arguments: without the program's name; those of the process by default.
    :return: the exit status: 0 fine, 1 something was found, 2 a plan has changes, or (by ``SystemExit``)
        wrong usage.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal without Unicode shows an escape, and no traceback.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    return int(options.run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_nxlink", description="WhatsApp templates at NXLink, as files."
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.help, description=command.help)
        for argument in command.arguments:
            subparser.add_argument(*argument.flags, **argument.options)
        subparser.set_defaults(run=command.run, parser=subparser)
    return parser
