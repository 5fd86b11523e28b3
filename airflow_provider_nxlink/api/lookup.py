"""Finding a template: by name and language in the list, by id in the details, in both where need be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.errors import TemplateNotFoundError
from airflow_provider_nxlink.api.models import Template, TemplateId, TemplateRef

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import NxlinkClient


def find_template(client: NxlinkClient, ref: TemplateRef) -> Template | None:
    """
    Return the template as the list has it, or None; of two with the same name the one not deleted.

    Without a name (an id alone) the details are asked for it first, as the list can't be asked by id.
    """
    if ref.name is None and ref.id is not None:
        try:
            return get_template(client, ref.id)
        except TemplateNotFoundError:
            return None
    # NXLink does not say whether the filter is exact, so the answer is searched for the exact name.
    return ref.find_in(client.templates(ref.name))


def get_template(client: NxlinkClient, template_id: TemplateId) -> Template:
    """
    Return a template's details, completed from the list where they lack status or language.

    :raises TemplateNotFoundError: NXLink has no template with this id.
    """
    details = client.send(calls.get_template(client.account, template_id))
    if details is None:
        raise TemplateNotFoundError(f"there is no template {template_id} for {client.account.phone}")
    if None not in (details.status, details.language, details.content):
        return details
    listed = TemplateRef(id=template_id).find_in(client.templates(details.name))
    return details if listed is None else completed(details, listed)


def completed(details: Template, listed: Template) -> Template:
    """Return ``details`` with what they lack taken from the list's entry for the same template."""
    missing = {key: value for key, value in dict(listed).items() if getattr(details, key) is None}
    return details.model_copy(update=missing)
