"""``apply``: make NXLink's templates be what spec files say."""

from __future__ import annotations

import argparse
import json
import sys

from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.cli.access import client_for
from airflow_provider_nxlink.cli.commands import FOUND, OK
from airflow_provider_nxlink.cli.plan import limits, wanted
from airflow_provider_nxlink.provisioning.report import Result, TemplateSyncError, table
from airflow_provider_nxlink.provisioning.sync import sync


def run(options: argparse.Namespace) -> int:
    """Print what became of each template; progress and what failed go to stderr."""
    try:
        specs = wanted(options)
        with client_for(options) as client:
            report = sync(client, specs, limits(options), on_progress=_progress)
    except (ValueError, NxlinkError) as error:
        print(f"apply: {error}", file=sys.stderr)
        return FOUND
    if options.format == "json":
        print(json.dumps(report.to_dict(), indent=2, ensure_ascii=False))
    else:
        print(table(result.to_dict() for result in report.results))
    try:
        report.raise_for_failures()
    except TemplateSyncError as error:
        print(f"apply: {error}", file=sys.stderr)
        return FOUND
    return OK


def _progress(result: Result, done: int, total: int) -> None:
    if result.outcome != "unchanged" or done == total:
        print(f"{done} of {total}: {result.planned.ref} is {result.outcome}", file=sys.stderr)
