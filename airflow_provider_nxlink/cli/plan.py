"""``plan``: say what ``apply`` would do, and send nothing."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.cli.access import client_for
from airflow_provider_nxlink.cli.commands import CHANGES, FOUND, OK
from airflow_provider_nxlink.cli.show import is_coloured, show_plan, write_page
from airflow_provider_nxlink.cli.templates import Loaded, load_specs, read_params
from airflow_provider_nxlink.preview.report import report_html
from airflow_provider_nxlink.provisioning.options import Options, Rules
from airflow_provider_nxlink.provisioning.sync import sync


def run(options: argparse.Namespace) -> int:
    """Print the plan; 2 where something is not as it should be."""
    try:
        loaded = wanted(options)
        with client_for(options) as client:
            plan = sync(client, loaded.specs, limits(options), protected=loaded.protected, dry_run=True).plan
        if options.html:
            write_page(options.html, report_html(plan, show_media=options.show_media))
    except (ValueError, NxlinkError) as error:
        print(f"plan: {error}", file=sys.stderr)
        return FOUND
    if options.format == "json":
        print(json.dumps(plan.to_dict() | skipped_files(loaded), indent=2, ensure_ascii=False))
    else:
        print(show_plan(plan, colours=is_coloured(sys.stdout), brief=options.brief))
    if loaded.skipped:
        return FOUND
    return CHANGES if plan.changes or plan.refusal else OK


def wanted(options: argparse.Namespace) -> Loaded:
    """
    Return what the options name; what to warn of, and what is left out, goes to stderr.

    :raises ValueError: nothing of it can be used, with everything that is wrong.
    """
    loaded = load_specs(options.paths, read_params(options.param), validation=options.validation)
    for violation in loaded.warnings:
        print(f"warning: {violation}", file=sys.stderr)
    for file, violations in loaded.skipped.items():
        print(f"{file} is skipped:", file=sys.stderr)
        for violation in violations:
            print(f"  - {violation}", file=sys.stderr)
    return loaded


def skipped_files(loaded: Loaded) -> dict[str, Any]:
    """Return the files that are left out as plain JSON."""
    return {
        "skipped": [
            {"file": file, "problems": [str(violation) for violation in violations]}
            for file, violations in loaded.skipped.items()
        ]
    }


def limits(options: argparse.Namespace) -> Options:
    """
    Return how the options want a sync to be done.

    :raises ValueError: they can't be meant.
    """
    if options.prune_only and not options.prune:
        raise ValueError("--prune-only: needs --prune PATTERN, which says what may be deleted")
    if options.prune == "":
        raise ValueError("--prune: the pattern is empty; write names, as in --prune 'promo_*'")
    return Options(
        rules=Rules(options.compare, options.on_category_change, surface="cli"),
        prune=options.prune is not None,
        prune_pattern=options.prune,
        max_deletes=options.max_deletes,
        max_concurrency=options.max_concurrency,
        max_creates_per_hour=options.max_creates_per_hour,
        prune_only=options.prune_only,
        allow_delete_all=options.allow_delete_all,
    )
