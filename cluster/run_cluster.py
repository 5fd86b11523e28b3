"""Run the mapped-approvals example on a whole deployment, kill a worker and a triggerer, judge each result.

    make cluster              # 1 000 waits
    make cluster WAITS=40     # a first impression

Leaves nothing behind, also after Ctrl-C, but the figures; where something went wrong, Airflow's logs too.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "benchmarks")]

from demo import sandbox  # noqa: E402 - from scripts/
from deployment import Deployment  # noqa: E402 - as above
from programs import needed  # noqa: E402 - as above
from services import PrivateServices  # noqa: E402 - as above
from story import Story  # noqa: E402 - as above
from verdicts import DAG_ID, LANGUAGES  # noqa: E402 - as above

# Airflow makes at most so many instances of a mapped task: [core] max_map_length.
MOST_WAITS = 1024
# What the kept figures are of; those of a first impression do not take their place.
WAITS = 1000
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str] | None = None) -> int:
    """Run it; return 0 when every result is right."""
    options = read_options(arguments)
    programs = needed()
    with ExitStack() as stack:
        home = stack.enter_context(throwaway_home(options.home))
        dags = home / "dags"
        dags.mkdir()
        shutil.copy(ROOT / "example_dags" / f"{DAG_ID}.py", dags)
        services = stack.enter_context(PrivateServices(programs))
        url, connection = stack.enter_context(sandbox())
        print("Starting Airflow: scheduler, API server, two workers, two triggerers …", flush=True)
        settings = {"NXLINK_EXAMPLE_POLL_SECONDS": str(options.interval)}
        airflow = stack.enter_context(Deployment(home, dags, connection, services, settings))
        control = stack.enter_context(httpx.Client(base_url=f"{url}/_sandbox", trust_env=False, timeout=60))
        # Ctrl-C comes too late to stop anything once it is being cleaned up.
        stack.callback(_ignore_signals)
        figures = Story(airflow, services, control, options.waits, options.interval).tell()
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        if figures["wrong"]:
            raise SystemExit("Not every result is right.")
    print("Every result is right.")
    return 0


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line: ``waits``, ``interval``, ``home`` and ``output``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add(
        "--waits",
        type=_waits,
        default=WAITS,
        metavar="N",
        help=f"how many waits, a multiple of {len(LANGUAGES)}, from 20 to {MOST_WAITS} (default: {WAITS})",
    )
    add("--interval", type=float, default=10.0, metavar="S", help="seconds between two polls (default: 10)")
    add("--home", type=Path, default=ROOT / ".cluster", help="Airflow's throwaway home (default: .cluster)")
    add(
        "--output",
        type=Path,
        metavar="FILE",
        help=f"where the figures go (default: benchmarks/results/ for {WAITS} waits, else build/)",
    )
    options = parser.parse_args(arguments)
    if options.output is None:
        full = ROOT / "benchmarks" / "results" / "cluster.json"
        options.output = full if options.waits == WAITS else ROOT / "build" / f"cluster-{options.waits}.json"
    return options


def _waits(text: str) -> int:
    waits = int(text)
    if waits % len(LANGUAGES) or not 20 <= waits <= MOST_WAITS:
        raise argparse.ArgumentTypeError(
            f"{text}: a multiple of {len(LANGUAGES)}, as each campaign has as many languages, "
            f"from 20 to {MOST_WAITS}"
        )
    return waits


@contextmanager
def throwaway_home(home: Path) -> Iterator[Path]:
    """Give an empty folder, and remove it at the end; after a failure it stays, for its logs."""
    if home.exists() and not (home / "airflow.cfg").exists() and any(home.iterdir()):
        raise SystemExit(f"{home} is in the way: it is not empty, and no home of an Airflow")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    try:
        yield home.resolve()
    except KeyboardInterrupt:
        shutil.rmtree(home)
        raise
    except BaseException:
        print(f"Airflow's logs are kept in {home}", file=sys.stderr)
        raise
    shutil.rmtree(home)


def _ignore_signals() -> None:
    for sign in SIGNALS:
        signal.signal(sign, signal.SIG_IGN)


def _stop(number: int, _: Any) -> None:
    # Cleaning up is done whole, however often somebody presses Ctrl-C.
    _ignore_signals()
    raise KeyboardInterrupt(number)


if __name__ == "__main__":
    # A terminal that is closed and `kill` end everything too, as Ctrl-C does.
    for sign in SIGNALS:
        signal.signal(sign, _stop)
    try:
        sys.exit(main())
    except KeyboardInterrupt as stopped:
        print("\nStopped; nothing was left behind.")
        sys.exit(128 + stopped.args[0])
