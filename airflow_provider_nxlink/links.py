"""The link from a task to NXLink's console, there as soon as the task has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperatorLink

from airflow_provider_nxlink.api.regions import console_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context

    from airflow_provider_nxlink.hooks.nxlink import NxlinkHook

    # What the class here is mixed into.
    _Operator = BaseOperator
else:
    _Operator = object


class NxlinkConsoleLink(BaseOperatorLink):
    """
    Leads to NXLink's console in the region of the task's connection.

    The task itself stores where, as only a worker may look its connection up. Without a console, as behind
    the sandbox or a host that is none of NXLink's, there is no link.
    """

    name = "NXLink console"
    xcom_key = "nxlink_console"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return what the task stored, or an empty string."""
        # A DAG file need not load XComs.
        from airflow.providers.common.compat.sdk import XCom  # noqa: PLC0415

        return XCom.get_value(key=self.xcom_key, ti_key=ti_key) or ""


class ConsoleLink(_Operator):
    """Mixed into an operator with a ``hook``: gives its task the link to NXLink's console."""

    operator_extra_links = (NxlinkConsoleLink(),)

    if TYPE_CHECKING:

        @property
        def hook(self) -> NxlinkHook: ...

    def pre_execute(self, context: Context) -> None:
        """
        Store where the link leads, before anything else.

        Airflow 3 asks for links when a task leaves its worker, Airflow 2 when somebody looks at it: too late
        for a task that pokes for days, and where no connection may be looked up.
        """
        super().pre_execute(context)
        try:
            console = console_of(self.hook.account.base_url)
            if console is not None:
                context["ti"].xcom_push(key=NxlinkConsoleLink.xcom_key, value=console)
        except Exception as error:  # noqa: BLE001 - a link is no reason to fail: the task tells what is wrong
            self.log.info("There is no link to NXLink's console: %s", type(error).__name__)
