"""
WhatsApp's rules applied to a template, and the one entry that operators use.

From Meta's documentation of message templates, as of 2026. Rules rot: each limit is a row of
``limits.LIMITS``, each rule for a text a row of ``text_rules``, and the user chooses how strictly they apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, overload

from airflow_provider_nxlink.specs import spelling
from airflow_provider_nxlink.specs.jinja_syntax import syntax_rules
from airflow_provider_nxlink.specs.model import Button, ButtonEvent, HeaderMedia, TemplateSpec
from airflow_provider_nxlink.specs.nodes import SpecMapping
from airflow_provider_nxlink.specs.part import Part, not_rendered
from airflow_provider_nxlink.specs.part_rules import button_list_rules, button_rules, header_rules
from airflow_provider_nxlink.specs.plain import has_braces, is_json
from airflow_provider_nxlink.specs.text_rules import BUTTON_TEXT_RULES, TEXT_RULES, broken_rules
from airflow_provider_nxlink.specs.violations import TemplateSpecError, Violation, join, shown

__all__ = ["TemplateSpecError", "Validation", "Violation", "check", "load", "problems"]

Validation = Literal["strict", "warn", "off"]

# Stands for what is not known yet: to the rules, any Jinja is that.
UNKNOWN = "{{ 'not known yet' }}"

# Fields that are no text of the message and have no pattern of their own: Jinja left in them is an error.
PLAIN_FIELDS = {
    TemplateSpec: ("category", "header_media", "buttons", "tag_name", "syn_meta", "is_close_auto_flow"),
    HeaderMedia: ("media_id", "original_filename", "media_type", "h", "url"),
    Button: ("type", "flow_id", "customize_type", "events", "phone_number"),
    ButtonEvent: ("event", "tag_name", "template_id", "template_name"),
}


def check(spec: TemplateSpec, *, rendered: bool = True) -> list[Violation]:
    """
    Return everything WhatsApp would not accept, errors and warnings.

    :param rendered: False judges only what is literal: a field with Airflow's Jinja is not known yet.
        True judges every character, and Jinja left in a field that needs a plain value is an error.
    """
    found = _jinja_left(spec, rendered=rendered)
    if not rendered:
        found += syntax_rules(spec)
    found += broken_rules(spec, TEXT_RULES, str, rendered=rendered)
    found += header_rules(spec)
    if isinstance(spec.buttons, list):
        found += button_list_rules(spec.buttons)
        for index, button in enumerate(spec.buttons):
            if isinstance(button, Button):
                found += _check_button(button, f"buttons[{index}]", rendered=rendered)
    return found


@overload
def load(
    value: TemplateSpec | Mapping[str, Any],
    *,
    validation: Validation = "strict",
    rendered: Literal[True] = True,
    where: str = "template",
) -> tuple[TemplateSpec, list[Violation]]: ...


@overload
def load(
    value: TemplateSpec | Mapping[str, Any],
    *,
    validation: Validation = "strict",
    rendered: bool,
    where: str = "template",
) -> tuple[TemplateSpec | None, list[Violation]]: ...


def load(
    value: TemplateSpec | Mapping[str, Any],
    *,
    validation: Validation = "strict",
    rendered: bool = True,
    where: str = "template",
) -> tuple[TemplateSpec | None, list[Violation]]:
    """
    Read and check a template, as operators do: once at parse time, and again after rendering.

    :param value: a spec, or a mapping in either spelling.
    :param validation: ``strict`` refuses what breaks a rule; ``warn`` returns it; ``off`` checks none. What
        is no template at all (missing content, unknown field, wrong type) is refused in each.
    :param rendered: False at parse time: Jinja and upstream values are not known yet, the rest is judged.
    :param where: what is read, for the error: a file, a task.
    :return: the spec, or None while it holds an upstream value; and the violations to log.
    :raises TemplateSpecError: with everything that is wrong.
    """
    if validation not in ("strict", "warn", "off"):
        raise ValueError(f"validation is {validation!r}: give 'strict', 'warn' or 'off'")
    try:
        spec, found = _load(value, validation=validation, rendered=rendered)
    except TemplateSpecError as error:
        raise TemplateSpecError(_located(error.violations, value), _named(where, value)) from None
    return spec, _located(found, value)


def problems(value: TemplateSpec | Mapping[str, Any], *, rendered: bool = True) -> list[Violation]:
    """Return everything that is wrong with a template, errors and warnings, instead of raising it."""
    try:
        return load(value, validation="warn", rendered=rendered)[1]
    except TemplateSpecError as error:
        body, notes = _without_tenant(value)
        rest = _check_the_rest(body if rendered else _masked(body), error)
        return [*error.violations, *_located(notes + rest, value)]


def _load(
    value: Any, *, validation: Validation, rendered: bool
) -> tuple[TemplateSpec | None, list[Violation]]:
    body, notes = _without_tenant(value)
    complete = rendered or _is_known(body)
    if complete and not spelling.is_rendered(body):
        rendered = True
    if not complete:
        body = _masked(body)
    if not rendered and isinstance(body, str) and has_braces(body):
        return None, []
    try:
        spec = _read(body)
    except TemplateSpecError as error:
        more = [item for item in _check_the_rest(body, error) if item.level == "error"]
        raise TemplateSpecError([*error.violations, *(more if validation == "strict" else [])]) from None
    # Where nothing is validated, the rest would be judged only to be thrown away.
    judge = _jinja_left if validation == "off" else check
    found = judge(spec, rendered=rendered)
    refused = [
        violation
        for violation in found
        if violation.level == "error" and (validation == "strict" or violation.rule == "field.not-rendered")
    ]
    if refused:
        raise TemplateSpecError(refused)
    return (spec if complete else None), notes + found


def _located(violations: Iterable[Violation], value: Any) -> list[Violation]:
    """Return the violations with their places, if the value came from a file."""
    return [value.located(item) if isinstance(value, SpecMapping) else item for item in violations]


def _named(where: str, body: Any) -> str:
    """Return what was read, with the template's name where it is known."""
    name = (
        body.name
        if isinstance(body, TemplateSpec)
        else body.get("name")
        if isinstance(body, Mapping)
        else None
    )
    return f"{where} {shown(name)}" if where == "template" and isinstance(name, str) else where


