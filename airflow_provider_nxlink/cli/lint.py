"""``lint``: check spec files and folders of them, offline."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from airflow_provider_nxlink.cli.commands import FOUND, OK, USAGE
from airflow_provider_nxlink.cli.report import report
from airflow_provider_nxlink.specs.files import load_file, spec_files
from airflow_provider_nxlink.specs.nodes import SpecMapping
from airflow_provider_nxlink.specs.plain import SPEC_SUFFIXES, has_spec_suffix
from airflow_provider_nxlink.specs.rules import problems
from airflow_provider_nxlink.specs.violations import TemplateSpecError, Violation


def run(options: argparse.Namespace) -> int:
    """Print one line for each violation, and a count on stderr; warnings alone are fine."""
    try:
        files = _files(options.paths)
    except (_NoSpecsError, TemplateSpecError) as error:
        print(f"lint: {error}", file=sys.stderr)
        return FOUND
    except ValueError as error:
        print(f"lint: {error}", file=sys.stderr)
        return USAGE
    templates: list[SpecMapping] = []
    violations: list[Violation] = []
    for file in files:
        try:
            found = load_file(file)
        except TemplateSpecError as error:
            violations += error.violations
            continue
        templates += found
        violations += [violation for template in found for violation in problems(template, rendered=False)]
    violations = sorted([*violations, *_twins(templates)], key=_position)
    text = report(violations, options.format)
    if text:
        print(text)
    errors = sum(violation.level == "error" for violation in violations)
    where = f"{_count(len(templates), 'template')} in {_count(len(files), 'file')}"
    outcome = f"{_count(errors, 'error')}, {_count(len(violations) - errors, 'warning')}"
    print(f"{where}: {outcome}", file=sys.stderr)
    return FOUND if errors else OK


def _files(paths: Iterable[str]) -> list[Path]:
    files: list[Path] = []
    suffixes = ", ".join(SPEC_SUFFIXES)
    for name in paths:
        path = Path(name)
        try:
            is_folder, exists = path.is_dir(), path.exists()
        except OSError as error:
            raise ValueError(f"{name} cannot be read: {error.strerror}") from None
        if is_folder:
            found = spec_files(path)
            if not found:
                raise _NoSpecsError(f"the folder {name!r} holds no {suffixes} file")
            files += found
        elif not has_spec_suffix(name):
            raise ValueError(f"{name} is neither a folder nor a {suffixes} file")
        elif not exists:
            raise ValueError(f"there is no file {name}")
        else:
            files.append(path)
    return list(dict.fromkeys(files))


class _NoSpecsError(ValueError):
    """A folder that there is, with nothing to check in it: a failure, as for plan, not wrong usage."""


def _twins(templates: Iterable[SpecMapping]) -> Iterable[Violation]:
    """Yield the templates whose name and language another file has too; Meta knows only one."""
    first: dict[tuple[str, str], SpecMapping] = {}
    for template in templates:
        name, language = template.get("name"), template.get("language")
        if not isinstance(name, str) or not isinstance(language, str):
            continue
        other = first.setdefault((name, language), template)
        if other is not template and other.place.file != template.place.file:
            message = f"{name}/{language} stands in {other.place} too"
            fix = "Name and language identify a template: keep one."
            yield template.located(Violation("file.twins", "name", "", message, fix))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _position(violation: Violation) -> tuple[str, int, int]:
    place = violation.place
    return (place.file, place.line, place.column) if place else ("", 0, 0)
