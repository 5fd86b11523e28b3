"""``schema``: print the JSON Schema of spec files."""

from __future__ import annotations

import argparse
import json

from airflow_provider_nxlink.cli.commands import OK
from airflow_provider_nxlink.specs.schema import schema


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    del options  # it has no arguments
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
    return OK
