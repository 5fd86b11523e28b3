"""The specs that the commands work on: read from files and folders, rendered without Airflow, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateRuntimeError
from jinja2.sandbox import SandboxedEnvironment

from airflow_provider_nxlink.provisioning.gather import collect, refuse_twins
from airflow_provider_nxlink.provisioning.plan_many import Protected, protected_by
from airflow_provider_nxlink.provisioning.write import ref_of
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.placeholders import render_spec
from airflow_provider_nxlink.specs.plain import has_braces
from airflow_provider_nxlink.specs.rules import Validation, load
from airflow_provider_nxlink.specs.spans import is_template_error
from airflow_provider_nxlink.specs.violations import TemplateSpecError, Violation

FIX = (
    "Give --param NAME=VALUE for each name in params (values are text: convert numbers with | int); other "
    "Jinja can't be rendered without Airflow."
)


@dataclass(frozen=True)
class Loaded:
    """
    What the commands work on.

    :param specs: rendered and checked.
    :param warnings: what to warn of.
    :param skipped: what is wrong, by the file that is left out for it.
    :param protected: what prune leaves alone.
    """

    specs: list[TemplateSpec]
    warnings: list[Violation]
    skipped: dict[str, list[Violation]]
    protected: Protected


def load_specs(
    paths: Iterable[str], params: Mapping[str, str], *, validation: Validation = "strict"
) -> Loaded:
    """
    Return the specs of files and folders; a file with a problem is left out whole.

    :param params: what ``{{ params.… }}`` stands for; other Jinja needs Airflow.
    :raises TemplateSpecError: no file can be used, or two name the same template.
    :raises ValueError: a path is none.
    """
    found = collect(list(paths), _find)
    skipped = found.broken
    specs: dict[str, list[TemplateSpec]] = {}
    warnings: dict[str, list[Violation]] = {}
    for template in found.templates:
        file = template.place.file
        try:
            spec, notes = load(rendered(template, params), validation=validation)
        except TemplateSpecError as error:
            skipped.setdefault(file, []).extend(template.located(violation) for violation in error.violations)
        else:
            specs.setdefault(file, []).append(spec)
            warnings.setdefault(file, []).extend(template.located(violation) for violation in notes)
    refuse_twins(spec for file in specs for spec in specs[file])
    protected = protected_by(found, partial(rendered, params=params))
    used = [file for file in specs if file not in skipped]
    # Where a file that is left out names a template of another, it is not known which of them is meant.
    meant_twice = [spec for file in used for spec in specs[file] if ref_of(spec) in protected.skipped]
    if not used or meant_twice:
        violations = [violation for wrong in skipped.values() for violation in wrong]
        raise TemplateSpecError(violations, "the spec files")
    return Loaded(
        [spec for file in used for spec in specs[file]],
        [violation for file in used for violation in warnings[file]],
        skipped,
        protected,
    )


def rendered(template: Mapping[str, Any], params: Mapping[str, str]) -> Any:
    """
    Return a template with ``{{ params.… }}`` filled in and WhatsApp's placeholders kept.

    A template with ``render: false`` is returned as it is.

    :raises TemplateSpecError: with every text that needs more than that.
    """
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, loader=FunctionLoader(lambda _: None)
    )
    render = partial(_render, environment, params)
    return render_spec(template, render_text=render, render_other=render, fix=FIX)


def read_params(pairs: Iterable[str]) -> dict[str, str]:
    """
    Return what ``--param NAME=VALUE`` gave.

    :raises ValueError: one is not of that form.
    """
    params = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise ValueError(f"--param {pair!r} is not NAME=VALUE, as in shop=Example")
        params[name] = value
    return params


def _render(environment: SandboxedEnvironment, params: Mapping[str, str], value: Any) -> Any:
    if not isinstance(value, str) or not has_braces(value):
        return value
    try:
        return environment.from_string(value).render(params=params)
    except Exception as error:
        if is_template_error(error):
            raise
        # Whatever else an expression raises: it is the template's, as nothing here leads outside.
        raise TemplateRuntimeError(f"{type(error).__name__}: {error}") from error


def _find(name: str) -> Path:
    if not name:
        raise ValueError("a path is empty: name a spec file or a folder of them, or . for this folder")
    path = Path(name)
    try:
        exists = path.exists()
    except OSError as error:
        raise ValueError(f"{name!r} cannot be read: {error.strerror}") from None
    if not exists:
        raise ValueError(f"there is no file or folder {name!r}")
    return path
