"""What the shared poll is measured against: a wait that polls for itself, with a client per poll."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.api.models import Template, TemplateRef, TemplateStatus
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_nxlink.api.client import AsyncNxlinkClient

UNDECIDED = (TemplateStatus.PENDING, None)


class PlainTemplateTrigger(BaseTrigger):
    """
    Poll for one template until its review is over, and fire once.

    It is built as ``DbtCloudRunJobTrigger`` is: a loop for each trigger, a connection that the trigger looks
    up once, an absolute deadline, and an HTTP client that is opened for each poll and closed after it. It
    sends what the shared poll sends too, so that the two differ in who polls and in nothing else.

    :param name: the template's name.
    :param language: its language.
    :param end_time: when to give up, in seconds since the epoch.
    :param poll_interval: seconds between two polls.
    :param nxlink_conn_id: the connection, of type ``nxlink``.
    """

    keeps_client_open = False

    def __init__(
        self,
        name: str,
        language: str,
        end_time: float,
        poll_interval: float,
        nxlink_conn_id: str = NxlinkHook.default_conn_name,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.name = name
        self.language = language
        self.end_time = end_time
        self.poll_interval = poll_interval
        self.nxlink_conn_id = nxlink_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments to make this trigger again."""
        arguments = ("name", "language", "end_time", "poll_interval", "nxlink_conn_id")
        return f"{__name__}.{type(self).__qualname__}", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Return one event: the template's status once it is decided, or why there is none."""
        client = await NxlinkHook(self.nxlink_conn_id).async_client()
        try:
            while time.time() < self.end_time:
                template = await self._look(client)
                if template is not None and template.status not in UNDECIDED:
                    yield TriggerEvent({"status": template.status, "template": template.to_dict()})
                    return
                await asyncio.sleep(self.poll_interval)
        except NxlinkError as error:
            yield TriggerEvent({"status": "error", "message": str(error)})
            return
        finally:
            await client.aclose()
        yield TriggerEvent({"status": "timeout", "message": f"{self.name} is still in review"})

    async def _look(self, client: AsyncNxlinkClient) -> Template | None:
        try:
            found = [template async for template in client.templates(self.name)]
        finally:
            if not self.keeps_client_open:
                await client.aclose()
        return TemplateRef(None, self.name, self.language).find_in(found)


class OpenTemplateTrigger(PlainTemplateTrigger):
    """The same with a client open for as long as it waits, as ``DatabricksExecutionTrigger`` has one."""

    keeps_client_open = True


class PlainTemplateWait(BaseOperator):
    """
    Wait for a template in the triggerer, each task with a poll of its own.

    :param template: mapping with ``name`` and ``language``.
    :param poll_interval: seconds between two polls.
    :param timeout: seconds after which the wait fails.
    """

    def __init__(
        self, *, template: dict[str, str], poll_interval: float, timeout: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.template = template
        self.poll_interval = poll_interval
        self.timeout = timeout

    def execute(self, context: Context) -> None:
        """Go straight to the triggerer."""
        trigger = PlainTemplateTrigger(
            **self.template, end_time=time.time() + self.timeout, poll_interval=self.poll_interval
        )
        self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Return the template that was approved; fail on anything else."""
        if not event or event.get("status") != TemplateStatus.IN_USE:
            raise AirflowFailException(f"the wait ended with {event!r:.200}")
        template: dict[str, Any] = event["template"]
        return template
