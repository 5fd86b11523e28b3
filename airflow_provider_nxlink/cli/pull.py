"""``pull``: write NXLink's templates as spec files."""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from airflow_provider_nxlink.api import writes
from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.cli.access import client_for
from airflow_provider_nxlink.cli.commands import FOUND, OK
from airflow_provider_nxlink.cli.templates import rendered
from airflow_provider_nxlink.provisioning.parallel import in_parallel
from airflow_provider_nxlink.provisioning.pull import not_told, spec_fields
from airflow_provider_nxlink.provisioning.write import with_details
from airflow_provider_nxlink.specs.diff import diff
from airflow_provider_nxlink.specs.files import load_file, spec_files
from airflow_provider_nxlink.specs.rules import load
from airflow_provider_nxlink.specs.violations import TemplateSpecError

LONGEST_STEM = 150
MISSING = """\
# NXLink does not tell {fields}.
# Add what the template has of these before you change it here: an update replaces the whole template.
"""


def run(options: argparse.Namespace) -> int:
    """Write one file for each name; 1 where one is there already and says something else."""
    folder = Path(options.folder)
    try:
        known = _known(folder)
        with client_for(options) as client:
            listed = [template for template in client.templates() if _is_wanted(template, options.name)]
            found = in_parallel(lambda one: with_details(client, one), listed, options.max_concurrency)
            live = [template for _, template in found]
    except (ValueError, NxlinkError) as error:
        print(f"pull: {error}", file=sys.stderr)
        return FOUND
    folder.mkdir(parents=True, exist_ok=True)
    outcome = OK
    for name, templates in sorted(_by_name(live).items()):
        path = folder / f"{_stem(name)}.yaml"
        elsewhere = {known[key] for key in map(_identity, templates) if known.get(key, path) != path}
        if elsewhere:
            _say(f"{name} is left out: it is in {', '.join(sorted(map(str, elsewhere)))} already")
            continue
        outcome = max(outcome, _write(path, templates, overwrite=options.overwrite))
    return outcome


def _stem(name: str) -> str:
    """Return a template's name as a file's, which may be shorter and lead nowhere else."""
    stem = re.sub(r"[^\w-]", "_", name)
    if stem == name and len(name) <= LONGEST_STEM:
        return name
    return f"{stem[:LONGEST_STEM]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _write(path: Path, templates: list[Template], *, overwrite: bool) -> int:
    """Write one file, and read it back; leave out what would not come back as it is."""
    sound = [template for template in templates if _is_sound(template)]
    if not sound:
        return OK
    missing = sorted({field for template in sound for field in not_told(template)})
    text = MISSING.format(fields=", ".join(missing)) + _dump(_document(sound))
    if path.exists() and not overwrite and path.read_text(encoding="utf-8") != text:
        _say(f"{path} is there already and says something else; --overwrite replaces it")
        return FOUND
    path.write_text(text, encoding="utf-8")
    print(f"{path}: {', '.join(str(template.language) for template in sound)}")
    return OK


def _document(templates: list[Template]) -> dict[str, Any]:
    """Return one template as it is, several languages of one with what they share said once."""
    specs = [spec_fields(template) for template in templates]
    if len(specs) == 1:
        return specs[0]
    shared = {
        key: value
        for key, value in specs[0].items()
        if key in ("name", "category") and all(spec.get(key) == value for spec in specs)
    }
    languages = {
        spec["language"]: {key: value for key, value in spec.items() if key not in (*shared, "language")}
        for spec in specs
    }
    return {**shared, "languages": languages}


def _is_sound(template: Template) -> bool:
    """Say whether the spec means the template that it was made of; tell why where it does not."""
    where = f"{template.name} ({template.language})"
    try:
        spec, warnings = load(rendered(spec_fields(template), {}), validation="warn")
    except TemplateSpecError as error:
        _say(f"{where} is left out, as no spec can say it: {error}")
        return False
    differences = diff(spec, template)
    if differences:
        _say(f"{where} is left out, as its spec would change it: {'; '.join(map(str, differences))}")
        return False
    for violation in warnings:
        _say(f"{where}: {violation}")
    return True


def _known(folder: Path) -> dict[tuple[Any, Any], Path]:
    """Return in which file of the folder each template is, before anything is written."""
    files = spec_files(folder) if folder.is_dir() else []
    return {
        (template.get("name"), template.get("language")): file
        for file in files
        for template in load_file(file)
    }


def _by_name(templates: Iterable[Template]) -> dict[str, list[Template]]:
    found: dict[str, list[Template]] = {}
    for template in sorted(templates, key=lambda one: str(one.language)):
        found.setdefault(str(template.name), []).append(template)
    return found


def _identity(template: Template) -> tuple[Any, Any]:
    return template.name, template.language


def _is_wanted(template: Template, pattern: str | None) -> bool:
    return not writes.is_gone(template) and fnmatchcase(template.name or "", pattern or "*")


def _say(text: str) -> None:
    print(f"pull: {text}", file=sys.stderr)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as people do."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # The last line end of a block is not read as part of the text.
    style = "|" if "\n" in text and not text.endswith("\n") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _dump(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
