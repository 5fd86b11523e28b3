"""Results as JSON files, and all of them as one table."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rows import Row, shortened

# The benchmarks, in the order of the table; ``waiting`` is run apart.
ORDER = ("imports", "parsing", "creating", "listing", "waiting", "waits", "syncing", "mapped")

HEAD = """\
# Results

Written by `make bench`; [what is measured, and how](../README.md). Each ratio is the median of several turns
in one run, in which both were measured in turns on the same machine; of `waiting` and `waits` it is one run.

| what | beside | measured | target | |
|---|---|---:|---:|---|
"""


def write_results(file: Path, name: str, rows: Sequence[Row], seconds: float) -> None:
    """Write what a benchmark measured, and what it was measured on."""
    content = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command(name),
        "seconds": round(seconds, 1),
        "machine": {
            "cpus": os.cpu_count(),
            "load_average": [round(load, 2) for load in os.getloadavg()],
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "airflow": version("apache-airflow"),
        },
        "rows": [_plain(row) for row in rows],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_table(folder: Path) -> str:
    """Write ``README.md`` of all the JSON files in a folder, and return it."""
    lines: list[str] = []
    commands: list[str] = []
    # Other measurements keep their figures in the same folder.
    for name in ORDER:
        if not (folder / f"{name}.json").exists():
            continue
        content = _read(folder, name)
        lines += map(_line, rows_of(folder, name))
        machine = content["machine"]
        by = content.get("command", "make bench-waiting")
        told = f"{machine['cpus']} CPUs, Python {machine['python']}, Airflow {machine['airflow']}"
        commands.append(f"- `{by}`: {content['measured_at'][:10]}, {told}\n")
    text = "".join([HEAD, *lines, "\nMeasured by, in this order:\n\n", *commands])
    (folder / "README.md").write_text(text, encoding="utf-8")
    return text


def rows_of(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows that a benchmark left in a folder; none where it left nothing."""
    if not (folder / f"{name}.json").exists():
        return []
    content = _read(folder, name)
    rows: list[dict[str, Any]] = content["rows"] if "rows" in content else whole_airflow_rows(content)
    return rows


def command(name: str) -> str:
    """Return how a benchmark is run by itself."""
    return f"make bench BENCH={name}"


def whole_airflow_rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of what ``waiting.py`` measured, with the most waits for which it did."""
    pairs: dict[int, dict[str, Any]] = {}
    for item in content["measured"]:
        pairs.setdefault(item["waits"], {})[item["kind"]] = item
    waits = max(waits for waits, pair in pairs.items() if len(pair) == 2)
    shared, plain = pairs[waits]["shared"], pairs[waits]["plain"]
    cpu = [m["cpu_seconds_per_interval"] - m["idle_cpu_seconds_per_interval"] for m in (shared, plain)]
    requests = [m["requests_per_interval"] for m in (shared, plain)]
    beside = "one trigger per task with its own poll"
    return [
        _plain(
            Row(
                f"{waits} deferred waits in a whole Airflow, {what}", beside, ours / theirs, target, note=note
            )
        )
        for what, (ours, theirs), target, note in (
            ("requests per interval", requests, 0.01, "{} against {}".format(*requests)),
            ("triggerer CPU per interval beyond idle", cpu, 0.1, "{:.3f} s against {:.3f} s".format(*cpu)),
        )
    ]


def _read(folder: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return content


def _plain(row: Row) -> dict[str, Any]:
    return {
        "what": row.what,
        "beside": row.beside,
        "measured": float(shortened(row.measured)),
        "target": row.target,
        "more_is_better": row.more_is_better,
        "met": row.met,
        "note": row.note,
        "details": row.details,
    }


def _line(row: dict[str, Any]) -> str:
    target = f"{'≥' if row['more_is_better'] else '≤'} {shortened(row['target'])}"
    met = "" if row["met"] else "**not met**; "
    measured = shortened(row["measured"])
    return f"| {row['what']} | {row['beside']} | {measured} × | {target} × | {met}{row['note']} |\n"
