"""What the parts of a spec have in common: reading either spelling, writing both, a short repr."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from airflow_provider_nxlink.specs.fields import RENDERED_HINT, refuse, upstream
from airflow_provider_nxlink.specs.plain import has_braces, is_json
from airflow_provider_nxlink.specs.spelling import Spelling
from airflow_provider_nxlink.specs.violations import TemplateSpecError, Violation, join, shown


class Part(BaseModel):
    """A frozen value that is read from either spelling and reports everything wrong with it at once."""

    model_config = ConfigDict(frozen=True)

    spelling: ClassVar[Spelling]
    # How a field's value is written for the API, where that differs from how it is kept.
    on_the_wire: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    # Fields other than message texts that may hold any text, braces included, where nothing is rendered.
    free_text: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, /, **data: Any) -> None:
        fields, violations = self._read(data)
        violations += self._missing(fields)
        try:
            super().__init__(**fields)
        except ValidationError as error:
            violations += _translate(error)
        if violations:
            # Outside the except: pydantic's own error shows the input, which may hold a signed URL.
            raise TemplateSpecError(violations, where=self._where(fields))

    @classmethod
    def from_mapping(cls, value: Any) -> Self:
        """
        Return the part that a mapping in either spelling stands for; a part is returned as it is.

        :raises TemplateSpecError: with everything that is wrong with it.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str) and has_braces(value):
            return value  # type: ignore[return-value]  # not known yet, see TemplateSpec
        if isinstance(value, Mapping):
            return cls(**{str(key): item for key, item in value.items()})
        if is_json(value):
            raise refuse(
                "field.type", value, "is not a mapping", f"Give a mapping of its fields{RENDERED_HINT}."
            )
        raise upstream(value)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON in snake_case, without what was not given."""
        return {name: _plain(value) for name, value in self._given()}

    def wire_fields(self, *, literal: bool = False) -> dict[str, Any]:
        """
        Return what is sent for this part, in the vendor's spelling and order.

        :param literal: braces are text, not Jinja that was left unrendered (``render: false``).
        """
        given = dict(self._given())
        wire = {vendor: name for name, vendor in self.spelling.wire.items() if name in given}
        out = {vendor: self._on_wire(name, given[name], literal=literal) for vendor, name in wire.items()}
        return out | {key: value for key, value in given.items() if key in (self.model_extra or {})}

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Violation]]:
        """Return the fields under our names."""
        return cls.spelling.read(data)

    @classmethod
    def _missing(cls, fields: Mapping[str, Any]) -> list[Violation]:
        """Return the violations of fields that another field's value asks for."""
        return []

    @classmethod
    def _where(cls, fields: Mapping[str, Any]) -> str:
        return cls.__name__

    def _on_wire(self, name: str, value: Any, *, literal: bool) -> Any:
        is_plain = name in self.on_the_wire or name in self.spelling.parts
        is_text = literal and name in self.free_text
        if is_plain and not is_text and isinstance(value, str) and has_braces(value):
            raise TemplateSpecError([not_rendered(name, value)], where=self._where(dict(self)))
        if name in self.on_the_wire:
            return self.on_the_wire[name](value)
        if isinstance(value, list):
            return [item.wire_fields(literal=literal) if isinstance(item, Part) else item for item in value]
        return value

    def _given(self) -> list[tuple[str, Any]]:
        return [(name, value) for name, value in self if value is not None and value != []]

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Show what was given, shortened: it lands in the serialised DAG and in logs."""
        return [(name, _Shown(value)) for name, value in self._given()]

    def __str__(self) -> str:
        """Return the same as ``repr``."""
        return repr(self)


def not_rendered(field: str, value: str) -> Violation:
    """Return the violation of a field that needs a plain value and holds Jinja."""
    fix = "Give a plain value: what an upstream task or a raw block gives is not rendered again."
    return Violation("field.not-rendered", field, shown(value), "still holds Jinja", fix)


def required(field: str, message: str, fix: str) -> Violation:
    """Return the violation of a field that is not there."""
    return Violation("field.required", field, "", message, fix)


class _Shown:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        if isinstance(self.value, list):
            return repr([_Shown(item) for item in self.value])
        return repr(self.value) if isinstance(self.value, Part) else shown(self.value)


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _translate(error: ValidationError) -> list[Violation]:
    violations: list[Violation] = []
    for item in error.errors(include_url=False):
        path = ""
        for step in item["loc"]:
            path = join(path, f"[{step}]" if isinstance(step, int) else step)
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, TemplateSpecError):
            violations += [violation.within(path) for violation in cause.violations]
        else:
            violations.append(required(path, "is missing or empty", "Add it."))
    return violations
