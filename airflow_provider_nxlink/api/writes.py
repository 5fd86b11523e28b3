"""Create, update and delete, each carried out once: where the answer is lost, the template is looked up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.errors import NxlinkRequestError, NxlinkTransportError, TemplateExistsError
from airflow_provider_nxlink.api.lookup import find_template
from airflow_provider_nxlink.api.models import Template, TemplateId, TemplateRef, TemplateStatus

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import NxlinkClient

log = logging.getLogger(__name__)

# A template may take a moment to appear in the list after it was created.
VISIBLE_AFTER = (0.0, 1.0, 2.0, 4.0)

Same = Callable[[Template], bool]


def create_template(
    client: NxlinkClient,
    body: Mapping[str, Any],
    *,
    read_back: bool = True,
    sleep: Callable[[float], None] = time.sleep,
) -> Template:
    """
    Create the template ``body`` describes, which nobody has found before, and return it.

    When the answer is lost, the list says whether the template was made.

    :param read_back: return it as the list has it, rather than what the answer says.
    :raises TemplateExistsError: somebody else made it in the meantime.
    :raises NxlinkTransportError: ``outcome_unknown`` when neither the answer nor the list says.
    """
    ref = TemplateRef(name=str(body["name"]), language=str(body["language"]))
    lost: NxlinkTransportError | None = None
    template_id: TemplateId | None = None
    try:
        template_id = client.send(calls.create_template(client.account, body))
    except NxlinkRequestError as error:
        found = find_template(client, ref)
        if found is None or found.status == TemplateStatus.DELETED:
            raise
        raise TemplateExistsError(found) from error
    except NxlinkTransportError as error:
        if not error.outcome_unknown:
            raise
        log.warning("%s. Looking %s up", error, ref)
        lost = error
    for pause in VISIBLE_AFTER if read_back or lost else ():
        sleep(pause)
        found = find_template(client, ref)
        if found is not None and found.status != TemplateStatus.DELETED:
            return found
        if template_id is not None:
            break
    if lost is not None:
        raise lost
    return Template.model_validate({"id": template_id, **ref.to_dict()} | _sent(body))


def update_template(
    client: NxlinkClient, body: Mapping[str, Any], before: Template, same: Same, *, read_back: bool = True
) -> Template:
    """
    Replace ``before`` with what ``body`` describes, and return what the list has afterwards.

    :param same: says whether a template already is what ``body`` describes; asked when the answer is lost.
    :param read_back: return it as the list has it, rather than what the answer says.
    :raises NxlinkTransportError: ``outcome_unknown`` when the answer is lost and the template not changed.
    """
    ref = TemplateRef(name=str(body["name"]), language=str(body["language"]))
    try:
        client.send(calls.update_template(client.account, body))
    except NxlinkTransportError as error:
        if not error.outcome_unknown:
            raise
        log.warning("%s. Looking %s up", error, ref)
        found = find_template(client, ref)
        if found is None or not same(found):
            raise
        return found
    changed = before.model_copy(update=_sent(body) | {"status": None})
    return (find_template(client, ref) if read_back else None) or changed


def delete_template(client: NxlinkClient, template: Template) -> None:
    """
    Delete ``template``; content when it turns out to be gone already.

    :raises NxlinkTransportError: ``outcome_unknown`` when the answer is lost and it is still there.
    """
    if template.id is None:
        raise ValueError(f"{template.name} ({template.language}) has no id, and is deleted by id only")
    try:
        client.send(calls.delete_template(client.account, template.id))
    except (NxlinkRequestError, NxlinkTransportError) as error:
        if isinstance(error, NxlinkTransportError) and not error.outcome_unknown:
            raise
        if not is_gone(find_template(client, TemplateRef.of(template))):
            raise
        log.warning("%s. It is gone", error)


def is_gone(template: Template | None) -> bool:
    """Say whether a template is deleted, or about to be with nothing left to ask for."""
    return template is None or template.status in (TemplateStatus.DELETED, TemplateStatus.PENDING_DELETION)


def _sent(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": body.get("content")}
