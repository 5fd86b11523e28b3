"""A real Airflow with a home of its own, and a sandbox that its connection leads to."""
# ruff: noqa: PLC0415 - the tests of api and specs run without waiting for Airflow's import

import atexit
import inspect
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_nxlink.sandbox.server import SandboxServer

# Airflow reads its home when it is first imported: so this stands before any import of it, here and in every
# test module, and whatever the developer's own shell says about Airflow is left out.
HOME = Path(tempfile.mkdtemp(prefix="airflow-of-the-tests-"))
DAGS = HOME / "dags"
DAGS.mkdir()
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
for variable in [name for name in os.environ if name.startswith(("AIRFLOW_", "_AIRFLOW_"))]:
    del os.environ[variable]
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}",
}
# What a proxy is for is not the way to loopback.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

_numbers = count(1)


# Seconds after which a test fails instead of hanging, by its marker; fixtures count.
TIMEOUTS = {"soak": 3600, "system": 1200}
TIMEOUT = 300


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give each test a timeout, unless it has one of its own or pytest-timeout is not installed."""
    if item.config.pluginmanager.hasplugin("timeout") and item.get_closest_marker("timeout") is None:
        in_system = "system" in item.path.parent.parts
        kind = "soak" if item.get_closest_marker("soak") else "system" if in_system else ""
        item.add_marker(pytest.mark.timeout(TIMEOUTS.get(kind, TIMEOUT)))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, unless it is asked for with ``-m``."""
    if "soak" not in (config.option.markexpr or ""):
        long = [item for item in items if item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@dataclass
class Run:
    """One run of a DAG: how its tasks ended, what they raised, and what they logged, masked by Airflow."""

    tasks: dict[str, list[Any]]
    errors: dict[str, list[BaseException]]
    log: str

    @property
    def states(self) -> dict[str, Any]:
        """Each task's state, a list of them where it is mapped."""
        return {task_id: _one(ti.state for ti in tis) for task_id, tis in self.tasks.items()}

    def state(self, task_id: str = "task") -> Any:
        return self.states[task_id]

    def value(self, task_id: str = "task") -> Any:
        """Return what a task returned, a list of it where it is mapped."""
        from airflow.utils.session import create_session

        from tests.inside_airflow import deserialize

        with create_session() as session:
            tis = [session.merge(ti) for ti in self.tasks[task_id]]
            return _one(
                deserialize(ti.xcom_pull(task_ids=task_id, map_indexes=ti.map_index, session=session))
                for ti in tis
            )

    def tries(self, task_id: str = "task") -> int:
        return max(ti.try_number for ti in self.tasks[task_id])

    def error(self, task_id: str = "task") -> BaseException:
        """Return what a task raised last."""
        return self.errors[task_id][-1]


def _one(values: Iterator[Any]) -> Any:
    found = list(values)
    return found[0] if len(found) == 1 else found


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """A sandbox that approves at once; ``nxlink_default`` leads to it."""
    with SandboxServer(approve_after=0) as server:
        monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", server.connection_json)
        yield server


@pytest.fixture(scope="session")
def airflow_db() -> None:
    """Airflow's database, made once, in which DAGs made by tests may be entered."""
    from tests.inside_airflow import make_database

    make_database()


@pytest.fixture
def new_dag(airflow_db: None) -> Callable[..., Any]:
    """Return what makes an empty DAG with a name of its own."""

    def make(**arguments: Any) -> Any:
        from airflow.providers.common.compat.sdk import DAG

        return DAG(f"dag_{next(_numbers)}", schedule=None, **arguments)

    return make


@pytest.fixture(scope="session")
def failed() -> list[tuple[str, BaseException]]:
    """Which tasks raised what, in the order in which it came to pass; told by Airflow to its listeners."""
    from airflow.providers.common.compat.sdk import get_listener_manager, hookimpl

    told: list[tuple[str, BaseException]] = []

    class Listener:
        @hookimpl
        def on_task_instance_failed(self, task_instance: Any, error: BaseException) -> None:
            told.append((task_instance.task_id, error))

    get_listener_manager().add_listener(Listener())
    return told


@pytest.fixture
def run_dag(
    airflow_db: None,
    failed: list[tuple[str, BaseException]],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Callable[..., Run]:
    """Return what runs a DAG to its end, on Airflow's own task runner, and tells what became of it."""

    def run(dag: Any, *, on: datetime | None = None, **arguments: Any) -> Run:
        from tests.inside_airflow import store

        failed.clear()
        store(dag, nowhere=DAGS / "none")
        capsys.readouterr()
        caplog.clear()
        if on is not None:
            newer = "logical_date" in inspect.signature(dag.test).parameters
            arguments["logical_date" if newer else "execution_date"] = on
        done = dag.test(**arguments)
        # What tasks log is printed; what the package's own loggers say pytest has in hand.
        log = capsys.readouterr().out + caplog.text
        # Airflow 3.0 prints here, and only here, what tasks and supervisor tell each other.
        said = re.compile("Sending request |Received message from task runner ")
        log = "".join(line for line in log.splitlines(keepends=True) if not said.search(line))
        tasks: dict[str, list[Any]] = {}
        for ti in sorted(done.get_task_instances(), key=lambda ti: ti.map_index):
            tasks.setdefault(ti.task_id, []).append(ti)
        errors: dict[str, list[BaseException]] = {}
        for task_id, error in failed:
            errors.setdefault(task_id, []).append(error)
        return Run(tasks, errors, log)

    return run


@pytest.fixture
def run_task(new_dag: Callable[..., Any], run_dag: Callable[..., Run]) -> Callable[..., Run]:
    """Return what runs one operator as the task ``task`` of a DAG; ``retries`` come without delay."""

    def run(operator: Any, *, dag: dict[str, Any] | None = None, **arguments: Any) -> Run:
        with new_dag(**(dag or {})) as made:
            operator(task_id="task", retry_delay=timedelta(0), **arguments)
        return run_dag(made)

    return run
