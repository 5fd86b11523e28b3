"""A DAG file with 100 tasks and 20 spec files, parsed as Airflow's DAG processor parses it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from rows import Row, in_turns

HERE = Path(__file__).resolve().parent

TURNS = 15
TASKS = 100
LANGUAGES = ("en_US", "de", "fr", "es", "it")

OURS = """
import pendulum
from airflow.sdk import DAG
from airflow_provider_nxlink.operators.template import NxlinkCreateTemplateOperator

with DAG("ours", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):
    for name, language in {names!r}:
        NxlinkCreateTemplateOperator(
            task_id=f"create_{{name}}_{{language}}", template=f"specs/{{name}}.yaml#{{name}}/{{language}}"
        )
"""
HTTP = """
import json
import pendulum
from airflow.sdk import DAG
from airflow.providers.http.operators.http import HttpOperator

with DAG("http", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):
    for body in {bodies!r}:
        HttpOperator(
            task_id=f"create_{{body['name']}}_{{body['language']}}",
            http_conn_id="nxlink",
            endpoint="/saas/wa/template/8613800000000",
            data=json.dumps(body),
            headers={{"Content-Type": "application/json"}},
        )
"""


def measure(turns: int = TURNS, tasks: int = TASKS) -> list[Row]:
    """
    Compare a file whose tasks name spec files with one whose tasks hold the same templates as JSON.

    CPU seconds from the import of the file to the serialised DAG, in a fork of a process that has loaded
    Airflow: as where a worker begins a task; and as in the DAG processor, which before it forks also loads
    what the file imports from ``airflow.*``. The HTTP provider then costs nothing.
    """
    with tempfile.TemporaryDirectory(prefix="nxlink-benchmark-") as folder:
        ours, beside = write_dags(Path(folder), tasks)
        with forks(Path(folder)) as seconds:
            fresh, loaded = (
                in_turns(
                    lambda loaded=loaded: seconds(ours, tasks, loaded=loaded),
                    lambda loaded=loaded: seconds(beside, tasks, loaded=loaded),
                    turns,
                )
                for loaded in (False, True)
            )
    return [
        Row(
            what=f"parse of a DAG file with {tasks} tasks and {tasks // len(LANGUAGES)} spec files, {where}",
            beside=f"the same with {tasks} HttpOperators with inline JSON",
            measured=taken.ratio,
            target=1.0,
            note="CPU time, serialised DAG included",
            details={"unit": "CPU seconds", **taken.to_dict()},
        )
        for taken, where in (
            (fresh, "in a fresh process"),
            (loaded, "in the DAG processor, which has loaded the HTTP provider beforehand"),
        )
    ]


def write_dags(folder: Path, tasks: int) -> tuple[Path, Path]:
    """Write both DAG files and the spec files, and return the paths of ours and of the other."""
    shared = [spec(number) for number in range(tasks // len(LANGUAGES))]
    (folder / "specs").mkdir()
    for one in shared:
        content = one | {"languages": {language: {"content": text(language)} for language in LANGUAGES}}
        path = folder / "specs" / f"{one['name']}.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    names = [(one["name"], language) for one in shared for language in LANGUAGES]
    bodies = [
        one | {"language": language, "content": text(language)} for one in shared for language in LANGUAGES
    ]
    ours, beside = folder / "ours.py", folder / "http.py"
    ours.write_text(OURS.format(names=names), encoding="utf-8")
    beside.write_text(HTTP.format(bodies=bodies), encoding="utf-8")
    return ours, beside


def spec(number: int) -> dict[str, Any]:
    """Return what the languages of a template have in common."""
    return {
        "name": f"order_shipped_{number:02}",
        "category": "UTILITY",
        "header_text": "Good news",
        "footer_text": "Example Shop",
        "buttons": [
            {
                "type": "URL",
                "text": "Track",
                "url": "https://shop.example/t/{{1}}",
                "example": "https://shop.example/t/42",
            },
            {"type": "QUICK_REPLY", "text": "Stop", "customize_type": "unsubscribe"},
        ],
    }


def text(language: str) -> str:
    """Return a message."""
    return f"Hello {{{{1}}}}, your order {{{{2}}}} is on its way ({language}) and arrives in two days."


@contextmanager
def forks(folder: Path) -> Iterator[Any]:
    """Run ``parsing_forks.py`` for a folder; give what parses a file and returns CPU seconds."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "parsing_forks.py"), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    asks, answers = process.stdin, process.stdout

    def seconds(file: Path, tasks: int, *, loaded: bool) -> float:
        asks.write(json.dumps({"file": str(file), "loaded": loaded}) + "\n")
        asks.flush()
        answer = next((line for line in answers if line.startswith("{")), "{}")
        told = json.loads(answer)
        if told.get("tasks") != tasks:
            raise RuntimeError(f"{file.name} was not parsed: {told}")
        return float(told["seconds"])

    try:
        yield seconds
    finally:
        asks.close()
        process.wait(30)
        answers.close()
