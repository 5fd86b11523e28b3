"""What tests of triggers share: a deferral played through as Airflow plays it."""

import asyncio
import importlib
import inspect
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_nxlink.sandbox.server import SandboxServer


@pytest.fixture
def seed(sandbox: SandboxServer) -> Callable[..., list[int]]:
    """Return what puts templates into the sandbox, pending unless told, and returns their ids."""
    body = {"language": "en_US", "category_type": 2, "content": "hello"}

    def put(*names: str, status: int = 1, **fields: Any) -> list[int]:
        return sandbox.seed([{**body, "name": name, "status": status, **fields} for name in names])

    return put


def _rebuilt(trigger: Any) -> Any:
    """Return the trigger as another process makes it from what was stored."""
    path, arguments = trigger.serialize()
    module, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)(**json.loads(json.dumps(arguments)))


async def _first_event(trigger: Any, seconds: float = 10) -> Any:
    """Return the payload of the trigger's first event, as JSON carries it."""

    async def first() -> Any:
        events = trigger.run()
        try:
            async for event in events:
                return json.loads(json.dumps(event.payload))
        finally:
            await events.aclose()
        raise AssertionError("the trigger ended without an event")

    return await asyncio.wait_for(first(), seconds)


@pytest.fixture
def fire() -> Callable[..., Any]:
    """Return what runs a trigger as another process makes it, and returns its first event's payload."""
    return lambda trigger, seconds=10: asyncio.run(_first_event(_rebuilt(trigger), seconds))


@pytest.fixture
def finish(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return what executes an operator, through its deferral if it defers, and returns its result."""

    def run(operator: Any, *, timed_out: bool = False) -> Any:
        from airflow.exceptions import AirflowRescheduleException  # noqa: PLC0415
        from airflow.providers.common.compat.sdk import BaseSensorOperator, TaskDeferred  # noqa: PLC0415

        first_look = datetime.now(UTC)
        looks = count()

        def first_reschedule_date(*_: Any, **__: Any) -> datetime | None:
            return first_look if next(looks) else None

        ti = SimpleNamespace(
            dag_id="dag", task_id="task", run_id="run", try_number=1, max_tries=0, map_index=-1
        )
        base = inspect.getmodule(BaseSensorOperator)
        if hasattr(base, "_orig_start_date"):
            # Airflow 2 asks its database.
            monkeypatch.setattr(base, "_orig_start_date", first_reschedule_date)
        else:
            ti.get_first_reschedule_date = first_reschedule_date
        context = {"ti": ti}
        while True:
            try:
                return operator.execute(context)
            except AirflowRescheduleException as later:
                time.sleep(max(0.0, (later.reschedule_date - datetime.now(UTC)).total_seconds()))
            except TaskDeferred as deferred:
                if timed_out:
                    return operator.resume_execution("__fail__", {"error": "Trigger timeout"}, context)
                event = asyncio.run(_first_event(_rebuilt(deferred.trigger)))
                return operator.resume_execution(deferred.method_name, {"event": event}, context)

    return run


@pytest.fixture
def later() -> Iterator[Callable[..., None]]:
    """Return what calls a function a moment later, while a wait is under way."""
    timers = []

    def call(function: Callable[..., Any], *arguments: Any) -> None:
        timers.append(threading.Timer(0.2, function, arguments))
        timers[-1].start()

    yield call
    for timer in timers:
        timer.join()
