"""What tests of operators share."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest


@pytest.fixture
def execute() -> Callable[..., Any]:
    """Return what executes an operator that has nothing to render, as one of its task's tries."""

    def run(operator: Any, *, try_number: int = 1, **arguments: Any) -> Any:
        context = {"ti": SimpleNamespace(try_number=try_number, map_index=-1)}
        return operator(task_id="task", **arguments).execute(context)

    return run
