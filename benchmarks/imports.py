"""What a DAG file pays for importing all there is for DAG files, in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import Any

from airflow.providers.http.get_provider_info import get_provider_info as http_info
from rows import Row, in_turns

from airflow_provider_nxlink.get_provider_info import get_provider_info as our_info

TURNS = 15

# What every DAG file has imported before.
BEFORE = "from airflow.sdk import DAG, task"


def measure(turns: int = TURNS) -> list[Row]:
    """
    Compare all our operator, sensor and hook modules with the operator and sensor modules of Airflow's HTTP.

    CPU seconds of the import statements alone: the interpreter and ``airflow.sdk`` are there already.
    """
    ours, beside = (
        modules(our_info(), "operators", "sensors", "hooks"),
        modules(http_info(), "operators", "sensors"),
    )
    with tempfile.TemporaryDirectory(prefix="nxlink-benchmark-") as home:
        taken = in_turns(lambda: seconds(ours, home), lambda: seconds(beside, home), turns)
    return [
        Row(
            what="import of all operator, sensor and hook modules in a DAG file, over airflow.sdk alone",
            beside="apache-airflow-providers-http, operators and sensor",
            measured=taken.ratio,
            target=0.15,
            note="CPU time, fresh interpreters",
            details={"unit": "CPU seconds", "modules": ours, "beside_modules": beside, **taken.to_dict()},
        )
    ]


def modules(info: dict[str, Any], *kinds: str) -> list[str]:
    """Return the modules that a provider names for Airflow."""
    return sorted(
        {name for kind in kinds for entry in info.get(kind, ()) for name in entry["python-modules"]}
    )


def seconds(names: list[str], home: str) -> float:
    """Return the CPU seconds that importing ``names`` takes."""
    code = f"{BEFORE}\nimport time\nbefore = time.process_time()\nimport {', '.join(names)}\n"
    code += "print(time.process_time() - before)"
    environment = os.environ | {"AIRFLOW_HOME": home}
    # The first turn leaves bytecode for the others, as an installation does.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])
