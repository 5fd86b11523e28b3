"""The ``templates`` argument of operators: a list of specs, or the spec files of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_nxlink import provisioning
from airflow_provider_nxlink.rendering import TemplateArgument
from airflow_provider_nxlink.specs.plain import has_braces, is_json

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
                f"{self._where(self.argument)}: give a list with at least one spec, or the name of a "
                "folder of spec files"
            )
        specs, _ = provisioning.gather.load_all(
            given, validation=self.validation, rendered=False, where=self._where(self.argument)
        )
        provisioning.gather.refuse_twins(
            spec for spec in specs if not has_braces(spec.name) and not has_braces(spec.language)
        )

    def specs(self, context: Context) -> list[TemplateSpec]:
        """
        Return the specs, rendered and checked; what is only worth a warning is logged.

        :raises TemplateSpecError: with everything that is wrong with any of them.
        """
        given = self.rendered(context)
        if not isinstance(given, list | tuple) or not given:
            raise ValueError(
                f"{self._where(self.argument)}: no upstream task has produced a list of templates"
            )
        specs, violations = provisioning.gather.load_all(
            given, validation=self.validation, where=self._where(self.argument)
        )
        provisioning.gather.refuse_twins(specs)
        for violation in violations:
            self.log.warning("%s: %s", self._where(self.argument), violation)
        return specs

    def _loaded(self, given: Any) -> Any:
        """Return ``templates`` with each name in the DAG file replaced by the templates it stands for."""
        entries = given if isinstance(given, list | tuple) else [given]
        names = [entry for entry in entries if isinstance(entry, str | Path) and not has_braces(str(entry))]
        return provisioning.gather.gather(given, self._find) if names else given

    def _refuse_names(self, rendered: Any) -> None:
        for entry in rendered if isinstance(rendered, list | tuple) else [rendered]:
            if isinstance(entry, str | Path):
                raise AirflowFailException(self._refusal(entry))
