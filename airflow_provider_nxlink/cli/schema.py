"""``schema``: print the JSON Schema of spec files."""

from __future__ import annotations

import argparse
import json
import sys

from airflow_provider_nxlink.cli.commands import OK
from airflow_provider_nxlink.specs.schema import schema


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    del options  # it has no arguments
    # Escapes of a stream with another encoding would not be JSON's.
    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(schema(), indent=2, ensure_ascii=not is_unicode))
    return OK
