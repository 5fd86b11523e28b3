"""``apply``: make NXLink's templates be what spec files say."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial

from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.cli.access import client_for
from airflow_provider_nxlink.cli.commands import FOUND, INTERRUPTED, OK
from airflow_provider_nxlink.cli.plan import limits, skipped_files, wanted
from airflow_provider_nxlink.cli.show import printable
from airflow_provider_nxlink.provisioning.report import (
    Plan,
    Report,
    Result,
    SyncInterrupted,
    TemplateSyncError,
    table,
)
from airflow_provider_nxlink.provisioning.sync import sync


class NotConfirmedError(ValueError):
    """Templates would be deleted, and the user has not agreed to it."""


def run(options: argparse.Namespace) -> int:
    """Print what became of each template; progress and what failed go to stderr."""
    try:
        loaded = wanted(options)
        with client_for(options) as client:
            report = sync(
                client,
                loaded.specs,
                limits(options),
                protected=loaded.protected,
                confirm=partial(confirm, yes=options.yes),
                on_progress=_progress,
            )
    except (ValueError, NxlinkError) as error:
        print(f"apply: {printable(str(error), keep_lines=True)}", file=sys.stderr)
        return FOUND
    except SyncInterrupted as interrupted:
        _print(interrupted.report, options.format, {"interrupted": True} | skipped_files(loaded))
        left = len(interrupted.report.left)
        print(f"apply: interrupted; {left} of {len(interrupted.report.results)} not done", file=sys.stderr)
        return INTERRUPTED
    except KeyboardInterrupt:
        print("apply: interrupted before anything was sent", file=sys.stderr)
        return INTERRUPTED
    _print(report, options.format, skipped_files(loaded))
    if report.plan.creations is not None and report.plan.creations.waits:
        print(f"apply: {report.plan.creations}", file=sys.stderr)
    try:
        report.raise_for_failures()
    except TemplateSyncError as error:
        print(f"apply: {printable(str(error), keep_lines=True)}", file=sys.stderr)
        return FOUND
    return FOUND if loaded.skipped else OK


def confirm(plan: Plan, *, yes: bool) -> None:
    """
    Have the user agree to what this run would delete.

    :param yes: the user has agreed by ``--yes``.
    :raises NotConfirmedError: the user does not agree, or there is no terminal to ask on.
    """
    if not plan.deletions or yes:
        return
    count = len(plan.deletions)
    what = "1 template" if count == 1 else f"{count} templates"
    for action in plan.deletions:
        status = "" if action.live is None else f", {action.live.status_name}"
        print(printable(f"- {action.ref.name} ({action.ref.language}){status}"), file=sys.stderr)
    if not (sys.stdin and sys.stdin.isatty()):
        raise NotConfirmedError(
            f"{what} would be deleted, and there is no terminal to confirm it on; nothing is sent. Check the "
            "plan, then pass --yes"
        )
    print(
        f"{what} will be deleted, and Meta locks their names for 30 days. Type yes to go on: ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    if sys.stdin.readline().strip() != "yes":
        raise NotConfirmedError(f"not confirmed, so nothing is sent and {what} stay as they are")


def _print(report: Report, form: str, more: dict[str, object]) -> None:
    if form == "json":
        print(json.dumps(report.to_dict() | more, indent=2, ensure_ascii=False))
    else:
        print(printable(table(result.to_dict() for result in report.results), keep_lines=True))


def _progress(result: Result, done: int, total: int) -> None:
    if result.outcome != "unchanged" or done == total:
        print(f"{done} of {total}: {result.planned.ref} is {result.outcome}", file=sys.stderr)
