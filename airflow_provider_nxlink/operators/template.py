"""Create, update, apply, sync, delete, read and list message templates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink import api
from airflow_provider_nxlink.api.errors import TemplateNotFoundError
from airflow_provider_nxlink.api.status import TemplateStatus
from airflow_provider_nxlink.api.waiting import Wait
from airflow_provider_nxlink.exceptions import failing_without_retry
from airflow_provider_nxlink.operators.apply import NxlinkApplyTemplateOperator
from airflow_provider_nxlink.operators.base import NxlinkOperator
from airflow_provider_nxlink.operators.sync import NxlinkSyncTemplatesOperator
from airflow_provider_nxlink.operators.waiting import NxlinkWaitingOperator
from airflow_provider_nxlink.operators.writing import NxlinkWriteTemplateOperator
from airflow_provider_nxlink.rendering import RefArgument

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_nxlink.api.models import Template, TemplateRef
    from airflow_provider_nxlink.provisioning.write import IfExists
    from airflow_provider_nxlink.specs.model import TemplateSpec

__all__ = [
    "NxlinkApplyTemplateOperator",
    "NxlinkCreateTemplateOperator",
    "NxlinkDeleteTemplateOperator",
    "NxlinkGetTemplateOperator",
    "NxlinkListTemplatesOperator",
    "NxlinkSyncTemplatesOperator",
    "NxlinkUpdateTemplateOperator",
]


class NxlinkCreateTemplateOperator(NxlinkWriteTemplateOperator):
    """
    Create a message template, once.

    .. code-block:: python

        NxlinkCreateTemplateOperator(
            task_id="create",
            template={
                "name": "order_shipped",
                "language": "en_US",
                "category": "UTILITY",
                "content": "Hello {{1}}, your order is on its way.",
            },
            wait_for_approval=True,
        )

    The name and language are looked up first, so that a second try finds what the first one made, also when
    its answer was lost. Returns the template as plain JSON: ``id``, ``name``, ``language``, ``status``,
    ``status_name``, ``category``, ``content`` and so on. Raises ``AirflowFailException`` for what a retry
    would meet again, and :class:`~airflow_provider_nxlink.exceptions.NxlinkTemplateFailedError` when a wait
    ends in a verdict other than "in use".

    :param template: a ``TemplateSpec``, a mapping, or the name of a ``.yaml``, ``.yml`` or ``.json`` file.
        In its texts a bare ``{{1}}`` or ``{{word}}`` is WhatsApp's; any other Jinja is Airflow's.
    :param if_exists: ``"fail"``, or ``"skip"`` to return the template that is there as it is.
    :param validation: ``"strict"`` refuses what WhatsApp would refuse; ``"warn"`` logs it; ``"off"``.
    :param wait_for_approval: wait until the template is in use.
    :param deferrable: wait without a worker.
    :param poll_interval: seconds between two looks while waiting.
    :param timeout: seconds the wait may last; two days.
    """

    def __init__(self, *, if_exists: IfExists = "fail", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if if_exists not in ("fail", "skip"):
            raise ValueError(f"if_exists: {if_exists!r} is neither 'fail' nor 'skip'")
        self.if_exists = if_exists

    def write(self, spec: TemplateSpec, *, resuming: bool) -> Template:
        """Create the template, unless it is there."""
        return self.hook.create_template(spec, if_exists=self.if_exists, resuming=resuming)


class NxlinkUpdateTemplateOperator(NxlinkWriteTemplateOperator):
    """
    Replace a message template, whole: what ``template`` leaves out is removed.

    Name and language say which one. Meta allows it while a template is in use (once in 24 hours, 10 times in
    30 days), rejected or paused. Returns and raises as
    :class:`NxlinkCreateTemplateOperator` does; without such a template ``AirflowFailException``.

    :param template: as for :class:`NxlinkCreateTemplateOperator`.
    :param validation: ``"strict"``, ``"warn"`` or ``"off"``.
    :param wait_for_approval: wait until the new version is in use.
    :param deferrable: wait without a worker.
    :param poll_interval: seconds between two looks while waiting.
    :param timeout: seconds the wait may last; two days.
    """

    def write(self, spec: TemplateSpec, *, resuming: bool) -> Template:
        """Replace the template."""
        return self.hook.update_template(spec, resuming=resuming)


class NxlinkDeleteTemplateOperator(RefArgument, NxlinkWaitingOperator):
    """
    Delete a message template; content when it is gone already.

    Meta keeps the name of an approved template locked for 30 days. Returns
    ``{"id", "name", "language", "deleted"}``; ``deleted`` is False when there was nothing to delete, and
    nothing to wait for.

    :param template: an id, or a mapping with ``id`` or with ``name`` and ``language``, such as what another
        operator returned.
    :param missing_ok: False makes a template that is not there a failure.
    :param wait_until_gone: wait until NXLink no longer lists it.
    :param deferrable: wait without a worker.
    :param poll_interval: seconds between two looks while waiting.
    :param timeout: seconds the wait may last; two days.
    """

    goal = Wait.checked(TemplateStatus.DELETED)

    def __init__(
        self,
        *,
        template: int | str | Mapping[str, Any] | TemplateSpec,
        missing_ok: bool = True,
        wait_until_gone: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.template = template
        self.missing_ok = missing_ok
        self.wait_until_gone = wait_until_gone
        self.check_literal()

    def execute(self, context: Context) -> dict[str, Any]:
        """Delete the template, and wait until it is gone if asked to."""
        with failing_without_retry():
            ref = self.ref(context)
            found = self.hook.look_up(ref)
            if found is None and not self.missing_ok:
                raise TemplateNotFoundError(f"{ref}: nothing to delete, and missing_ok is False")
            deleted = found is not None and found.id is not None and self.hook.delete_template(found.id)
        if found is not None:
            # From here on the id alone says which one: its name may be given to another.
            ref = api.models.TemplateRef.of(found)
        self.log.info("%s is %s", ref, "deleted" if deleted else "gone already")
        if self.wait_until_gone and found is not None and found.status != TemplateStatus.DELETED:
            self.wait_for(ref)
            # Whoever asked for it.
            deleted = True
        return _deletion(ref, deleted=deleted)

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Return what was deleted, now that the trigger no longer sees it."""
        return _deletion(self.ended(event).ref, deleted=True)


