"""A sandbox that the commands find in the environment."""

import logging
import os
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_nxlink.sandbox.server import SandboxServer

# The specs to try out are those that the tests of specs use.
SPEC_FIXTURES = runpy.run_path(str(Path(__file__).parents[1] / "specs" / "conftest.py"))
valid_specs = SPEC_FIXTURES["valid_specs"]
vendor_body = SPEC_FIXTURES["vendor_body"]


@pytest.fixture(autouse=True)
def _no_airflow_s_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away Airflow's log, as in a process that has not loaded it; before 3.2 it goes to stdout."""
    root = logging.getLogger()
    kept = [handler for handler in root.handlers if getattr(handler, "stream", None) is not sys.stdout]
    monkeypatch.setattr(root, "handlers", kept)


@pytest.fixture(scope="module")
def lenient() -> Iterator[SandboxServer]:
    """A sandbox that takes any tag, flow and template for granted."""
    with SandboxServer(approve_after=0, strict_references=False) as server:
        before = os.environ.get("AIRFLOW_CONN_NXLINK_DEFAULT")
        os.environ["AIRFLOW_CONN_NXLINK_DEFAULT"] = server.connection_json
        yield server
        del os.environ["AIRFLOW_CONN_NXLINK_DEFAULT"]
        if before is not None:
            os.environ["AIRFLOW_CONN_NXLINK_DEFAULT"] = before
