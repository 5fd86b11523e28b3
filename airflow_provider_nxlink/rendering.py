"""The ``template`` argument of operators and sensors: found, rendered with placeholders kept, and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import mask_secret
from jinja2 import TemplateNotFound

from airflow_provider_nxlink import api, specs
from airflow_provider_nxlink.specs.plain import has_braces, is_json, is_reference, is_spec, split_reference

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


class TemplateArgument(_Operator):
    """
    Mixed into an operator whose ``template`` field is a spec, a mapping, or the name of a spec file.

    In a template's text a bare ``{{1}}`` or ``{{word}}`` is WhatsApp's; any other Jinja is Airflow's. What
    an upstream task produced is data, and is not rendered again.
    """

    argument: ClassVar[str] = "template"
    template: Any

    def check_literal(self) -> None:
        """Judge what is known of ``template`` when the DAG is parsed; raise for what is wrong with it."""
        raise NotImplementedError

    def resolve_template_files(self) -> None:
        """Load the spec file that ``template`` names, from the DAG's folder or ``template_searchpath``."""
        if is_reference(self.template):
            self.template = self._load_file(self.template)
            self.check_literal()
        super().resolve_template_files()

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render one field; a template spec leaf by leaf, with WhatsApp's placeholders kept."""
        plain = super().render_template
        if isinstance(content, Mapping) or is_spec(content):
            # Airflow shows a field as it was rendered, and logs one that can't be as it was written.
            _mask_media(content)
        if content is getattr(self, self.argument) and self._is_upstream(context):
            return content
        if not (isinstance(content, Mapping) or is_spec(content)) or id(content) in (seen_oids or ()):
            given = plain(content, context, jinja_env, seen_oids)
            if isinstance(given, Mapping):
                _mask_media(given)
            return given
        env = jinja_env or self.get_template_env()

        def leaf(value: Any) -> Any:
            # Jinja would compile a template for each, the most of what a task with many specs does by itself.
            return value if _is_word(value) else plain(value, context, env, seen_oids)

        rendered = specs.placeholders.render_spec(content, render_text=leaf, render_other=leaf)
        _mask_media(rendered)
        return rendered

    def rendered(self, context: Context) -> Any:
        """Return ``template`` as rendered; a file that was named only at run time is loaded and rendered."""
        if is_reference(self.template):
            return self.render_template(self._load_file(self.template), context)
        return self.template

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

    def _where(self) -> str:
        return f"{self.argument} of task {self.task_id!r}"

    def _load_file(self, name: str) -> Mapping[str, Any]:
        env = self.get_template_env()
        if env.loader is None:
            raise ValueError(f"{self._where()}: {name!r} can't be looked for outside of a DAG")
        file, selector = split_reference(name)
        try:
            _, path, _ = env.loader.get_source(env, file)
        except TemplateNotFound:
            folders = ", ".join(map(str, getattr(env.loader, "searchpath", ()))) or "the DAG's folder"
            raise ValueError(
                f"{self._where()}: there is no file {file!r} in {folders}; give its path from the DAG's "
                "folder, or add its folder to the DAG's template_searchpath"
            ) from None
        return specs.files.load_one(path or file, selector)


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
            specs.rules.load(value, validation=self.validation, rendered=False, where=self._where())

    def spec(self, context: Context) -> TemplateSpec:
        """
        Return the spec, rendered and checked; what is only worth a warning is logged.

        :raises TemplateSpecError: with everything that is wrong with it.
        """
        spec, violations = specs.rules.load(
            self.rendered(context), validation=self.validation, where=self._where()
        )
        for violation in violations:
            self.log.warning("%s: %s", self._where(), violation)
        if spec is None:
            raise ValueError(f"{self._where()} holds a value that no upstream task has produced yet")
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


def mask_signed_url(url: object) -> None:
    """Keep the signed query of a link out of logs and rendered fields."""
    if isinstance(url, str) and (query := api.redaction.signed_query(url)):
        mask_secret(query)


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
