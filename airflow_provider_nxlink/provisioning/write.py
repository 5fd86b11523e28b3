"""Create or update one template, as asked for: looked up first, so that a second try repeats nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from airflow_provider_nxlink.api import calls, lookup, writes
from airflow_provider_nxlink.api.errors import (
    NxlinkRequestError,
    TemplateExistsError,
    TemplateNotFoundError,
)
from airflow_provider_nxlink.api.models import Template, TemplateRef, TemplateStatus
from airflow_provider_nxlink.provisioning import guard
from airflow_provider_nxlink.provisioning.media import with_media
from airflow_provider_nxlink.specs.diff import Difference, diff, may_be_removed, not_told
from airflow_provider_nxlink.specs.model import TemplateSpec

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import NxlinkClient

log = logging.getLogger(__name__)

IfExists = Literal["fail", "skip"]


def create(
    client: NxlinkClient, spec: TemplateSpec, *, if_exists: IfExists = "fail", resuming: bool = False
) -> Template:
    """
    Create a template, unless there is one with its name and language already.

    :param if_exists: ``"fail"``, or ``"skip"`` to take the existing one as it is.
    :param resuming: an earlier try may have created it: then one with the same content is taken for it.
    :raises TemplateExistsError: there is one, and ``if_exists`` is ``"fail"``.
    """
    found = lookup.find_template(client, ref_of(spec))
    if found is None or found.status == TemplateStatus.DELETED:
        body = with_media(client, spec).to_wire(client.account.tenant_id)
        try:
            return writes.create_template(client, body)
        except TemplateExistsError as error:
            if if_exists == "fail":
                raise
            found = error.template
    elif resuming and not own_differences(spec, with_details(client, found)):
        log.info("An earlier try created template %s already", found.id)
    elif if_exists == "fail":
        raise TemplateExistsError(found)
    log.info("Template %s exists and is taken as it is", found.id)
    return found


def update(client: NxlinkClient, spec: TemplateSpec, *, resuming: bool = False) -> Template:
    """
    Replace the template that has the name and language of ``spec``, whole.

    :param resuming: an earlier try may have done it: then nothing is sent if it certainly did.
    :raises TemplateNotFoundError: there is no template with this name and language.
    :raises TemplateProtectedError: it holds what the spec does not express or confirm.
    """
    ref = ref_of(spec)
    found = lookup.find_template(client, ref)
    if found is None or found.status == TemplateStatus.DELETED:
        raise TemplateNotFoundError(
            f"{ref}: nothing to update, {'it is deleted' if found else 'there is none'}; create it first"
        )
    live = with_details(client, found)
    if resuming and is_sent(spec, live):
        log.info("An earlier try updated template %s already", found.id)
        return found
    log.info("%s is %s (%s) and will be replaced", ref, found.status_name, found.status)
    guard.refuse_unsafe(spec, live)
    for note in guard.update_notes(spec, live):
        log.warning("%s: the update %s", ref, note)
    if names := may_be_removed(spec, live):
        log.warning("%s: the API does not return %s; the update removes them", ref, ", ".join(names))
    return replace(client, spec, live)


def replace(client: NxlinkClient, spec: TemplateSpec, live: Template, *, read_back: bool = True) -> Template:
    """
    Replace ``live`` by what ``spec`` says, and return what the list has afterwards.

    :param live: read with its details where NXLink has them.
    :param read_back: False spares the look at the list.
    :raises TemplateProtectedError: ``live`` holds what the spec does not express or confirm; nothing is sent.
    :raises NxlinkRequestError: NXLink does not take it; the message says in which status ``live`` was.
    """
    guard.refuse_unsafe(spec, live)
    spec = guard.kept(spec, live)
    # The details are those of the version that is replaced.
    live = live.model_copy(update={"components": None, "buttons": None, "buttons_returned": False})
    body = with_media(client, spec).to_wire(client.account.tenant_id)

    def same(now: Template) -> bool:
        return is_sent(spec, with_details(client, now))

    try:
        return writes.update_template(client, body, live, same, read_back=read_back)
    except NxlinkRequestError as error:
        error.call = f"update {ref_of(spec)}, which was {live.status_name} ({live.status})"
        if live.status == TemplateStatus.IN_USE:
            error.call += " (Meta takes one edit of an approved template in 24 hours, 10 in 30 days)"
        raise


def ref_of(spec: TemplateSpec) -> TemplateRef:
    """Return which template a spec is about."""
    return TemplateRef(name=spec.name, language=spec.language)


def with_details(client: NxlinkClient, listed: Template) -> Template:
    """
    Return a template of the list with its details.

    :raises TemplateNotFoundError: it is gone by now.
    """
    if listed.id is None:
        return listed
    details = client.send(calls.get_template(client.account, listed.id))
    if details is None:
        raise TemplateNotFoundError(f"{TemplateRef.of(listed)} is gone")
    return lookup.completed(details, listed)


def own_differences(spec: TemplateSpec, live: Template) -> list[Difference]:
    """Return what differs but for the category: Meta may give a template another than was asked for."""
    return [difference for difference in diff(spec, live) if difference.path != "category"]


def is_sent(spec: TemplateSpec, live: Template) -> bool:
    """
    Say whether a template, read with its details, certainly is what an earlier try made of ``spec``.

    Where NXLink does not show what may have changed, a review under way does: it began with an update, and
    until it ends there can't be another.
    """
    if own_differences(spec, live):
        return False
    return live.status == TemplateStatus.PENDING or not (spec.header_media or not_told(spec, live))
