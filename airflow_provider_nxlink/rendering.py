"""Rendering of templated fields: errors that name the field, and the ``template`` argument with its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException, mask_secret

from airflow_provider_nxlink import api, specs
from airflow_provider_nxlink.specs.plain import (
    JINJA_MARKS,
    has_braces,
    is_json,
    is_reference,
    is_spec,
    split_reference,
)

if TYPE_CHECKING:
    import jinja2
    from airflow.providers.common.compat.sdk import BaseOperator, Context

    from airflow_provider_nxlink.api.models import TemplateRef
    from airflow_provider_nxlink.specs.model import TemplateSpec
    from airflow_provider_nxlink.specs.rules import Validation

    # What the classes here are mixed into.
    _Operator = BaseOperator
else:
    _Operator = object


class RenderedFields(_Operator):
    """Mixed into operators and sensors: fails the task without retry when a field's Jinja is wrong."""

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """
        Render one field, or a value inside one.

        :raises AirflowFailException: the template is wrong, so that a retry would fail again; the message
            names the field. Other errors, such as a failed look-up of a variable, are raised as they are.
        """
        try:
            return self._render_value(content, context, jinja_env, seen_oids)
        except specs.violations.TemplateSpecError as error:
            field = self._field_of(content)
            if field is None:
                raise
            found = specs.violations.TemplateSpecError(error.violations, self._where(field))
            raise AirflowFailException(str(found)) from found
        except Exception as error:
            if not isinstance(content, str) or not specs.spans.is_template_error(error):
                raise
            problem = specs.spans.template_error(content, error)
            field = self._field_of(content)
            violation = specs.violations.Violation(
                "jinja.unknown", field or "", problem.shown, str(problem), specs.spans.JINJA_FIX
            )
            if field is None:
                raise specs.violations.TemplateSpecError([violation]) from None
            raise AirflowFailException(f"task {self.task_id!r}: {violation}") from None

    def _render_value(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None,
        seen_oids: set[int] | None,
    ) -> Any:
        return super().render_template(content, context, jinja_env, seen_oids)

    def _field_of(self, content: Any) -> str | None:
        """Return the field whose whole value ``content`` is; None for a value inside a field."""
        return next((name for name in self.template_fields if getattr(self, name, None) is content), None)

    def _where(self, field: str) -> str:
        return f"{field} of task {self.task_id!r}"


