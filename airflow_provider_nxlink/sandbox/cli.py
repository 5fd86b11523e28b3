"""The command line of the sandbox."""

import argparse
import contextlib
import ipaddress
import json
import os
import shlex
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from airflow_provider_nxlink.sandbox.access import HostPolicy
from airflow_provider_nxlink.sandbox.reviews import ACTIONS, DEFAULT_RULES
from airflow_provider_nxlink.sandbox.seeds import read_seeds
from airflow_provider_nxlink.sandbox.server import connection_for
from airflow_provider_nxlink.sandbox.serving import listening_socket, serve_until_signalled
from airflow_provider_nxlink.sandbox.settings import FORMS, Account, Switches
from airflow_provider_nxlink.sandbox.state import Seeds, State
from airflow_provider_nxlink.sandbox.statefile import StateFile

DEFAULT_PORT = 8765
SECRET_VARIABLE = "NXLINK_SANDBOX_SECRET"  # noqa: S105 - the name of a variable

EPILOG = f"""\
review actions (after --approve-after seconds, unless they say otherwise):
{chr(10).join(f"  {action}{':' + what if what else ''}" for action, what in ACTIONS.items())}
reviews that play without being told: {" ".join(DEFAULT_RULES)}

shapes, the default first:
{chr(10).join(f"  {key}={'|'.join(forms)}" for key, forms in FORMS.items())}

All of it can be changed at run time: see GET /_sandbox/
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox until SIGINT or SIGTERM; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not (options.allow_remote or _is_loopback(options.host)):
        parser.error(
            f"--host {options.host} is not a loopback address. The sandbox's secret is public "
            "and its control API unsigned; add --allow-remote if others may reach it"
        )
    try:
        account = _account(options)
        seeds = Seeds(read_seeds(options.seed_from) if options.seed_from else [], _switches(options))
        with (
            contextlib.closing(StateFile(options.state))
            if options.state
            else contextlib.nullcontext() as file
        ):
            return _serve(State(account, seeds, file), options)
    except (ValueError, OSError, sqlite3.Error) as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_nxlink.sandbox",
        description="A loopback NXLink that checks signatures and plays reviews.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    account = Account()
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=DEFAULT_PORT, help="port, 0 for a free one (default: %(default)s)")
    add("--allow-remote", action="store_true", help="allow a --host that is not loopback")
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="accept NAME in the Host header of control calls, repeatable",
    )
    add("--seed-from", type=Path, metavar="DIR", help="start with the templates in DIR/*.json")
    add(
        "--state",
        type=Path,
        metavar="FILE",
        help="SQLite file in which templates and media survive a restart",
    )
    add("--access-key", default=account.access_key, help="accessKey that may call (default: %(default)s)")
    add(
        "--access-secret",
        help=f"its accessSecret (default: ${SECRET_VARIABLE}, else {account.access_secret}); other users of "
        "the machine can see arguments, but not the environment",
    )
    add("--phone", action="append", help=f"sender number, repeatable (default: {account.phones[0]})")
    add("--tenant-id", action="append", type=int, help=f"tenant, repeatable (default: {account.tenant_ids})")
    add("--shape", action="append", default=[], metavar="KEY=FORM", help="form of an answer, see below")
    for item in fields(Switches):
        if item.metadata:
            _add_switch(parser, item)
    return parser


def _add_switch(parser: argparse.ArgumentParser, item: Field[Any]) -> None:
    name, text = "--" + item.name.replace("_", "-"), item.metadata["help"]
    if item.default is MISSING:
        parser.add_argument(name, action="append", metavar="RULE", help=text)
    elif isinstance(item.default, bool):
        default = "on" if item.default else "off"
        action = argparse.BooleanOptionalAction
        parser.add_argument(name, action=action, default=None, help=f"{text} (default: {default})")
    else:
        kind = type(item.default)
        parser.add_argument(name, type=kind, metavar="N", help=f"{text} (default: {item.default:g})")


def _account(options: argparse.Namespace) -> Account:
    default = Account()
    return Account(
        options.access_key,
        options.access_secret or os.environ.get(SECRET_VARIABLE) or default.access_secret,
        tuple(options.phone or default.phones),
        tuple(options.tenant_id or default.tenant_ids),
    )


def _switches(options: argparse.Namespace) -> dict[str, Any]:
    shapes = dict(text.partition("=")[::2] for text in options.shape)
    given = {item.name: getattr(options, item.name) for item in fields(Switches) if item.metadata}
    values = {key: value for key, value in given.items() if value is not None} | {"shape": shapes}
    Switches().change(**values)  # tells what is wrong before anything starts
    return values


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _serve(state: State, options: argparse.Namespace) -> int:
    try:
        bound = listening_socket(options.host, options.port)
    except OSError as error:
        raise OSError(f"cannot listen on {options.host} port {options.port}: {error.strerror}") from error
    address, port = bound.getsockname()[:2]
    url = f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
    sys.stdout.write(_greeting(state, url))
    sys.stdout.flush()
    hosts = HostPolicy.for_host(options.host, remote=options.allow_remote, names=options.allow_host)
    serve_until_signalled(state, bound, hosts)
    return 0


def _greeting(state: State, url: str) -> str:
    switches = state.switches
    rules = "\n".join(f"  {rule}" for rule in (*switches.review, *DEFAULT_RULES))
    changed = [f"{key}={form}" for key, form in switches.shape.items() if form != FORMS[key][0]]
    connection = json.dumps(connection_for(state.account, url))
    return f"""\
NXLink sandbox on {url}
  control API: {url}/_sandbox/
Reviews: in use {switches.approve_after:g} s after create or update, but by name
{rules}
Answers: {", ".join(changed) or "default shapes"}
Templates: {sum(1 for _ in state.store)}
Stop with Ctrl-C. The connection to copy:

AIRFLOW_CONN_NXLINK_DEFAULT={shlex.quote(connection)}

"""
