"""What the operators that bring one template to NXLink have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink import api
from airflow_provider_nxlink.exceptions import failing_without_retry
from airflow_provider_nxlink.operators.waiting import NxlinkWaitingOperator
from airflow_provider_nxlink.rendering import SpecArgument

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_nxlink.api.models import Template
    from airflow_provider_nxlink.specs.model import TemplateSpec
    from airflow_provider_nxlink.specs.rules import Validation


class NxlinkWriteTemplateOperator(SpecArgument, NxlinkWaitingOperator):
    """
    Base of the operators that bring a template to NXLink, and can wait for its approval.

    :param template: a ``TemplateSpec``, a mapping, or the name of a ``.yaml``, ``.yml`` or ``.json`` file.
        In its texts a bare ``{{1}}`` or ``{{word}}`` is WhatsApp's; any other Jinja is Airflow's.
    :param validation: ``"strict"`` refuses what WhatsApp would refuse; ``"warn"`` logs it; ``"off"``.
    :param wait_for_approval: wait until the template is in use.
    """

    def __init__(
        self,
        *,
        template: TemplateSpec | Mapping[str, Any] | str,
        validation: Validation = "strict",
        wait_for_approval: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.template = template
        self.validation = validation
        self.wait_for_approval = wait_for_approval
        self.check_literal()

    def check_literal(self) -> None:
        """Judge what is known of ``template`` when the DAG is parsed."""
        super().check_literal()
        self._refuse_endless_wait()

    def _refuse_endless_wait(self) -> None:
        if self.wait_for_approval and self.never_reviewed():
            raise ValueError(
                f"template of task {self.task_id!r}: syn_meta: false keeps it away from Meta, so that no "
                "verdict ever comes; leave it out, or do not wait for approval"
            )

    def write(self, spec: TemplateSpec, *, resuming: bool) -> Template:
        """
        Send ``spec``, and return the template.

        :param resuming: an earlier try of this task may have done it already.
        """
        raise NotImplementedError

    def execute(self, context: Context) -> dict[str, Any]:
        """Write the template, and wait for its approval if asked to."""
        with failing_without_retry():
            spec = self.spec(context)
            # What is rendered is data: its braces are not judged as Jinja again.
            self._refuse_endless_wait()
            self.log.info("As the phone will show it:\n%s", spec.preview())
            template = self.write(spec, resuming=tried_before(context))
        ref = api.models.TemplateRef.of(template)
        self.log.info("%s: id %s, %s (%s)", ref, template.id, template.status_name, template.status)
        if self.wait_for_approval:
            template = self.wait_for(ref) or template
        return template.to_dict()

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any] | None:
        """Return the template that the trigger saw in use."""
        return self.ended(event).template


def tried_before(context: Context) -> bool:
    """Say whether this is a later try, or a task that was cleared: an earlier one may have sent something."""
    number = getattr(context.get("ti"), "try_number", None)
    return isinstance(number, int) and number > 1
