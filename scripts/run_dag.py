"""Run a DAG file to its end in this process, and write down how its tasks ended and what they returned."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

from airflow.utils.session import create_session

try:
    from airflow.models.xcom import XComModel
except ImportError:  # Airflow 2
    from airflow.models.xcom import XCom as XComModel


def main(file: str, results: str) -> None:
    """Run the DAG in ``file``; write a list of ``{task_id, state, result}`` into ``results``."""
    dag = runpy.run_path(file)["dag"]
    run = dag.test()
    with create_session() as session:
        query = XComModel.get_many(run_id=run.run_id, dag_ids=dag.dag_id, key="return_value")
        if hasattr(query, "with_session"):
            # Airflow 2 makes a query of a kind that is run in another way, and has read the values by then.
            returned = {row.task_id: row.value for row in query.with_session(session)}
        else:
            returned = {row.task_id: XComModel.deserialize_value(row) for row in session.scalars(query)}
    tasks = sorted(run.get_task_instances(), key=lambda task: str(task.end_date))
    told = [
        {"task_id": task.task_id, "state": task.state, "result": returned.get(task.task_id)} for task in tasks
    ]
    Path(results).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
