"""The pytest fixture ``nxlink_sandbox``, for tests of DAGs that use NXLink.

pytest loads this module through its entry point in every run, whatever is tested, also where the sandbox's
dependencies are missing; so it imports nothing but pytest until the fixture is asked for.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow_provider_nxlink.sandbox.server import SandboxServer


@pytest.fixture
def nxlink_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """Give the test a running sandbox of its own, to which the connection ``nxlink_default`` leads.

    Templates are pending until the test says what becomes of them:

        def test_rejected(nxlink_sandbox):
            ...                                                        # something creates the template
            nxlink_sandbox.reject("spring", "en_US", "PROMOTIONAL")    # or approve(), pause()
            assert nxlink_sandbox.received(endpoint="create")[0].verified

    and, for templates still to be created, beforehand: with ``nxlink_sandbox.switch(approve_after=0)``, or by
    name with ``nxlink_sandbox.switch(review=["spring=reject:PROMOTIONAL"])``.
    :class:`~airflow_provider_nxlink.sandbox.server.SandboxServer` has the rest.
    """
    try:
        from airflow_provider_nxlink.sandbox.server import SandboxServer  # noqa: PLC0415
    except ModuleNotFoundError as error:
        # Its text says what to install. No skip: nobody would notice that nothing is tested.
        pytest.fail(str(error), pytrace=False)
    with SandboxServer(approve_after=math.inf) as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", sandbox.connection_json)
        _go_there_without_a_proxy(monkeypatch)
        yield sandbox


def _go_there_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    # The lower-case name wins where both are set, and "*" counts only alone.
    direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if direct != "*":
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, ",".join(filter(None, (direct, "127.0.0.1"))))
