"""What every NXLink operator has: a connection, a sender and a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.links import ConsoleLink
from airflow_provider_nxlink.rendering import RenderedFields


class NxlinkOperator(RenderedFields, ConsoleLink, BaseOperator):
    """
    Base of the operators that speak to NXLink.

    :param nxlink_conn_id: the connection, of type ``nxlink``.
    :param phone: the WhatsApp sender, instead of the connection's.
    :param tenant_id: NXLink's tenant, instead of the connection's.
    """

    template_fields: Sequence[str] = ("nxlink_conn_id", "phone", "tenant_id")
    ui_color = "#d9f2e3"

    def __init__(
        self,
        *,
        nxlink_conn_id: str = NxlinkHook.default_conn_name,
        phone: str | None = None,
        tenant_id: int | str | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.nxlink_conn_id = nxlink_conn_id
        self.phone = phone
        self.tenant_id = tenant_id

    @cached_property
    def hook(self) -> NxlinkHook:
        """The hook for this operator's connection, sender and tenant."""
        return NxlinkHook(self.nxlink_conn_id, phone=self.phone, tenant_id=self.tenant_id)
