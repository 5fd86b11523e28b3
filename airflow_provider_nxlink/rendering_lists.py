"""The ``templates`` argument of operators: a list of specs, or the spec files of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink import provisioning
from airflow_provider_nxlink.rendering import TemplateArgument
from airflow_provider_nxlink.specs.plain import has_braces, is_json, split_reference

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_nxlink.specs.model import TemplateSpec
    from airflow_provider_nxlink.specs.rules import Validation


class SpecListArgument(TemplateArgument):
    """
    Mixed into an operator whose ``templates`` field is a list of specs, mappings and files, or a folder.

    Each is rendered as one ``template`` is: in a text a bare ``{{1}}`` is WhatsApp's, any other Jinja
    Airflow's.
    """

    argument = "templates"
    templates: Any
    validation: Validation

    def check_literal(self) -> None:
        """
        Judge what is known of ``templates`` when the DAG is parsed.

        :raises TemplateSpecError: with everything that is wrong with any of them.
        :raises ValueError: when it can't be a list of templates.
        """
        given = self.templates
        if isinstance(given, str | Path) or not is_json(given):
            return
        if not isinstance(given, list | tuple) or not given:
            raise ValueError(
                f"{self._where()}: give a list with at least one spec, or the name of a folder of spec files"
            )
        specs, _ = provisioning.gather.load_all(
            given, validation=self.validation, rendered=False, where=self._where()
        )
        provisioning.gather.refuse_twins(
            spec for spec in specs if not has_braces(spec.name) and not has_braces(spec.language)
        )

    def resolve_template_files(self) -> None:
        """Load the spec files that ``templates`` names, from the DAG's folder or ``template_searchpath``."""
        if self._names_files():
            self.templates = provisioning.gather.gather(self.templates, self._find)
            self.check_literal()
        # Not the one of TemplateArgument, which looks at a single template.
        super(TemplateArgument, self).resolve_template_files()

    def rendered(self, context: Context) -> Any:
        """Return ``templates`` as rendered; files named only at run time are loaded and rendered."""
        given = self.templates
        if not self._names_files():
            return given
        entries = given if isinstance(given, list | tuple) else [given]
        found: list[Any] = []
        for entry in entries:
            if isinstance(entry, str | Path):
                found += [
                    self.render_template(one, context)
                    for one in provisioning.gather.gather(entry, self._find)
                ]
            else:
                found.append(entry)
        return found

    def specs(self, context: Context) -> list[TemplateSpec]:
        """
        Return the specs, rendered and checked; what is only worth a warning is logged.

        :raises TemplateSpecError: with everything that is wrong with any of them.
        """
        given = self.rendered(context)
        if not isinstance(given, list | tuple) or not given:
            raise ValueError(f"{self._where()}: no upstream task has produced a list of templates")
        specs, violations = provisioning.gather.load_all(
            given, validation=self.validation, where=self._where()
        )
        provisioning.gather.refuse_twins(specs)
        for violation in violations:
            self.log.warning("%s: %s", self._where(), violation)
        return specs

    def _names_files(self) -> bool:
        given = self.templates
        entries = given if isinstance(given, list | tuple) else [given]
        return any(isinstance(entry, str | Path) and not has_braces(str(entry)) for entry in entries)

    def _find(self, name: str) -> Path:
        env = self.get_template_env()
        folders = [str(folder) for folder in getattr(env.loader, "searchpath", ())]
        file, _ = split_reference(name)
        for folder in folders:
            # An absolute name stays as it is.
            if (path := Path(folder) / file).exists():
                return path
        raise ValueError(
            f"{self._where()}: there is no {name!r} in {', '.join(folders) or 'the DAG, which has no folder'}"
        )