class NxlinkGetTemplateOperator(RefArgument, NxlinkOperator):
    """
    Read a message template with its details.

    Returns the template as plain JSON, with ``components`` or ``buttons`` as NXLink gives them; media links
    are without their signed query. Raises ``AirflowFailException`` when there is no such template.

    :param template: an id, or a mapping with ``id`` or with ``name`` and ``language``.
    """

    template_fields: Sequence[str] = ("template", *NxlinkOperator.template_fields)

    def __init__(self, *, template: int | str | Mapping[str, Any] | TemplateSpec, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.template = template
        self.check_literal()

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask NXLink for the template."""
        with failing_without_retry():
            ref = self.ref(context)
            template_id = ref.id
            if template_id is None:
                found = self.hook.look_up(ref)
                template_id = None if found is None else found.id
            if template_id is None:
                raise TemplateNotFoundError(f"{ref} is not in the list of {self.hook.account.phone}")
            template = self.hook.get_template(template_id)
        self.log.info(
            "%s: %s (%s)", api.models.TemplateRef.of(template), template.status_name, template.status
        )
        return template.to_dict()


class NxlinkListTemplatesOperator(NxlinkOperator):
    """
    List message templates, over all pages.

    Returns a list of templates as plain JSON, without ``components`` and ``buttons``.

    :param name: only those with exactly this name, in all its languages.
    :param statuses: only those in one of these statuses, as numbers or as names of ``TemplateStatus``.
    """

    template_fields: Sequence[str] = ("name", "statuses", *NxlinkOperator.template_fields)

    def __init__(
        self,
        *,
        name: str | None = None,
        statuses: Collection[int | str] | int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.statuses = statuses

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Read the list, and return what fits."""
        with failing_without_retry():
            wanted = _statuses(self.statuses)
            templates = [
                template.to_dict()
                for template in self.hook.list_templates(self.name)
                if wanted is None or template.status in wanted
            ]
        self.log.info("%d templates", len(templates))
        return templates


def _deletion(ref: TemplateRef, *, deleted: bool) -> dict[str, Any]:
    return {"id": ref.id, "name": ref.name, "language": ref.language, "deleted": deleted}


def _statuses(given: Collection[int | str] | int | str | None) -> frozenset[int] | None:
    if given is None:
        return None
    names = {status.name: int(status) for status in TemplateStatus}
    found = set()
    for status in [given] if isinstance(given, (int, str)) else given:
        text = str(int(status) if isinstance(status, int) else status).strip().upper()
        if text not in names and not text.isdecimal():
            raise ValueError(f"statuses: {status!r} is neither a number nor one of {', '.join(names)}")
        found.add(names[text] if text in names else int(text))
    return frozenset(found)
