"""A sandbox in a thread of its own, for tests.

    with SandboxServer(approve_after=0, create="null") as sandbox:
        requests.get(sandbox.url + "/saas/wa/template/…")
        sandbox.set_status("promo", "en_US", 0, "SPAM")
        assert sandbox.count("create") == 1
        assert sandbox.received(endpoint="create")[0].verified

Attributes
    url                 ``http://127.0.0.1:<free port>``
    account             access_key, access_secret, phones, tenant_ids
    connection          dict with conn_type, host, login, password, extra {phone, tenant_id}
    connection_json     the same as a string for ``AIRFLOW_CONN_NXLINK_DEFAULT``
    connection_uri      the same as an Airflow URI
    clock               ``clock.shift(s)``: Date header and ts; ``clock.advance(s)``: reviews, limits, handles
    state               all there is (see ``state.State``)
    received            list of the calls that came in, oldest first, with method, path, query, headers, body,
                        json, time, endpoint, verified, code, http_status, trace_id, fault; called, it picks:
                        ``received(path=, method=, endpoint=)``, each of which must be equal

Methods
    count(endpoint=None) -> int             calls that came in, of all or one of
                                            list, create, update, details, delete, flows, upload
    set_status(name, language, status, reason="", *, category=None, quality=None, phone=None)
    approve(name, language)                 status 2
    reject(name, language, reason="INVALID_FORMAT")     status 0
    pause(name, language)                   status 11
    template(name, language) -> Template | None     as the service keeps it: id, status, body, …
    seed(bodies, *, replace=False) -> list[int]     put templates there without review; status 2 unless given;
                                            with components=[…] of any kind, created_at, quality, category
    inject(kind, *, endpoint=None, method=None, path=None, times=1, skip=0, when="before", **values)
        kind latency (seconds=), status (status=, headers=, body=), code (code=), drop, truncate, hang;
        and the hostile answers of ``faults.KINDS`` (field=, size=, value=);
        times=0 is for ever; when="after" does the work first
    switch(**values)                        see ``settings.Switches``, ``SHAPES`` and ``ODDITIES``
    add_references(tags=None, flows=None, templates=None)
    reset()                                 back to how it started
"""

import asyncio
import json
import threading
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from airflow_provider_nxlink.sandbox.clock import Clock
from airflow_provider_nxlink.sandbox.faults import Fault
from airflow_provider_nxlink.sandbox.received import Calls
from airflow_provider_nxlink.sandbox.reviews import DEFAULT_REASON, IN_USE, PAUSED, REJECTED
from airflow_provider_nxlink.sandbox.serving import ThreadServer, listening_socket
from airflow_provider_nxlink.sandbox.settings import Account
from airflow_provider_nxlink.sandbox.state import Seeds, State
from airflow_provider_nxlink.sandbox.statefile import StateFile
from airflow_provider_nxlink.sandbox.store import Template

LOOPBACK = "127.0.0.1"
START_SECONDS = 10
STOP_SECONDS = 5


def connection_for(account: Account, url: str) -> dict[str, Any]:
    """Return the Airflow connection that reaches a sandbox at ``url``."""
    return {
        "conn_type": "nxlink",
        "host": url,
        "login": account.access_key,
        "password": account.access_secret,
        "extra": {"phone": account.phones[0], "tenant_id": account.tenant_ids[0]},
    }


class SandboxServer:
    """A sandbox on a free loopback port while the ``with`` block lasts.

    :param account: who may call; the defaults are in :class:`settings.Account`.
    :param templates: templates there from the start, as :meth:`seed` takes them.
    :param file: SQLite file to keep the state in.
    :param switches: see :class:`settings.Switches` and :data:`settings.FORMS`.
    """

    def __init__(
        self,
        *,
        account: Account | None = None,
        templates: list[dict[str, Any]] | None = None,
        file: StateFile | None = None,
        **switches: Any,
    ) -> None:
        self.account = account or Account()
        self.state = State(self.account, Seeds(templates or [], switches), file)
        self.url = ""
        self._server = ThreadServer(self.state)
        self._thread = threading.Thread(target=self._serve, name="nxlink-sandbox", daemon=True)

    def __enter__(self) -> Self:
        """Start, and return when calls are answered."""
        self._socket = listening_socket(LOOPBACK, 0)
        self.url = f"http://{LOOPBACK}:{self._socket.getsockname()[1]}"
        self._thread.start()
        if not self._server.ready.wait(START_SECONDS):
            raise RuntimeError(f"the sandbox did not start within {START_SECONDS} s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop: open connections are cut, the port is free."""
        self._server.stop()
        self._thread.join(STOP_SECONDS)

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    @property
    def connection(self) -> dict[str, Any]:
        """Return the Airflow connection as a dict."""
        return connection_for(self.account, self.url)

    @property
    def connection_json(self) -> str:
        """Return the Airflow connection as JSON."""
        return json.dumps(self.connection)

    @property
    def connection_uri(self) -> str:
        """Return the Airflow connection as a URI."""
        login, password, host = (
            quote(text, safe="") for text in (self.account.access_key, self.account.access_secret, self.url)
        )
        extra = urlencode({"__extra__": json.dumps(self.connection["extra"])})
        return f"nxlink://{login}:{password}@{host}/?{extra}"

    @property
    def clock(self) -> Clock:
        """Return the sandbox's clock."""
        return self.state.clock

    @property
    def received(self) -> Calls:
        """Return the calls that came in, oldest first; ``received(endpoint="create")`` picks."""
        return self.state.received

    def count(self, endpoint: str | None = None) -> int:
        """Return how many calls came in, to one endpoint or all."""
        with self.state.lock:
            return self.state.counts[endpoint] if endpoint else self.state.counts.total()

    def set_status(self, name: str, language: str, status: int, reason: str = "", **values: Any) -> None:
        """Put a template into a status; see :meth:`state.State.set_status`."""
        self.state.set_status(name, language, status, reason, **values)

    def approve(self, name: str, language: str) -> None:
        """Put a template into use; like the next two, it raises KeyError where there is no such template."""
        self.state.set_status(name, language, IN_USE)

    def reject(self, name: str, language: str, reason: str = DEFAULT_REASON) -> None:
        """Reject a template, with WhatsApp's reason."""
        self.state.set_status(name, language, REJECTED, reason)

    def pause(self, name: str, language: str) -> None:
        """Pause a template, as WhatsApp does when its quality falls; it stays so until it is approved."""
        self.state.set_status(name, language, PAUSED)

    def template(self, name: str, language: str) -> Template | None:
        """Return a template as the service keeps it now."""
        return self.state.template(name, language)

    def seed(self, bodies: list[dict[str, Any]], *, replace: bool = False) -> list[int]:
        """Put templates there without rules or review, in any state; see :meth:`state.State.seed`."""
        return self.state.seed(bodies, replace=replace)

    def inject(self, kind: str, **values: Any) -> Fault:
        """Order a fault; see :class:`faults.Fault` for the values."""
        with self.state.lock:
            return self.state.faults.add(Fault(kind, **values))

    def switch(self, **values: Any) -> None:
        """Change switches and shapes."""
        self.state.switch(**values)

    def add_references(self, **values: Any) -> None:
        """Add tags, flows and templates that may be referred to; see :meth:`references.References.add`."""
        with self.state.lock:
            self.state.references.add(**values)

    def reset(self) -> None:
        """Return to how the sandbox started."""
        self.state.reset()
