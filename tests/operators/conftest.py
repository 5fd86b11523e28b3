"""What tests of operators share."""

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest


@pytest.fixture
def execute() -> Callable[..., Any]:
    """Return what executes an operator that has nothing to render, as one of its task's tries."""

    def run(operator: Any, *, try_number: int = 1, **arguments: Any) -> Any:
        context = {"ti": SimpleNamespace(try_number=try_number, map_index=-1)}
        made = operator(task_id="task", **arguments)
        # Airflow 2 guards it by something that it has in the main thread only.
        return inspect.unwrap(type(made).execute)(made, context)

    return run
