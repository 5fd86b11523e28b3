"""``preview``: show the templates of spec files as the phone would, as text or as a page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from airflow_provider_nxlink.cli.commands import FOUND, OK, USAGE
from airflow_provider_nxlink.cli.show import write_page
from airflow_provider_nxlink.cli.templates import read_params, rendered
from airflow_provider_nxlink.preview.gallery import Entry, gallery_html
from airflow_provider_nxlink.preview.sources import message_of
from airflow_provider_nxlink.specs.files import load_file, load_one, spec_files
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.nodes import SpecMapping
from airflow_provider_nxlink.specs.plain import split_reference
from airflow_provider_nxlink.specs.rules import load, problems
from airflow_provider_nxlink.specs.spelling import SPEC
from airflow_provider_nxlink.specs.violations import TemplateSpecError, Violation


def run(options: argparse.Namespace) -> int:
    """Show each template; 1 where a file or template cannot be read. Without ``--param`` Jinja stays."""
    try:
        examples, params = _examples(options.example), read_params(options.param)
    except ValueError as error:
        print(f"preview: {error}", file=sys.stderr)
        return USAGE
    templates, unread = _read(options.paths)
    if options.html is None:
        return _text(templates, unread, params, examples)
    entries, refused = [], list(unread)
    for template in templates:
        fields, unrendered = _rendered(template, params)
        is_rendered = template.get("render") is False or (bool(params) and not unrendered)
        found = [template.located(item) for item in problems(fields, rendered=is_rendered)]
        entries.append(Entry(message_of(fields, rendered=is_rendered), [*unrendered, *found]))
        refused += [*unrendered, *_spec(template, fields)[1]]
    page = gallery_html(entries, examples, problems=unread, show_media=options.show_media)
    try:
        write_page(options.html, page)
    except ValueError as error:
        print(f"preview: {error}", file=sys.stderr)
        return FOUND
    return _outcome(refused)


def _text(
    templates: Iterable[SpecMapping],
    unread: Iterable[Violation],
    params: Mapping[str, str],
    examples: Mapping[str, str],
) -> int:
    shown, refused = [], list(unread)
    for template in templates:
        fields, unrendered = _rendered(template, params)
        spec, violations = _spec(template, fields)
        refused += [*unrendered, *violations]
        shown += [spec.preview(examples)] if spec else []
    if shown:
        print("\n\n".join(shown))
    return _outcome(refused)


def _outcome(refused: list[Violation]) -> int:
    if refused:
        print(TemplateSpecError(refused, "the spec files"), file=sys.stderr)
    return FOUND if refused else OK


def _read(paths: Iterable[str]) -> tuple[list[SpecMapping], list[Violation]]:
    """Return the templates of all files that can be read, and what is wrong with the others."""
    templates: list[SpecMapping] = []
    violations: list[Violation] = []
    for name in paths:
        file, selector = split_reference(name)
        try:
            files = spec_files(file) if Path(file).is_dir() else [Path(file)]
        except TemplateSpecError as error:
            violations += error.violations
            continue
        if not files:
            message = f"the folder {name!r} has no spec file"
            violations.append(Violation("file.empty", "file", "", message, "Name another one."))
        for one in files:
            try:
                templates += [load_one(one, selector)] if selector else load_file(one)
            except TemplateSpecError as error:
                violations += error.violations
    return templates, violations


def _rendered(template: SpecMapping, params: Mapping[str, str]) -> tuple[Mapping[str, Any], list[Violation]]:
    """Return the fields with ``params`` filled in; one that cannot be rendered stays as it is written."""
    if not params or template.get("render") is False:
        return template, []
    fields: dict[str, Any] = {}
    violations: list[Violation] = []
    for key, value in template.items():
        try:
            fields |= rendered({key: value}, params)
        except TemplateSpecError as error:
            fields[key] = value
            path = SPEC.canonical(key) or key
            violations += [
                template.located(item if item.path else replace(item, path=path)) for item in error.violations
            ]
    return fields, violations


def _spec(template: SpecMapping, fields: Mapping[str, Any]) -> tuple[TemplateSpec | None, list[Violation]]:
    """Return the spec, or why the fields are none; WhatsApp's rules are not applied."""
    try:
        return load(fields, validation="off", rendered=False)[0], []
    except TemplateSpecError as error:
        return None, [item if item.place else template.located(item) for item in error.violations]


def _examples(pairs: Iterable[str]) -> dict[str, str]:
    examples: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise ValueError(f"--example {pair!r} is not NAME=VALUE, as in 1=Ada")
        examples[name] = value
    return examples
