"""Run the benchmarks, and write what they measured as JSON and as one table.

    python benchmarks/run.py                  # all of them
    python benchmarks/run.py creating listing # some

Needs the package with its ``sandbox`` extra and the dependency group ``bench``; `make bench` sees to both.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))

from readme import RESULTS, write_readme  # noqa: E402 - beside this file
from results import ORDER, write_results, write_table  # noqa: E402 - as above

BENCHMARKS = tuple(name for name in ORDER if name != "waiting")


def main(arguments: list[str] | None = None) -> None:
    """Run what the command line names, in this order, and write the tables anew, here and in the README."""
    options = read_options(arguments)
    for name in options.names or BENCHMARKS:
        print(f"{name} …", flush=True)
        began = time.monotonic()
        rows = importlib.import_module(name).measure()
        write_results(options.results / f"{name}.json", name, rows, time.monotonic() - began)
        for row in rows:
            print(
                f"  {row.what}: {row.measured:.3g} ({'met' if row.met else 'NOT MET'})  {row.note}",
                flush=True,
            )
    print(write_table(options.results))
    if options.results == RESULTS:
        write_readme()


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line: ``names`` and ``results``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "names", nargs="*", choices=(*BENCHMARKS, []), metavar="NAME", help=", ".join(BENCHMARKS)
    )
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER", help="benchmarks/results")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
