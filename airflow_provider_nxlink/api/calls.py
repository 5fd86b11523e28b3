"""One function per endpoint: arguments in, a Call out. A Call is a value that any client can send."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.models import (
    Flow,
    Media,
    Template,
    TemplateId,
    TemplatePage,
    normalized_id,
    whole_number,
)
from airflow_provider_nxlink.api.reach import OUT_OF_REACH, out_of_reach
from airflow_provider_nxlink.api.redaction import without_query

T = TypeVar("T")


@dataclass(frozen=True)
class Call(Generic[T]):
    """
    A request that has not been sent.

    :param name: what is asked, in words, for logs and errors.
    :param method: the HTTP method.
    :param path: the path below the base URL, percent-encoded.
    :param read: makes the result of the answer's ``data``.
    :param query: the query's parameters.
    :param body: the JSON body, serialised once: these bytes are signed, and these are sent.
    :param form: text fields of a multipart body.
    :param other_path: where to send it once if ``path`` is answered with HTTP 404.
    """

    name: str
    method: str
    path: str
    read: Callable[[Any], T]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    other_path: str | None = None

    @property
    def is_write(self) -> bool:
        """True when sending it twice could do something twice."""
        return self.method != "GET"


def list_templates(
    account: Account, page_number: int = 1, page_size: int | None = None, name: str | None = None
) -> Call[TemplatePage]:
    """Ask for one page of the templates, from page 1; with ``name``, of those NXLink finds under it."""
    query = {"page_number": str(page_number), "page_size": str(page_size or account.page_size)}
    if name is not None:
        query["name"] = name
    return Call("list templates", "GET", _path("template", account), _page, query | _tenant(account))


def create_template(account: Account, body: Mapping[str, Any]) -> Call[TemplateId | None]:
    """Ask for a new template; the result is its id where the answer holds one."""
    return Call("create template", "POST", _path("template", account), _written_id, body=_json(account, body))


def update_template(account: Account, body: Mapping[str, Any]) -> Call[TemplateId | None]:
    """Replace the template that ``body`` names by name and language, whole."""
    return Call("update template", "PUT", _path("template", account), _written_id, body=_json(account, body))


def get_template(account: Account, template_id: TemplateId) -> Call[Template | None]:
    """Ask for a template's details; None when there is no such template."""

    def read(data: Any) -> Template | None:
        # One of the two shapes of details carries no id: the one asked for is it.
        return None if data is None else Template.model_validate({**_object(data), "id": template_id})

    return Call("get template", "GET", _template_path(account, template_id), read, _tenant(account))


def delete_template(account: Account, template_id: TemplateId) -> Call[None]:
    """Ask for a template to be deleted."""
    path = _template_path(account, template_id)
    return Call("delete template", "DELETE", path, lambda _: None, _tenant(account))


def list_flows(account: Account) -> Call[list[Flow]]:
    """Ask for the account's WhatsApp Flows."""
    return Call("list flows", "GET", _path("flow", account), _flows, _tenant(account))


def upload_media(account: Account, url: str) -> Call[Media]:
    """
    Ask NXLink to fetch a header sample from ``url``, which its servers must be able to reach.

    :raises ValueError: it is a loopback or link-local address, which would lead them to themselves.
    """
    if out_of_reach(url):
        raise ValueError(f"media url: {without_query(url)!r} {OUT_OF_REACH}")
    return Call(
        "upload media",
        "POST",
        _path("media", account),
        Media.model_validate,
        form={"url": url},
        # The vendor's page prints a double slash here.
        other_path=_path("/media", account),
    )


def _path(kind: str, account: Account) -> str:
    return f"/saas/wa/{kind}/{quote(account.phone, safe='')}"


def _template_path(account: Account, template_id: TemplateId) -> str:
    part = normalized_id(template_id)
    if part is None:
        raise ValueError(f"template id: {template_id!r} is none; ids hold digits, letters, _ and -")
    return f"{_path('template', account)}/{quote(str(part), safe='')}"


def _tenant(account: Account) -> dict[str, str]:
    return {"tenant_id": str(account.tenant_id)}


def _json(account: Account, body: Mapping[str, Any]) -> bytes:
    whole = {**body, "tenant_id": account.tenant_id}
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _object(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ValueError("data is not a JSON object")  # noqa: TRY004 - one kind of error for unreadable data
    return data


def _page(data: Any) -> TemplatePage:
    if data is None or isinstance(data, list):
        return TemplatePage(templates=data or [])
    items, more = _object(data).get("list"), data.get("has_next_page")
    return TemplatePage(
        templates=[] if items is None else items,
        total=whole_number(data.get("total")),
        has_next_page=more if isinstance(more, bool) else None,
    )


def _flows(data: Any) -> list[Flow]:
    items = data if data is None or isinstance(data, list) else _object(data).get("flow_list")
    if not isinstance(items or [], list):
        raise ValueError("flow_list is not a JSON array")  # noqa: TRY004 - as above
    return [Flow.model_validate(item) for item in items or []]


def _written_id(data: Any) -> TemplateId | None:
    """Take the id out of an undocumented answer where it is plain; never require it."""
    if isinstance(data, Mapping):
        data = next((data[key] for key in ("id", "template_id", "templateId") if data.get(key)), None)
    return normalized_id(data) or None if str(data).strip().isdecimal() else None
