"""Airflow as it is deployed: CeleryExecutor with two workers, two triggerers, PostgreSQL and Redis."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from running_airflow import RunningAirflow
from services import PrivateServices

WORKERS = ("worker-1", "worker-2")
TRIGGERERS = ("triggerer-1", "triggerer-2")
# Tasks at once on each worker. A task keeps a core busy while it starts, so that more would only wait.
WORKER_CONCURRENCY = 4

# What differs from Airflow's own defaults, which stand behind each line.
SETTINGS = {
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(WORKER_CONCURRENCY),  # 16
    # Twice what the workers run: the next ones wait at the broker.
    "AIRFLOW__CORE__PARALLELISM": str(2 * len(WORKERS) * WORKER_CONCURRENCY),  # 32
    # How soon a task counts as lost that gives no sign of life, and one that no worker takes.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",  # 300
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",  # 600
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "15",  # 120
}
# As Airflow has them, where RunningAirflow is quicker for the sake of its tests.
DEFAULTS = {
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "5",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "30",
    "AIRFLOW__TRIGGERER__CAPACITY": "1000",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
    "AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "15",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
}


class Deployment(RunningAirflow):
    """
    Run Airflow on servers that are there already.

    :param services: PostgreSQL and Redis.
    """

    components = ("api-server", "scheduler", "dag-processor", *TRIGGERERS, *WORKERS)

    def __init__(
        self, home: Path, dags: Path, connection: str, services: PrivateServices, options: Mapping[str, str]
    ) -> None:
        self._dsn = services.database_dsn
        urls = {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": services.database_url,
            "AIRFLOW__CELERY__BROKER_URL": services.broker_url,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{services.database_url}",
        }
        super().__init__(home, dags, connection, DEFAULTS | SETTINGS | urls | dict(options))

    def words(self, component: str) -> list[str]:
        """Return the ``airflow`` command that a component is."""
        # All keep their logs in the same folder, so that nobody needs to serve them.
        if component in WORKERS:
            name = f"{component}@localhost"
            return ["celery", "worker", "--celery-hostname", name, "--skip-serve-logs"]
        if component in TRIGGERERS:
            return ["triggerer", "--skip-serve-logs"]
        return super().words(component)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read Airflow's database; a ``?`` stands for a value."""
        # Here, as the settings can be read without it.
        import psycopg2  # noqa: PLC0415

        with closing(psycopg2.connect(self._dsn)) as database, database.cursor() as cursor:
            cursor.execute(query.replace("?", "%s"), values)
            return list(cursor.fetchall())
