"""The same commands for ``airflow nxlink …``; Airflow 3.2 and later asks for them through provider info."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from airflow_provider_nxlink.cli.commands import COMMANDS, Command

if TYPE_CHECKING:
    from airflow.cli.cli_config import CLICommand


def get_nxlink_cli_commands() -> list[CLICommand]:
    """Return the ``nxlink`` group of Airflow's command line."""
    from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand  # noqa: PLC0415  # only inside Airflow

    subcommands = [
        ActionCommand(
            name=command.name,
            help=command.help,
            func=_exiting(command),
            args=[Arg(flags=argument.flags, **argument.options) for argument in command.arguments],
        )
        for command in COMMANDS
    ]
    return [GroupCommand(name="nxlink", help="WhatsApp templates at NXLink", subcommands=subcommands)]


def _exiting(command: Command) -> Callable[[argparse.Namespace], NoReturn]:
    """Return the command as Airflow calls it: it takes no notice of a returned status."""

    def run(options: argparse.Namespace) -> NoReturn:
        sys.exit(command.run(options))

    return run
