"""What was measured in each step, as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Column and the processes whose CPU seconds it adds up.
PROCESSES = {
    "scheduler": ("scheduler",),
    "API": ("api-server",),
    "workers": ("worker-1", "worker-2"),
    "triggerers": ("triggerer-1", "triggerer-2"),
    "DAGs": ("dag-processor",),
    "PostgreSQL": ("postgres",),
    "Redis": ("redis",),
}
# Column and key of a step, of what the database did.
DATABASE = {"commits": "commits", "rows": "rows_changed", "log MB": "log_ahead_mb"}


def table(steps: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a line for each step: its seconds, CPU seconds, requests at NXLink, and the database's work."""
    lines = [("step", "seconds", *(f"CPU {name}" for name in PROCESSES), "requests", *DATABASE)]
    for name, step in steps.items():
        cpu = step["cpu_seconds"]
        lines.append(
            (
                name,
                f"{step['seconds']:.0f}",
                *(f"{sum(cpu.get(part, 0.0) for part in parts):.1f}" for parts in PROCESSES.values()),
                str(sum(step["requests"].values())),
                *(str(step[key]) for key in DATABASE.values()),
            )
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    )
