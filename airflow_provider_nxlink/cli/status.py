"""``status``: show how the templates of spec files stand at NXLink."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.api.models import Template, TemplateStatus
from airflow_provider_nxlink.cli.access import client_for
from airflow_provider_nxlink.cli.commands import FOUND, OK
from airflow_provider_nxlink.cli.plan import wanted
from airflow_provider_nxlink.cli.show import printable
from airflow_provider_nxlink.provisioning.write import ref_of

COLUMNS = ("name", "language", "status_name", "quality", "rejected_reason")


def run(options: argparse.Namespace) -> int:
    """Print one line for each template; 1 unless all are in use."""
    try:
        loaded = wanted(options)
        refs = [ref_of(spec) for spec in loaded.specs]
        with client_for(options) as client:
            listed = list(client.templates())
    except (ValueError, NxlinkError) as error:
        print(f"status: {error}", file=sys.stderr)
        return FOUND
    rows: list[dict[str, Any]] = []
    for ref in refs:
        live = ref.find_in(listed)
        seen = (live or Template()).to_dict() | {"name": ref.name, "language": ref.language}
        rows.append(seen if live else {**seen, "status_name": "ABSENT"})
    if options.format == "json":
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print(_table(rows))
    in_use = all(row["status"] == TemplateStatus.IN_USE for row in rows)
    return OK if in_use and not loaded.skipped else FOUND


def _table(rows: list[dict[str, Any]]) -> str:
    cells = [tuple(column.upper().replace("_NAME", "").replace("_", " ") for column in COLUMNS)]
    cells += [tuple(printable(str(row[column] or "")) for column in COLUMNS) for row in rows]
    widths = [max(len(row[index]) for row in cells) for index in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