def _read(body: Any) -> TemplateSpec:
    if isinstance(body, str):
        fix = "Give a mapping, a TemplateSpec or the name of a .yaml, .yml or .json file."
        raise TemplateSpecError(
            [Violation("field.type", "", shown(body), "is a string, not a template", fix)]
        )
    return TemplateSpec.from_mapping(body)


def _check_button(button: Button, path: str, *, rendered: bool) -> Iterator[Violation]:
    yield from broken_rules(button, BUTTON_TEXT_RULES, lambda field: join(path, field), rendered=rendered)
    yield from button_rules(button, path, rendered=rendered)


def _jinja_left(spec: TemplateSpec, *, rendered: bool) -> list[Violation]:
    """Return what no validation lets pass: all of it is an error."""
    return list(_not_rendered(spec, "", literal=spec.render is False)) if rendered else []


def _not_rendered(part: Part, path: str, *, literal: bool) -> Iterator[Violation]:
    """
    Yield the plain fields that still hold Jinja, though everything is rendered.

    :param literal: nothing is to be rendered, so a field that takes any text may hold braces.
    """
    for field in PLAIN_FIELDS[type(part)]:
        value = getattr(part, field)
        at = join(path, field)
        if isinstance(value, str) and has_braces(value):
            if not (literal and field in part.free_text):
                yield not_rendered(at, value)
        elif isinstance(value, Part):
            yield from _not_rendered(value, at, literal=literal)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, Part):
                    yield from _not_rendered(item, f"{at}[{index}]", literal=literal)


def _without_tenant(value: Any) -> tuple[Any, list[Violation]]:
    if not isinstance(value, Mapping) or not any(spelling.is_tenant(key) for key in value):
        return value, []
    fix = "Leave it out; set it in the connection, or as the operator's tenant_id."
    note = Violation(
        "tenant.ignored", "tenant_id", "", "is ignored: the connection's is sent", fix, "warning"
    )
    return {key: item for key, item in value.items() if not spelling.is_tenant(key)}, [note]


def _is_known(value: Any) -> bool:
    """Return True if there is no upstream value in it."""
    if isinstance(value, Mapping):
        return all(_is_known(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(_is_known(item) for item in value)
    return is_json(value) or isinstance(value, Part)


def _masked(value: Any) -> Any:
    """Return the value with UNKNOWN for each upstream value in it."""
    if isinstance(value, Mapping):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value if is_json(value) or isinstance(value, Part) else UNKNOWN


def _check_the_rest(body: Any, error: TemplateSpecError) -> list[Violation]:
    """Return what is wrong with the fields that could be read, so that one error says everything."""
    if not isinstance(body, Mapping):
        return []
    folded, _ = spelling.fold_media({str(key): item for key, item in body.items()})
    fields, _ = spelling.SPEC.read(folded)
    broken = {violation.path.partition(".")[0].partition("[")[0] for violation in error.violations}
    rest = {**fields, **{name: UNKNOWN for name in broken if name in spelling.SPEC.wire}}
    return check(TemplateSpec(**rest), rendered=False)
