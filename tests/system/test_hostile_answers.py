"""A hostile answer under a whole Airflow: its own wait ends, the triggerer and the other waits go on."""

import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from running_airflow import HAS_API_SERVER, RunningAirflow

from airflow_provider_nxlink.sandbox.server import SandboxServer

HERE = Path(__file__).resolve().parent
NAMES = ("hostile", "good_one", "good_two")
BODY = {"language": "en_US", "category_type": 2, "content": "hello"}
# Under which keys of a row in the list Airflow or its database would break.
HOSTILE = {
    "waRejectedReason": "bad \ud800 \0 x",
    "content": "bad \udc00 \0 x",
    "quality": "\ud800",
    "id": 10**30,
    "components": [{"type": "BODY", "example": {"bad \ud800": [10**30, float("nan"), float("inf")]}}],
}
HAS_POSTGRES = (
    (shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb")))
    and importlib.util.find_spec("psycopg2")
    and importlib.util.find_spec("asyncpg")
)


class OnPostgres(RunningAirflow):
    """Airflow on a PostgreSQL that is there already."""

    def __init__(self, dsn: str, url: str, *arguments: Any) -> None:
        self._dsn = dsn
        super().__init__(*arguments, {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url})

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read Airflow's database; a ``?`` stands for a value."""
        import psycopg2  # noqa: PLC0415 - not everywhere

        with closing(psycopg2.connect(self._dsn)) as database, database.cursor() as cursor:
            cursor.execute(query.replace("?", "%s"), values)
            return list(cursor.fetchall())


@pytest.fixture(params=["sqlite", "postgresql"])
def airflow_on(
    request: pytest.FixtureRequest,
    sandbox_of_this_test: SandboxServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RunningAirflow]:
    """A whole Airflow on SQLite, and on PostgreSQL where that is installed."""
    dags = tmp_path / "dags"
    dags.mkdir()
    shutil.copy(HERE / "dags" / "hostile.py", dags)
    arguments = (tmp_path / "home", dags, sandbox_of_this_test.connection_json)
    if request.param == "sqlite":
        if HAS_POSTGRES:
            pytest.skip("PostgreSQL is stricter, and is installed")
        with RunningAirflow(*arguments) as running:
            yield running
        return
    if not HAS_POSTGRES:
        pytest.skip("needs PostgreSQL, psycopg2 and asyncpg")
    monkeypatch.setattr(sys, "path", [str(HERE.parents[1] / "cluster"), *sys.path])
    from services import PrivatePostgres  # noqa: PLC0415 - in cluster/

    with (
        PrivatePostgres() as postgres,
        OnPostgres(postgres.database_dsn, postgres.database_url, *arguments) as running,
    ):
        yield running


@pytest.fixture
def sandbox_of_this_test() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.mark.skipif(not HAS_API_SERVER, reason="Airflow 2 runs one task at a time on SQLite")
def test_a_hostile_answer_ends_no_other_wait(
    airflow_on: RunningAirflow, sandbox_of_this_test: SandboxServer
) -> None:
    sandbox_of_this_test.seed([{**BODY, "name": name, "status": 1} for name in NAMES])
    run_id = airflow_on.trigger("hostile")
    airflow_on.wait_until_deferred("hostile", run_id, len(NAMES))
    triggerer = airflow_on.processes["triggerer"].pid

    rows = [{**BODY, "id": 7, "name": "hostile", "status": 0, **HOSTILE}]
    rows += [{**BODY, "id": 8 + index, "name": name, "status": 2} for index, name in enumerate(NAMES[1:])]
    answer = {"code": 0, "message": "", "traceId": "t", "data": {"list": rows, "total": len(rows)}}
    sandbox_of_this_test.inject(
        "status", endpoint="list", status=200, times=0, body=json.dumps(answer, ensure_ascii=True)
    )
    assert airflow_on.wait_for_run("hostile", run_id, 180) == "failed"
    states = {task: state for (task, _), state in airflow_on.task_states("hostile", run_id).items()}
    assert states == {"hostile": "failed", "good_one": "success", "good_two": "success"}

    # The same process, and it still triggers.
    assert airflow_on.processes["triggerer"].pid == triggerer
    assert airflow_on.processes["triggerer"].poll() is None
