"""``plan``: say what ``apply`` would do, and send nothing."""

from __future__ import annotations

import argparse
import json
import sys

from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.cli.access import client_for
from airflow_provider_nxlink.cli.commands import CHANGES, FOUND, OK
from airflow_provider_nxlink.cli.show import is_coloured, show_plan, write_page
from airflow_provider_nxlink.cli.templates import load_specs, read_params
from airflow_provider_nxlink.preview.report import report_html
from airflow_provider_nxlink.provisioning.options import Options, Rules
from airflow_provider_nxlink.provisioning.sync import sync
from airflow_provider_nxlink.specs.model import TemplateSpec


def run(options: argparse.Namespace) -> int:
    """Print the plan; 2 where something is not as it should be."""
    try:
        specs = wanted(options)
        with client_for(options) as client:
            plan = sync(client, specs, limits(options), dry_run=True).plan
        if options.html:
            write_page(options.html, report_html(plan, show_media=options.show_media))
    except (ValueError, NxlinkError) as error:
        print(f"plan: {error}", file=sys.stderr)
        return FOUND
    if options.format == "json":
        print(json.dumps(plan.to_dict(), indent=2, ensure_ascii=False))
    else:
        print(show_plan(plan, colours=is_coloured(sys.stdout)))
    return CHANGES if plan.changes else OK


def wanted(options: argparse.Namespace) -> list[TemplateSpec]:
    """
    Return the specs that the options name; what to warn of goes to stderr.

    :raises ValueError: with everything that is wrong with any of them.
    """
    specs, warnings = load_specs(options.paths, read_params(options.param))
    for violation in warnings:
        print(f"warning: {violation}", file=sys.stderr)
    return specs


def limits(options: argparse.Namespace) -> Options:
    """
    Return how the options want a sync to be done.

    :raises ValueError: they can't be meant.
    """
    return Options(
        rules=Rules(options.compare, options.on_category_change),
        prune=options.prune is not None,
        prune_pattern=options.prune,
        max_deletes=options.max_deletes,
        max_concurrency=options.max_concurrency,
        max_creates_per_hour=options.max_creates_per_hour,
    )