class TemplateArgument(RenderedFields):
    """
    Mixed into an operator whose ``template`` field is a spec, a mapping, or the name of a spec file.

    In a template's text a bare ``{{1}}`` or ``{{word}}`` is WhatsApp's; any other Jinja is Airflow's. What
    an upstream task produced is data, and is not rendered again. Only names written in the DAG file load
    files: a name that comes out of Jinja or from upstream never does.
    """

    argument: ClassVar[str] = "template"
    template: Any

    def check_literal(self) -> None:
        """Judge what is known of ``template`` when the DAG is parsed; raise for what is wrong with it."""
        raise NotImplementedError

    def resolve_template_files(self) -> None:
        """Load the spec files that the field names; Airflow calls this when the DAG is parsed."""
        given = getattr(self, self.argument)
        loaded = self._loaded(given)
        if loaded is not given:
            setattr(self, self.argument, loaded)
            self.check_literal()
        super().resolve_template_files()

    def _render_value(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None,
        seen_oids: set[int] | None,
    ) -> Any:
        """Render one field; a template spec leaf by leaf, with WhatsApp's placeholders kept."""
        if content is not getattr(self, self.argument):
            return self._render_spec(content, context, jinja_env, seen_oids)
        if self._is_upstream(context):
            if isinstance(content, Mapping):
                _mask_media(content)
            rendered = content
        else:
            if id(content) not in (seen_oids or ()):
                # Names given to expand() are seen here first.
                content = self._loaded(content)
            rendered = self._render_spec(content, context, jinja_env, seen_oids)
            if rendered is not content and _is_mapped_literal(content):
                # What a task group was expanded over is in the DAG file as well.
                rendered = self._render_spec(self._loaded(rendered), context, jinja_env, seen_oids)
        self._refuse_names(rendered)
        return rendered

    def _render_spec(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None,
        seen_oids: set[int] | None,
    ) -> Any:
        plain = super()._render_value
        if isinstance(content, Mapping) or is_spec(content):
            # Airflow shows a field as it was rendered, and logs one that can't be as it was written.
            _mask_media(content)
        if not (isinstance(content, Mapping) or is_spec(content)) or id(content) in (seen_oids or ()):
            given = plain(content, context, jinja_env, seen_oids)
            if isinstance(given, Mapping):
                _mask_media(given)
            return given
        env = jinja_env or self.get_template_env()

        def leaf(value: Any) -> Any:
            # Jinja would compile a template for each, the most of what a task with many specs does by itself.
            return value if _is_left_alone(value, env) else plain(value, context, env, seen_oids)

        rendered = specs.placeholders.render_spec(content, render_text=leaf, render_other=leaf)
        _mask_media(rendered)
        return rendered

    def rendered(self, context: Context) -> Any:
        """
        Return the field as rendered.

        :raises ValueError: it is the name of a file, so that it came out of Jinja or from upstream.
        """
        self._refuse_names(getattr(self, self.argument))
        return getattr(self, self.argument)

    def _loaded(self, given: Any) -> Any:
        """Return the template that a name in the DAG file stands for; anything else as it is."""
        if not is_reference(given):
            return given
        if has_braces(split_reference(given)[0]):
            raise ValueError(self._refusal(given))
        file, selector = split_reference(given)
        return specs.files.load_one(self._find(file), selector)

    def _refuse_names(self, rendered: Any) -> None:
        if is_reference(rendered):
            raise AirflowFailException(self._refusal(rendered))

    def _refusal(self, name: object) -> str:
        return (
            f"{self._where(self.argument)}: {specs.violations.shown(str(name))} names a file, and comes out "
            "of Jinja or from an upstream task; such names never load files. Write it in the DAG file, or "
            "pass the template itself as a mapping (task.output)"
        )

    def _find(self, name: str) -> Path:
        """Return the file or folder that a name in the DAG file means."""
        loader = self.get_template_env().loader
        folders = [Path(folder) for folder in getattr(loader, "searchpath", ())]
        try:
            return find_file(name, folders)
        except ValueError as error:
            raise ValueError(f"{self._where(self.argument)}: {error}") from None

    def never_reviewed(self) -> bool:
        """Say whether the template is kept away from Meta, so that waiting for its verdict is in vain."""
        given = self.template.to_dict() if is_spec(self.template) else self.template
        value = given.get("syn_meta") if isinstance(given, Mapping) else None
        return value is not None and str(value).lower() in ("false", "0")

    def _is_upstream(self, context: Context) -> bool:
        """
        Say whether ``template`` came from upstream by ``expand_kwargs``.

        Airflow renders that as though the DAG's author had written it; what comes by ``expand`` it marks as
        rendered.
        """
        dag = self.get_dag()
        mapped = dag.task_dict.get(self.task_id) if dag else None
        given = getattr(getattr(mapped, "expand_input", None), "value", None)
        partial = getattr(mapped, "partial_kwargs", ())
        if given is None or isinstance(given, Mapping) or self.argument in partial:
            return False
        return not (isinstance(given, Sequence) and isinstance(given[context["ti"].map_index or 0], Mapping))


class SpecArgument(TemplateArgument):
    """Where ``template`` says what a template should be."""

    validation: Validation

    def check_literal(self) -> None:
        """
        Judge what is known of ``template`` when the DAG is parsed.

        :raises TemplateSpecError: with everything that is wrong with it.
        """
        value = self.template
        if is_spec(value) or (is_json(value) and not is_reference(value)):
            specs.rules.load(
                value, validation=self.validation, rendered=False, where=self._where(self.argument)
            )

    def spec(self, context: Context) -> TemplateSpec:
        """
        Return the spec, rendered and checked; what is only worth a warning is logged.

        :raises TemplateSpecError: with everything that is wrong with it.
        """
        spec, violations = specs.rules.load(
            self.rendered(context), validation=self.validation, where=self._where(self.argument)
        )
        for violation in violations:
            self.log.warning("%s: %s", self._where(self.argument), violation)
        if spec is None:
            raise ValueError(
                f"{self._where(self.argument)} holds a value that no upstream task has produced yet"
            )
        return spec


