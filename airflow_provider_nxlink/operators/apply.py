"""Make one message template be what its spec says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink import api, provisioning, triggers
from airflow_provider_nxlink.exceptions import failing_without_retry
from airflow_provider_nxlink.operators.writing import NxlinkWriteTemplateOperator, tried_before
from airflow_provider_nxlink.provisioning.options import Compare, OnCategoryChange, Rules

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_nxlink.provisioning.apply import Applied

# What a wait was for, told to the task by its event: the verdict that stood in the way of an update.
FOR_VERDICT = {"for": "verdict"}


class NxlinkApplyTemplateOperator(NxlinkWriteTemplateOperator):
    """
    Make a message template be what ``template`` says: create it, update it, or leave it alone.

    .. code-block:: python

        NxlinkApplyTemplateOperator(task_id="apply", template="order_shipped.yaml", wait_for_approval=True)

    An equal template costs two reads and no write, so that this may run every day. Only what the user owns is
    compared: category, content, header text and kind of header media, footer, buttons. Another picture of the
    same kind looks equal, as NXLink shows no trace of the old one that would tell them apart:
    ``compare="always"`` sends it.

    Where Meta takes no edit, as it is still reviewing, the verdict is waited for with ``wait_for_approval``;
    without it, and where no verdict will come, the task fails and says what to do. A rejected template is
    edited and sent in again; a deleted one is created anew, which Meta refuses for 30 days if it was once
    approved.

    Returns the template as plain JSON, with ``action`` (``created``, ``updated`` or ``unchanged``),
    ``differences`` (each with ``path``, ``live`` and ``wanted``) and ``drift`` (a category that Meta has
    given it, which no update changes back). Raises as
    :class:`~airflow_provider_nxlink.operators.template.NxlinkCreateTemplateOperator` does.

    :param template: a ``TemplateSpec``, a mapping, or the name of a ``.yaml``, ``.yml`` or ``.json`` file.
        In its texts a bare ``{{1}}`` or ``{{word}}`` is WhatsApp's; any other Jinja is Airflow's.
    :param compare: ``"full"`` with the details; ``"content"`` with what the list alone tells, category and
        content; ``"always"`` sends it in any case, though not again in a retry that finds it sent.
    :param on_category_change: what a category that Meta has given it is: ``"warn"`` or ``"fail"``.
    :param validation: ``"strict"`` refuses what WhatsApp would refuse; ``"warn"`` logs it; ``"off"``.
    :param wait_for_approval: wait until the template is in use.
    :param deferrable: wait without a worker.
    :param poll_interval: seconds between two looks while waiting.
    :param timeout: seconds the wait may last; two days.
    """

    def __init__(
        self, *, compare: Compare = "full", on_category_change: OnCategoryChange = "warn", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.compare = compare
        self.on_category_change = on_category_change
        Rules(compare, on_category_change)

    def execute(self, context: Context) -> dict[str, Any]:
        """Apply the template, and wait for its approval if asked to."""
        return self._apply(context, resuming=tried_before(context))

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any] | None:
        """Return the template that the trigger saw in use; or apply, now that the verdict is there."""
        carried = triggers.events.carried_by(event)
        if carried == FOR_VERDICT:
            with failing_without_retry():
                (result,) = triggers.events.read_event(event)
            self.log.info("The verdict is there: %s", result.message)
            return self._apply(context, resuming=False)
        template = self.ended(event).template
        return None if template is None else template | carried

    def _apply(self, context: Context, *, resuming: bool) -> dict[str, Any]:
        applied = None
        while applied is None:
            with failing_without_retry():
                applied = self._attempt(context, resuming=resuming)
        template = applied.template
        ref = api.models.TemplateRef.of(template)
        self.log.info("%s is %s: id %s, %s", ref, applied.action, template.id, template.status_name)
        if self.wait_for_approval:
            template = self.wait_for(ref, applied.about()) or template
        return template.to_dict() | applied.about()

    def _attempt(self, context: Context, *, resuming: bool) -> Applied | None:
        """Apply the template; None after a wait for the verdict that stood in the way."""
        spec = self.spec(context)
        self.check_literal()
        self.log.info("As the phone will show it:\n%s", spec.preview())
        try:
            return self.hook.apply_template(
                spec, compare=self.compare, on_category_change=self.on_category_change, resuming=resuming
            )
        except provisioning.apply.TemplateBlockedError as error:
            if not (self.wait_for_approval and error.action.awaits_verdict):
                raise
            self.log.info("%s, and is waited for", error)
            self.wait_for_all([error.action.ref], carried=FOR_VERDICT)
            return None
