"""Compare waits that share one poll with waits that each poll for themselves, in a real triggerer.

    python benchmarks/waiting.py --waits 10,100

Needs the package installed with its ``sandbox`` extra, and nothing else. See README.md for what is measured.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))

from demo import sandbox  # noqa: E402 - from scripts/
from readme import RESULTS, write_readme  # noqa: E402 - beside this file
from results import write_table  # noqa: E402 - as above
from waiting_report import KINDS, expectations, ratios, table, write_json  # noqa: E402 - as above
from waits_measured import Measured, measure  # noqa: E402 - as above


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table after each measurement, write JSON, and the tables made of it."""
    options = read_options(arguments)
    measured: list[Measured] = []
    with sandbox() as (url, connection):
        for waits in options.waits:
            for kind in KINDS:
                print(f"{waits} waits, {kind} poll …", flush=True)
                measured.append(measure(kind, waits, options.interval, url, connection))
                measured.sort(key=lambda item: item.waits)
                # The whole takes a quarter of an hour: what is there is shown and kept.
                print(table(measured), flush=True)
                write_json(options.output, measured, options.interval)
    print("\nPlain over shared, requests, CPU and memory beyond the idle triggerer:")
    for number, values in ratios(measured).items():
        shown = ", ".join(f"{what} {'-' if ratio is None else ratio}" for what, ratio in values.items())
        print(f"  {number} waits: {shown}")
    print("\n".join(expectations(measured, options.interval)))
    if options.output == RESULTS / "waiting.json":
        write_table(RESULTS)
        write_readme()


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line: ``waits``, ``interval`` and ``output``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add(
        "--waits",
        type=_numbers,
        default=[10, 500],
        metavar="N,…",
        help="how many waits, each from 2 to 1000 (default: 10,500)",
    )
    add(
        "--interval",
        type=_seconds,
        default=10.0,
        metavar="S",
        help="seconds between two polls (default: 10)",
    )
    add(
        "--output",
        type=Path,
        default=RESULTS / "waiting.json",
        metavar="FILE",
        help="where the JSON goes (default: benchmarks/results/waiting.json)",
    )
    return parser.parse_args(arguments)


def _numbers(text: str) -> list[int]:
    numbers = [int(part) for part in text.split(",")]
    # Some change one at a time and the rest together; a mapped task has at most 1024 instances, and a
    # triggerer runs at most 1000 triggers.
    if not all(2 <= number <= 1000 for number in numbers):
        raise argparse.ArgumentTypeError(f"{text}: each is a number of waits from 2 to 1000")
    return numbers


def _seconds(text: str) -> float:
    if not 0 < (seconds := float(text)) <= 600:
        raise argparse.ArgumentTypeError(f"{text}: more than 0 seconds, and at most 600")
    return seconds


if __name__ == "__main__":
    # A terminal that is closed and `kill` end Airflow and the sandbox too, as Ctrl-C does.
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda number, _: sys.exit(128 + number))
    main()