class RefArgument(TemplateArgument):
    """Where ``template`` says which template is meant: by id, or by name and language."""

    def check_literal(self) -> None:
        """
        Judge what is known of ``template`` when the DAG is parsed.

        :raises ValueError: when it can't be a reference.
        """
        value = self.template
        if is_spec(value) or is_reference(value):
            return
        parts = (
            [value.get(key) for key in ("id", "name", "language")] if isinstance(value, Mapping) else [value]
        )
        if all(is_json(part) and not _has_jinja(part) for part in parts):
            api.models.TemplateRef.of(value)

    def ref(self, context: Context) -> TemplateRef:
        """
        Return which template is meant.

        :raises ValueError: when ``template``, as rendered, can't be a reference.
        """
        value = self.rendered(context)
        return api.models.TemplateRef.of(value.to_dict() if is_spec(value) else value)


def find_file(name: str, folders: Iterable[Path]) -> Path:
    """
    Return the file or folder that a name written in a DAG file means.

    An absolute name is taken as it is: it is the author's own. A relative one is looked for in ``folders``,
    the DAG's folder and its ``template_searchpath``, and may not lead out of them, also not by a link.

    :raises ValueError: there is no such file, or it is outside of all the folders.
    """
    path = Path(name)
    if path.is_absolute():
        if path.exists():
            return path
        raise ValueError(f"there is no {name!r}")
    roots = [folder.resolve() for folder in folders]
    places = ", ".join(map(str, roots))
    if not roots:
        raise ValueError(f"{name!r} can't be looked for outside of a DAG; give an absolute path")
    is_outside = False
    for root in roots:
        found = (root / path).resolve()
        if not any(found.is_relative_to(allowed) for allowed in roots):
            is_outside = True
        elif (root / path).exists():
            return root / path
    if is_outside:
        raise ValueError(
            f"{name!r} leads out of {places}; put the file there, add its folder to the DAG's "
            "template_searchpath, or give its absolute path"
        )
    raise ValueError(
        f"there is no {name!r} in {places}; give its path from the DAG's folder, or add its folder to the "
        "DAG's template_searchpath"
    )


def mask_signed_url(url: object) -> None:
    """Keep the signed query of a link out of logs and rendered fields."""
    if isinstance(url, str) and (query := api.redaction.signed_query(url)):
        mask_secret(query)


def _is_left_alone(value: object, env: jinja2.Environment) -> bool:
    """Return True for what needs no rendering: a word, or a text that holds none of Jinja's usual marks."""
    if _is_word(value):
        return True
    # A DAG with marks of its own, such as "[[", would find them in texts that were written as plain.
    marks = (env.variable_start_string, env.block_start_string, env.comment_start_string)
    is_usual = marks == JINJA_MARKS and env.line_statement_prefix is None and env.line_comment_prefix is None
    return isinstance(value, str) and not is_usual and not has_braces(value)


def _is_mapped_literal(content: Any) -> bool:
    """Return True for the argument of a mapped task group that was expanded over a list in the DAG file."""
    given = getattr(getattr(content, "_input", None), "value", None)
    key = getattr(content, "_key", None)
    return isinstance(given, Mapping) and isinstance(given.get(key), list | tuple)


def _is_word(value: object) -> bool:
    """Return True for what Jinja gives back as it is, as text and as a native object."""
    return type(value) is str and value.isidentifier() and value not in ("True", "False", "None")


def _has_jinja(value: object) -> bool:
    return isinstance(value, str) and has_braces(value)


def _mask_media(spec: Mapping[str, Any] | TemplateSpec) -> None:
    if isinstance(spec, Mapping):
        media: Any = spec.get("header_media") or spec.get("headerMedia")
    else:
        media = spec.header_media
    mask_signed_url(media.get("url") if isinstance(media, Mapping) else getattr(media, "url", None))
