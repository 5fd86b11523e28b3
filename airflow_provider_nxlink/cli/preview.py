"""``preview``: show the templates of a spec file as the phone would."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from airflow_provider_nxlink.cli.commands import FOUND, OK, USAGE
from airflow_provider_nxlink.specs.files import load_file, load_one
from airflow_provider_nxlink.specs.plain import split_reference
from airflow_provider_nxlink.specs.rules import load
from airflow_provider_nxlink.specs.violations import TemplateSpecError


def run(options: argparse.Namespace) -> int:
    """Print each template of the file; Airflow's Jinja stays as it is written."""
    file, selector = split_reference(options.file)
    try:
        examples = _examples(options.example)
    except ValueError as error:
        print(f"preview: {error}", file=sys.stderr)
        return USAGE
    try:
        templates = [load_one(file, selector)] if selector else load_file(file)
        specs = [load(template, validation="off", rendered=False)[0] for template in templates]
    except TemplateSpecError as error:
        print(error, file=sys.stderr)
        return FOUND
    print("\n\n".join(spec.preview(examples) for spec in specs if spec))
    return OK


def _examples(pairs: Iterable[str]) -> dict[str, str]:
    examples: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise ValueError(f"--example {pair!r} is not NAME=VALUE, as in 1=Ada")
        examples[name] = value
    return examples
