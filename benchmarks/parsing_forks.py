"""Parse DAG files as Airflow's DAG processor does, each parse in a fork of its own.

As a script: reads lines of ``{"file": …, "loaded": …}``, and prints a line of JSON for each. With ``loaded``
the parse finds loaded what the file imports from ``airflow.*``, as the DAG processor sees to before it forks;
without it only Airflow is there, as where a worker begins a task.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory


def main(folder: Path) -> None:
    """Answer until the input ends."""
    import structlog  # noqa: PLC0415 - after Airflow's home is set
    from airflow.dag_processing import processor  # noqa: PLC0415

    log = structlog.get_logger()
    # As Airflow's DAG processor does before it forks: else each parse may go through all that Airflow holds.
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        if child := os.fork():
            os.waitpid(child, 0)
            continue
        try:
            if asked["loaded"]:
                processor._pre_import_airflow_modules(asked["file"], log)
            began = time.process_time()
            request = processor.DagFileParseRequest(
                file=asked["file"], bundle_path=folder, bundle_name="benchmark"
            )
            result = processor._parse_file(request, log)
            seconds = time.process_time() - began
            told = {
                "seconds": seconds,
                "tasks": sum(len(dag.data["dag"]["tasks"]) for dag in result.serialized_dags)
                if result
                else 0,
                "errors": result.import_errors if result else None,
            }
        except BaseException as error:  # noqa: BLE001 - a fork that goes on would answer twice
            told = {"errors": repr(error)}
        print(json.dumps(told), flush=True)
        os._exit(0)


if __name__ == "__main__":
    # The first parse leaves bytecode for the others, as an installation does.
    sys.dont_write_bytecode = False
    with TemporaryDirectory(prefix="nxlink-benchmark-") as home:
        os.environ["AIRFLOW_HOME"] = home
        main(Path(sys.argv[1]))
