"""The README's table of ratios, made of what is in ``results/``: ``python benchmarks/readme.py``."""

from __future__ import annotations

from pathlib import Path

from results import rows_of, write_table

HERE = Path(__file__).resolve().parent
RESULTS, README = HERE / "results", HERE.parent / "README.md"
BEGIN, END = "<!-- bench -->\n", "<!-- end of bench -->\n"

HEAD = "| what | beside | |\n|---|---|---:|\n"
# Of which benchmark, its which row, and how a reader is told; as the row itself says it where that is "".
ROWS = (
    (
        "imports",
        0,
        "importing all that DAG files import, over `airflow.sdk`",
        "the HTTP provider's operators and sensor",
    ),
    (
        "parsing",
        0,
        "parsing 100 tasks with 20 spec files, in a fresh process",
        "100 `HttpOperator`s with inline JSON",
    ),
    ("parsing", 1, "the same in the DAG processor, which loads the HTTP provider beforehand", "the same"),
    ("creating", 0, "a signed create on a warm connection", "a bare `requests.Session.post`"),
    ("listing", 0, "listing 10 000 templates, all fields validated", "bare `requests` and `json`"),
    ("waiting", 0, "", "a trigger for each with its own poll"),
    ("waiting", 1, "", "the same"),
    (
        "syncing",
        0,
        "a sync of 500 specs, the server 50 ms away, 8 calls at a time",
        "what the latency of its requests makes",
    ),
    (
        "mapped",
        0,
        "500 mapped `HttpOperator` tasks, extrapolated from 50",
        "one sync of 500 specs",
    ),
)


def write_readme(results: Path = RESULTS, readme: Path = README) -> None:
    """Write the table anew into ``readme``, between its marks; rows that were not measured are left out."""
    lines = [
        f"| {what or row['what']} | {beside} | {two_figures(row['measured'])} × |\n"
        for name, number, what, beside in ROWS
        for row in rows_of(results, name)[number : number + 1]
    ]
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text("".join([before, BEGIN, HEAD, *lines, END, after]), encoding="utf-8")


def two_figures(value: float) -> str:
    """Return a number with two figures that count; with three from 1.05 to 2, where targets lie close."""
    if 1.05 <= value < 2:
        return f"{value:.2f}"
    digits = 1 if value >= 1 else 2 if value >= 0.1 else 3
    return f"{value:.0f}" if value >= 10 else f"{value:.{digits}f}"


if __name__ == "__main__":
    write_table(RESULTS)
    write_readme()
