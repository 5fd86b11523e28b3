"""A worker that is killed between sending a write and reading its answer: the next try finds what it did."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_nxlink.operators.template import (
    NxlinkApplyTemplateOperator,
    NxlinkCreateTemplateOperator,
    NxlinkDeleteTemplateOperator,
    NxlinkUpdateTemplateOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer

BEFORE = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Before"}
TEMPLATE = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello there"}
REF = {"name": "promo", "language": "en_US"}

# Operator, the call that is under way when its worker dies, what is there before, the operator's argument.
WRITES = {
    "create": (NxlinkCreateTemplateOperator, "create", [], TEMPLATE),
    "update": (NxlinkUpdateTemplateOperator, "update", [BEFORE], TEMPLATE),
    "apply": (NxlinkApplyTemplateOperator, "update", [BEFORE], TEMPLATE),
    "delete": (NxlinkDeleteTemplateOperator, "delete", [BEFORE], REF),
}
WORKER = """
import importlib, json, sys
from types import SimpleNamespace

module, name, template = json.load(sys.stdin)
operator = getattr(importlib.import_module(module), name)(task_id="task", template=template)
operator.execute({"ti": SimpleNamespace(try_number=1, map_index=-1)})
"""


@pytest.mark.parametrize("write", WRITES)
def test_the_next_try_of_a_killed_worker_finds_what_it_did(
    write: str, sandbox: SandboxServer, execute: Callable[..., Any], wait_until: Callable[..., None]
) -> None:
    operator, endpoint, there, template = WRITES[write]
    sandbox.seed(there)
    # The service has done the work, and its answer is on the way for longer than the worker lives.
    sandbox.inject("latency", endpoint=endpoint, seconds=60, when="after")
    with subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE, text=True) as worker:
        assert worker.stdin is not None
        worker.stdin.write(json.dumps([operator.__module__, operator.__name__, template]))
        worker.stdin.close()

        def done() -> bool:
            assert worker.poll() is None, "the worker ended by itself"
            now = sandbox.template("promo", "en_US")
            content = now and now.body["content"]
            return sandbox.count(endpoint) == 1 and content == (None if write == "delete" else "Hello there")

        wait_until(done)
        worker.kill()

    returned = execute(operator, template=template, try_number=2)
    assert sandbox.count(endpoint) == 1
    made = sandbox.template("promo", "en_US")
    if write == "delete":
        assert (made, returned["deleted"]) == (None, False)
    else:
        assert made is not None
        assert (returned["id"], returned["content"]) == (made.id, "Hello there")
