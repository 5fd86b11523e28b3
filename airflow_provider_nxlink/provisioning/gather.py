"""Many specs out of lists, files and folders, with everything that is wrong with any of them told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow_provider_nxlink.specs.files import (
    load_file,
    load_one,
    spec_files,
)
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.nodes import SpecMapping
from airflow_provider_nxlink.specs.plain import (
    SPEC_SUFFIXES,
    has_braces,
    has_spec_suffix,
    is_reference,
    split_reference,
)
from airflow_provider_nxlink.specs.rules import Validation, load
from airflow_provider_nxlink.specs.violations import TemplateSpecError, Violation

# Finds the file or folder that a name means; raises ValueError where there is none.
Find = Callable[[str], Path]


@dataclass
class Collected:
    """
    What a list, a file or a folder stands for.

    :param templates: specs and mappings, not rendered; Jinja and upstream values as they are.
    :param siblings: the other templates of files of which only some were named (``file#name/language``).
    :param broken: what is wrong, by the file or folder that cannot be used.
    :param folders: the folders that were read.
    """

    templates: list[Any] = field(default_factory=list)
    siblings: list[SpecMapping] = field(default_factory=list)
    broken: dict[str, list[Violation]] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)

    def raise_for_broken(self) -> None:
        """
        Raise unless every file can be used.

        :raises TemplateSpecError: with everything that is wrong with any of the files.
        """
        if self.broken:
            violations = [violation for found in self.broken.values() for violation in found]
            raise TemplateSpecError(violations, "the spec files")

    def hidden(self) -> list[SpecMapping]:
        """
        Return the templates of spec files that are left out, as they begin with a dot.

        What cannot be read among them is passed over: a folder may hold any file under such a name.
        """
        found: list[SpecMapping] = []
        for folder in self.folders:
            for path in sorted(folder.rglob("*")):
                names = path.relative_to(folder).parts
                if has_spec_suffix(path.name) and any(name.startswith(".") for name in names):
                    with suppress(TemplateSpecError, OSError, RuntimeError):
                        found += load_file(path)
        return found


def collect(given: Any, find: Find) -> Collected:
    """
    Return the templates that a list, a file or a folder stands for, and what is wrong with its files.

    :param given: the name of a folder or of a spec file, or a list of such names, specs and mappings.
    :param find: as for :func:`gather`.
    :raises ValueError: a name means nothing, or there is no template.
    """
    items = [given] if isinstance(given, str | Path | Mapping | TemplateSpec) else given
    if not isinstance(items, list | tuple):
        items = list(items) if isinstance(items, Iterable) else [items]
    found = Collected()
    for item in items:
        if isinstance(item, Path) or (isinstance(item, str) and not has_braces(item)):
            _read(str(item), find, found)
        else:
            found.templates.append(item)
    if not found.templates and not found.broken:
        raise ValueError("there is no template: give at least one spec, spec file or folder of them")
    return found


def gather(given: Any, find: Find) -> list[Any]:
    """
    Return the templates that a list, a file or a folder stands for: specs and mappings, not rendered.

    What is not known yet, Jinja or an upstream value, is returned as it is.

    :param given: the name of a folder or of a spec file, or a list of such names, specs and mappings.
    :raises TemplateSpecError: with everything that is wrong with any of the files.
    :raises ValueError: a name means nothing, or there is no template.
    """
    found = collect(given, find)
    found.raise_for_broken()
    return found.templates


def load_all(
    given: Iterable[Any],
    *,
    validation: Validation = "strict",
    rendered: bool = True,
    where: str = "templates",
) -> tuple[list[TemplateSpec], list[Violation]]:
    """
    Return the specs, and what to warn of, of many templates.

    :param given: specs and mappings.
    :param rendered: False at parse time: what is not known yet is left out, the rest is judged.
    :param where: what is read, for the error.
    :raises TemplateSpecError: with everything that is wrong with any of them.
    """
    specs: list[TemplateSpec] = []
    violations: list[Violation] = []
    warnings: list[Violation] = []
    for index, item in enumerate(given):
        if not rendered and not isinstance(item, Mapping | TemplateSpec):
            continue
        try:
            spec, notes = load(item, validation=validation, rendered=rendered)
        except TemplateSpecError as error:
            violations += [_placed(violation, item, index) for violation in error.violations]
            continue
        warnings += [_placed(violation, item, index) for violation in notes]
        specs += [] if spec is None else [spec]
    if violations:
        raise TemplateSpecError(violations, where)
    return specs, warnings


def refuse_twins(specs: Iterable[TemplateSpec]) -> None:
    """
    Refuse two specs for one template.

    :raises TemplateSpecError: naming each template that has two.
    """
    # No references: a DAG file would load NXLink's models for them at each parse.
    seen: set[tuple[str, str]] = set()
    violations = []
    for spec in specs:
        if (identity := (spec.name, spec.language)) in seen:
            fix = "Name and language identify a template: keep one."
            message = f"template {spec.name} ({spec.language}) is given twice"
            violations.append(Violation("file.twins", "name", "", message, fix))
        seen.add(identity)
    if violations:
        raise TemplateSpecError(violations, "the list of templates")


def _read(name: str, find: Find, found: Collected) -> None:
    file, selector = split_reference(name)
    path = find(file)
    files = [path]
    if path.is_dir():
        found.folders.append(path)
        try:
            files = spec_files(path)
        except TemplateSpecError as error:
            found.broken.setdefault(str(path), []).extend(error.violations)
            return
        if not files:
            raise ValueError(f"the folder {name!r} holds no {', '.join(SPEC_SUFFIXES)} file")
    elif not is_reference(name):
        raise ValueError(f"{name!r} is neither a folder nor a {', '.join(SPEC_SUFFIXES)} file")
    for one in files:
        try:
            templates = [load_one(one, selector)] if selector else load_file(one)
            found.templates += templates
            if selector:
                found.siblings += [other for other in load_file(one) if not _same(other, templates[0])]
        except TemplateSpecError as error:
            found.broken.setdefault(str(one), []).extend(error.violations)


def _same(one: SpecMapping, other: SpecMapping) -> bool:
    return all(one.get(key) == other.get(key) for key in ("name", "language"))


def _placed(violation: Violation, item: Any, index: int) -> Violation:
    """Return the violation with what tells its template from the others: its place, or its number."""
    return violation if isinstance(item, SpecMapping) else violation.within(f"[{index}]")
