"""List WhatsApp Flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink.exceptions import failing_without_retry
from airflow_provider_nxlink.operators.base import NxlinkOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class NxlinkListFlowsOperator(NxlinkOperator):
    """
    List the sender's WhatsApp Flows, for a template's FLOW button.

    Returns a list of ``{"id", "name", "status", "categories", "published", …}``.

    :param status: only flows with this status, such as ``"PUBLISHED"`` or ``"DRAFT"``; None for all.
    """

    template_fields: Sequence[str] = ("status", *NxlinkOperator.template_fields)

    def __init__(self, *, status: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.status = status

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Ask NXLink, and return what fits."""
        with failing_without_retry():
            flows = self.hook.list_flows()
        wanted = (self.status or "").upper()
        chosen = [flow.to_dict() for flow in flows if not wanted or (flow.status or "").upper() == wanted]
        self.log.info("%d of %d flows", len(chosen), len(flows))
        return chosen
