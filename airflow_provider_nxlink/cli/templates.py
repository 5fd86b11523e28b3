"""The specs that the commands work on: read from files and folders, rendered without Airflow, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateRuntimeError
from jinja2.sandbox import SandboxedEnvironment

from airflow_provider_nxlink.provisioning.gather import gather, refuse_twins
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


def load_specs(
    paths: Iterable[str], params: Mapping[str, str], *, validation: Validation = "strict"
) -> tuple[list[TemplateSpec], list[Violation]]:
    """
    Return the specs of files and folders, and what to warn of.

    :param params: what ``{{ params.… }}`` stands for; other Jinja needs Airflow.
    :raises TemplateSpecError: with everything that is wrong with any of them, and where.
    :raises ValueError: a path is none.
    """
    specs: list[TemplateSpec] = []
    violations: list[Violation] = []
    warnings: list[Violation] = []
    for template in gather(list(paths), _find):
        try:
            spec, notes = load(rendered(template, params), validation=validation)
        except TemplateSpecError as error:
            violations += [template.located(violation) for violation in error.violations]
        else:
            specs.append(spec)
            warnings += [template.located(violation) for violation in notes]
    if violations:
        raise TemplateSpecError(violations, "the spec files")
    refuse_twins(specs)
    return specs, warnings


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
    path = Path(name)
    if not path.exists():
        raise ValueError(f"there is no file or folder {name!r}")
    return path
