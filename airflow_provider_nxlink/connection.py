"""From a connection's fields to an account: the hook's way, and the same without Airflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from airflow_provider_nxlink import api

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.account import Account


def account_of(
    fields: Mapping[str, Any],
    extra: Mapping[str, Any],
    *,
    phone: object = None,
    tenant_id: object = None,
    source: str,
) -> Account:
    """
    Return the account that a connection describes. Each key of ``extra`` is read by its name.

    :param fields: ``host``, ``port``, ``login`` and ``password``.
    :param phone: the sender, instead of the connection's.
    :param tenant_id: the tenant, instead of the connection's.
    :param source: which connection, for errors.
    :raises AccountError: with every field that is missing or wrong.
    """
    return api.account.Account.checked(
        base_url=_base_url(fields.get("host"), fields.get("port")),
        access_key=fields.get("login"),
        access_secret=fields.get("password"),
        phone=extra.get("phone") if phone is None else phone,
        tenant_id=extra.get("tenant_id") if tenant_id is None else tenant_id,
        algorithm=extra.get("algorithm"),
        timeout=extra.get("timeout"),
        page_size=extra.get("page_size"),
        verify=extra.get("verify"),
        allow_http=extra.get("allow_http"),
        source=source,
    )


def _base_url(host: str | None, port: int | str | None) -> str:
    """Return the URL that a connection's host and port make up, wherever the port stands."""
    url = host or api.account.DEFAULT_BASE_URL
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    if not port or authority.endswith(f":{port}"):
        return url
    if not separator:  # what is wrong with it, the account's check says
        return f"{url}:{port}"
    return f"{scheme}{separator}{authority}:{port}{slash}{path}"


def read_connection(text: str, source: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """
    Return a connection's fields and its extra, from JSON or a URI as Airflow takes them from the environment.

    See https://airflow.apache.org/docs/apache-airflow/stable/howto/connection.html.

    :raises AccountError: it is neither; the text, which holds a secret, is not shown.
    """
    try:
        fields = json.loads(text) if text.lstrip().startswith("{") else _read_uri(text)
        extra = fields.pop("extra", None) or {}
        extra = json.loads(extra) if isinstance(extra, str) else extra
    except ValueError:
        fields = extra = None
    if not isinstance(fields, dict) or not isinstance(extra, dict):
        problem = "it is neither JSON nor a URI nxlink://login:password@host/?…, as Airflow writes them"
        raise api.account.AccountError([problem], source)
    return fields, extra


def _read_uri(text: str) -> dict[str, Any]:
    scheme, separator, rest = text.partition("://")
    if scheme != "nxlink" or not separator:
        raise ValueError("not an nxlink:// URI")
    address, _, query = rest.partition("?")
    user, _, host = address.rpartition("@")
    login, _, password = user.partition(":")
    given = dict(parse_qsl(query, keep_blank_values=True))
    extra = json.loads(given["__extra__"]) if "__extra__" in given else given
    return {
        "host": unquote(host).rstrip("/"),
        "login": unquote(login),
        "password": unquote(password),
        "extra": extra,
    }
