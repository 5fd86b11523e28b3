"""Create, update and delete, each carried out once: where the answer is lost, the template is looked up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.errors import (
    NxlinkError,
    NxlinkRequestError,
    NxlinkTransportError,
    TemplateExistsError,
)
from airflow_provider_nxlink.api.lookup import find_template
from airflow_provider_nxlink.api.models import Template, TemplateRef, TemplateStatus

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
    try:
        template_id = client.send(calls.create_template(client.account, body))
    except NxlinkRequestError as error:
        if found := _appeared(client, ref, VISIBLE_AFTER[:1], sleep):
            raise TemplateExistsError(found) from error
        raise
    except NxlinkTransportError as error:
        if not error.outcome_unknown:
            raise
        log.warning("%s. Looking %s up", error, ref)
        try:
            found = _appeared(client, ref, VISIBLE_AFTER, sleep)
        except NxlinkError as failure:
            raise error from failure
        if found is None:
            raise
        return found
    made = Template.model_validate({"id": template_id, **ref.to_dict()} | _sent(body))
    if not read_back:
        return made
    try:
        # Where the answer gave the id, it is not worth waiting for the rest.
        pauses = VISIBLE_AFTER if template_id is None else VISIBLE_AFTER[:1]
        return _appeared(client, ref, pauses, sleep) or made
    except NxlinkError as error:
        if template_id is None:
            raise
        log.warning("%s is created, but can't be read back: %s", ref, error)
        return made


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
        found = _found_after(error, client, ref)
        if found is None or not same(found):
            raise
        return found
    changed = before.model_copy(update=_sent(body) | {"status": None})
    try:
        return (find_template(client, ref) if read_back else None) or changed
    except NxlinkError as error:
        log.warning("%s is updated, but can't be read back: %s", ref, error)
        return changed


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
        if not is_gone(_found_after(error, client, TemplateRef.of(template))):
            raise
        log.warning("%s is gone", TemplateRef.of(template))


def _appeared(
    client: NxlinkClient, ref: TemplateRef, pauses: Iterable[float], sleep: Callable[[float], None]
) -> Template | None:
    """Look for a template after each pause, until it is there and not deleted."""
    for pause in pauses:
        sleep(pause)
        found = find_template(client, ref)
        if found is not None and found.status != TemplateStatus.DELETED:
            return found
    return None


def _found_after(failure: NxlinkError, client: NxlinkClient, ref: TemplateRef) -> Template | None:
    """Look up what a write has left; where that fails too, what is known is still the write's failure."""
    log.warning("%s. Looking %s up", failure, ref)
    try:
        return find_template(client, ref)
    except NxlinkError as error:
        raise failure from error


def is_gone(template: Template | None) -> bool:
    """Say whether a template is deleted, or about to be with nothing left to ask for."""
    return template is None or template.status in (TemplateStatus.DELETED, TemplateStatus.PENDING_DELETION)


def _sent(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": body.get("content")}
