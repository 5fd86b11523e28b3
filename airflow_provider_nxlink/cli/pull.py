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
from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.errors import NxlinkError, TemplateNotFoundError
from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.cli.access import client_for
from airflow_provider_nxlink.cli.commands import FOUND, OK
from airflow_provider_nxlink.cli.templates import rendered
from airflow_provider_nxlink.provisioning import guard
from airflow_provider_nxlink.provisioning.parallel import in_parallel
from airflow_provider_nxlink.provisioning.pull import spec_fields
from airflow_provider_nxlink.provisioning.write import with_details
from airflow_provider_nxlink.specs.diff import diff
from airflow_provider_nxlink.specs.files import load_file, spec_files
from airflow_provider_nxlink.specs.live import NEVER_RETURNED
from airflow_provider_nxlink.specs.rules import load
from airflow_provider_nxlink.specs.violations import TemplateSpecError

LONGEST_STEM = 150
FOREIGN_LINE_ENDS = re.compile("[\r\x85\u2028\u2029]")
NEVER = f"""\
# The API does not return {", ".join(NEVER_RETURNED)}. Add them if the template has them: an update replaces
# the whole template.
"""
UNCONFIRMED = """\
# The API did not return what is listed under `unconfirmed`, and updates are blocked until each is confirmed:
# fill in the field, or take its name off the list where the template has none.
"""
SAMPLE = """\
# header_media has no upload handle: before the template is changed here, give the file again as `url`.
"""


def run(options: argparse.Namespace) -> int:
    """Write one file for each name; 1 where one is there already and says something else."""
    folder = Path(options.folder)
    try:
        known = _known(folder)
        with client_for(options) as client:
            listed = [template for template in client.templates() if _is_wanted(template, options.name)]
            found = in_parallel(lambda one: _details(client, one), listed, options.max_concurrency)
            live = [template for _, template in found if template is not None]
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


def _details(client: NxlinkClient, listed: Template) -> Template | None:
    try:
        return with_details(client, listed)
    except TemplateNotFoundError:
        return None


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
    specs = [spec_fields(template) for template in sound]
    comment = NEVER
    comment += UNCONFIRMED if any("unconfirmed" in spec for spec in specs) else ""
    comment += SAMPLE if any("header_media" in spec for spec in specs) else ""
    text = comment + _dump(_document(specs))
    if path.exists() and not overwrite and path.read_text(encoding="utf-8") != text:
        _say(f"{path} is there already and says something else; --overwrite replaces it")
        return FOUND
    path.write_text(text, encoding="utf-8")
    print(f"{path}: {', '.join(str(template.language) for template in sound)}")
    return OK


def _document(specs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one template as it is, several languages of one with what they share said once."""
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
    if reason := guard.beyond_specs(template):
        _say(f"warning: {where} is skipped: {reason}")
        return False
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
    # A block loses its last line end, and other line ends come back only where they are escaped.
    is_block = "\n" in text and not text.endswith("\n")
    style = '"' if FOREIGN_LINE_ENDS.search(text) else "|" if is_block else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _dump(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
