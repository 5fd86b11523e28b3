"""The link to NXLink's console, as Airflow's pages ask for it: from the serialised DAG and the database."""

import importlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select

from airflow_provider_nxlink.get_provider_info import get_provider_info
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.links import NxlinkConsoleLink
from airflow_provider_nxlink.operators.template import (
    NxlinkCreateTemplateOperator,
    NxlinkGetTemplateOperator,
    NxlinkListTemplatesOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor
from tests.faults.forward_proxy import ForwardProxy

CONSOLE = "https://idn.nxlink.ai"
SPEC = {"name": "promo", "language": "en_US", "category": "UTILITY", "content": "Hello {{1}}, welcome."}
PENDING = {"language": "en_US", "category_type": 2, "content": "hello", "status": 1}


@pytest.fixture
def indonesia(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """``nxlink_default`` leads to NXLink's host in Indonesia, and the way there to the sandbox."""
    connection = json.loads(sandbox.connection_json)
    connection["host"] = "http://api-idn.nxlink.ai"
    connection["extra"]["allow_http"] = True
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))
    with ForwardProxy(sandbox.url).running() as address:
        monkeypatch.setenv("http_proxy", f"http://{address}")
        yield sandbox


def shown(dag_id: str, task_id: str = "task") -> dict[int, tuple[str, str]]:
    """Return state and link of each task instance, by map index."""
    with create_session() as session:
        row = SerializedDagModel.get(dag_id, session=session)
        assert row is not None
        task = row.dag.get_task(task_id)
        query = select(TaskInstance).where(TaskInstance.dag_id == dag_id, TaskInstance.task_id == task_id)
        assert list(task.extra_links) == ["NXLink console"]
        return {
            ti.map_index: (str(ti.state), task.get_extra_links(ti, "NXLink console") or "")
            for ti in session.scalars(query)
        }


def operator_classes() -> list[type]:
    info = get_provider_info()
    modules = [
        name for kind in ("operators", "sensors") for entry in info[kind] for name in entry["python-modules"]
    ]
    found = {
        value
        for module in map(importlib.import_module, modules)
        for name, value in vars(module).items()
        if name.startswith("Nxlink") and name.endswith(("Operator", "Sensor")) and value.__module__ in modules
    }
    return sorted(found, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", operator_classes())
def test_every_operator_and_the_sensor_have_it(kind: Any) -> None:
    assert [type(link) for link in kind.operator_extra_links] == [NxlinkConsoleLink]


def test_there_are_operators_to_look_at() -> None:
    assert {kind.__name__ for kind in operator_classes()} >= {
        "NxlinkApplyTemplateOperator",
        "NxlinkSyncTemplatesOperator",
        "NxlinkListFlowsOperator",
        "NxlinkTemplateSensor",
    }


@pytest.mark.parametrize(
    "waiting",
    [
        lambda: NxlinkTemplateSensor(
            task_id="task", template=SPEC, deferrable=True, poke_interval=0.2, timeout=30
        ),
        lambda: NxlinkCreateTemplateOperator(
            task_id="task",
            template=SPEC,
            if_exists="skip",
            wait_for_approval=True,
            deferrable=True,
            poll_interval=0.2,
            timeout=30,
        ),
        lambda: NxlinkTemplateSensor.partial(
            task_id="task", deferrable=True, poke_interval=0.2, timeout=30
        ).expand(template=[SPEC]),
    ],
    ids=["sensor", "create", "mapped"],
)
def test_is_there_while_deferred_and_after(
    waiting: Callable[[], Any],
    indonesia: SandboxServer,
    new_dag: Callable[..., Any],
    run_dag: Callable[..., Any],
) -> None:
    indonesia.seed([{**PENDING, "name": "promo"}])
    with new_dag() as dag:
        waiting()
    during: list[str] = []

    def look_while_deferred() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not during:
            time.sleep(0.2)
            # The worker looks twice at most: what looks on is the trigger, whatever dag.test() calls that.
            if indonesia.count("list") >= 4:
                during.extend(link for _, link in shown(dag.dag_id).values())
        indonesia.approve("promo", "en_US")

    watcher = threading.Thread(target=look_while_deferred)
    watcher.start()
    run_dag(dag)
    watcher.join()
    assert during == [CONSOLE]
    assert list(shown(dag.dag_id).values()) == [("success", CONSOLE)]


def test_is_there_before_the_task_does_anything(
    indonesia: SandboxServer, new_dag: Callable[..., Any], run_dag: Callable[..., Any]
) -> None:
    seen: list[str] = []

    class Looking(NxlinkListTemplatesOperator):
        def execute(self, context: Any) -> Any:
            seen.extend(link for _, link in shown(self.dag_id).values())
            return super().execute(context)

    with new_dag() as dag:
        Looking(task_id="task")
    run_dag(dag)
    assert seen == [CONSOLE]


def test_a_failed_task_has_it(
    indonesia: SandboxServer, new_dag: Callable[..., Any], run_dag: Callable[..., Any]
) -> None:
    with new_dag() as dag:
        NxlinkGetTemplateOperator(task_id="task", template=999)
    run_dag(dag)
    assert shown(dag.dag_id) == {-1: ("failed", CONSOLE)}


def test_the_sandbox_has_no_console(
    sandbox: SandboxServer, new_dag: Callable[..., Any], run_dag: Callable[..., Any]
) -> None:
    with new_dag() as dag:
        NxlinkListTemplatesOperator(task_id="task")
    run_dag(dag)
    assert shown(dag.dag_id) == {-1: ("success", "")}


@pytest.mark.parametrize("host", ["no scheme", "https://api-hk.nxlink.ai"])
def test_a_connection_that_can_not_be_used_is_told_by_the_task_itself(
    host: str,
    sandbox: SandboxServer,
    new_dag: Callable[..., Any],
    run_dag: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = json.loads(sandbox.connection_json) | {"host": host, "login": None}
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))
    with new_dag() as dag:
        NxlinkListTemplatesOperator(task_id="task")
    run = run_dag(dag)
    assert "login: missing" in str(run.error())
    assert shown(dag.dag_id) == {-1: ("failed", "")}


def test_a_store_that_fails_does_not_fail_the_task(indonesia: SandboxServer) -> None:
    pushed: list[Any] = []

    def push(**what: Any) -> None:
        pushed.append(what)
        raise OSError("the database is away")

    operator = NxlinkListTemplatesOperator(task_id="task")
    operator.pre_execute({"ti": SimpleNamespace(xcom_push=push, task=operator)})
    assert pushed == [{"key": "nxlink_console", "value": CONSOLE}]


def test_the_dags_own_pre_execute_is_called_all_the_same(
    sandbox: SandboxServer, new_dag: Callable[..., Any], run_dag: Callable[..., Any]
) -> None:
    called: list[str] = []
    with new_dag() as dag:
        NxlinkListTemplatesOperator(
            task_id="task", pre_execute=lambda context: called.append(context["task"].task_id)
        )
    run_dag(dag)
    assert called == ["task"]


def test_no_connection_is_looked_up_when_a_page_or_a_dag_file_asks(
    new_dag: Callable[..., Any], run_dag: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was looked up")

    monkeypatch.setattr(NxlinkHook, "get_connection", look_up)
    with new_dag() as dag:
        operator = NxlinkListTemplatesOperator(task_id="task")
    assert operator.operator_extra_links[0].name == "NXLink console"
    run_dag(dag)
    assert shown(dag.dag_id) == {-1: ("failed", "")}
