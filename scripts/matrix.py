"""
Run the test suite on each Airflow and Python that is supported, and tell what came of it.

    python scripts/matrix.py                all of it
    python scripts/matrix.py --only 3.1     one Airflow
    python scripts/matrix.py --only "2.11 py3.13 airflow-3.3-py3.11"    an Airflow, a Python, and one of both

Each has a virtual environment of its own in ``.matrix/``, made anew when its pins
change, and a log beside it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".matrix"
# Airflow and Python; the one that `make test` runs on is the longest, as it measures coverage, and begins.
CELLS = (
    ("3.3", "3.11"),
    ("3.0", "3.11"),
    ("3.1", "3.11"),
    ("3.2", "3.11"),
    ("3.3", "3.12"),
    ("3.3", "3.13"),
    ("2.11", "3.11"),
)
MAKE_TEST = ("3.3", "3.11")
# Tests of whole Airflows wait more than they work; with more on two cores, those of time begin to fail.
JOBS = 3
TIMEOUT = 50 * 60
# Lines of a log that are shown: of the run that measures coverage, and of one that failed.
COVERAGE_LINES, FAILED_LINES = 70, 200


@dataclass
class Cell:
    """One Airflow on one Python, and how the tests went there."""

    airflow: str
    python: str
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    passed_alone: list[str] = field(default_factory=list)
    left_out: str = ""
    seconds: float = 0

    @property
    def name(self) -> str:
        return f"airflow-{self.airflow}-py{self.python}"

    @property
    def names(self) -> set[str]:
        return {self.name, self.airflow, f"py{self.python}"}

    @property
    def log(self) -> Path:
        return HOME / f"{self.name}.log"

    @property
    def cache(self) -> Path:
        return HOME / f"{self.name}.cache"

    @property
    def is_make_test(self) -> bool:
        return (self.airflow, self.python) == MAKE_TEST

    def run(self) -> Cell:
        """Run the tests, and keep how they went; nothing is raised."""
        found = interpreter(self.python)
        if found is None:
            self.left_out = f"no Python {self.python} on PATH or in pyenv"
            return self
        print(f"{self.name} begins", flush=True)
        begun = time.monotonic()
        try:
            with self.log.open("w", encoding="utf-8") as log, tempfile.TemporaryDirectory() as scratch:
                self._test(found, Path(scratch), log)
        except (OSError, subprocess.SubprocessError, ET.ParseError) as error:
            self.failed.append(f"{self.name}: {error}")
        self.seconds = time.monotonic() - begun
        print(f"{self.name} has {'FAILED' if self.failed else 'passed'} in {self.seconds:.0f} s", flush=True)
        return self

    def run_failed_again(self) -> None:
        """Run what failed once more, by itself: tests of time fail where others take it."""
        if not self.counts["failed"]:
            return
        folder = ROOT / ".venv" if self.is_make_test else HOME / self.name
        command = [
            str(folder / "bin" / "python"),
            "-m",
            "pytest",
            "--last-failed",
            "-o",
            f"cache_dir={self.cache}",
        ]
        try:
            with self.log.open("a", encoding="utf-8") as log:
                code = subprocess.run(
                    command, cwd=ROOT, stdout=log, stderr=log, timeout=TIMEOUT, check=False
                ).returncode
        except subprocess.TimeoutExpired:
            return
        if code == 0:
            self.passed_alone, self.failed = self.failed, []
            self.counts["passed"] += self.counts.pop("failed")

    def _test(self, found: str, scratch: Path, log: object) -> None:
        results = scratch / "results.xml"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
        environment |= {
            "TMPDIR": str(scratch),
            "PYTEST_ADDOPTS": f"-o cache_dir={self.cache} --junitxml={results}",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        if self.is_make_test:
            command = ["make", "--no-print-directory", "test", f"PYTHON={found}"]
        else:
            command = [str(environment_of(self, found, log)), "-m", "pytest"]
        code = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, timeout=TIMEOUT, check=False
        ).returncode
        self._read(results)
        if code and not self.failed:
            self.failed.append(f"{self.name}: {command[-1]} ended with {code}")

    def _read(self, results: Path) -> None:
        for case in ET.parse(results).iter("testcase"):  # noqa: S314 - it is ours
            if (skipped := case.find("skipped")) is not None:
                self.counts["skipped"] += 1
                # Of a whole file the message says nothing, and the text ends: , 'Skipped: the reason').
                told = (skipped.text or "").partition("Skipped: ")[2].rstrip("')\"")
                message = skipped.get("message") or ""
                self.reasons[told if message == "collection skipped" else message] += 1
            elif case.find("failure") is not None or case.find("error") is not None:
                self.counts["failed"] += 1
                self.failed.append(f"{case.get('classname')}::{case.get('name')}")
            else:
                self.counts["passed"] += 1


def interpreter(version: str) -> str | None:
    """Return a Python of a version that runs: from PATH, where it may be an empty shim, or from pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for candidate in [shutil.which(f"python{version}"), *map(str, pyenv.glob(f"{version}.*/bin/python"))]:
        if candidate and _runs(candidate, version):
            return candidate
    return None


def _runs(candidate: str, version: str) -> bool:
    code = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"
    asked = [candidate, "-c", code]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return False
    return done.stdout.strip() == version


def beside(airflow: str) -> list[str]:
    """Return what is to be installed beside a version of Airflow; see ``[tool.matrix]``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(project["tool"]["matrix"]["beside"].get(airflow, ()))


def environment_of(cell: Cell, found: str, log: object) -> Path:
    """Return the Python of a cell's environment, made if it is not there or if its pins have changed."""
    folder = HOME / cell.name
    python = folder / "bin" / "python"
    pins = ROOT / "constraints" / f"airflow-{cell.airflow}.txt"
    made_of = sha256((ROOT / "pyproject.toml").read_bytes() + pins.read_bytes()).hexdigest()
    ready = folder / ".ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != made_of:
        shutil.rmtree(folder, ignore_errors=True)
        install = [str(python), "-m", "pip", "install", "--quiet"]
        packages = [f"apache-airflow~={cell.airflow}.0", *beside(cell.airflow), "--editable", ".[sandbox]"]
        for command in (
            [found, "-m", "venv", str(folder)],
            [*install, "--upgrade", "pip>=25.1"],
            [*install, "--constraint", str(pins), *packages, "--group", "test"],
        ):
            subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, check=True)
        ready.write_text(made_of, encoding="utf-8")
    return python


def show_logs(cells: list[Cell]) -> None:
    """Print what the logs end with, of the run that measured coverage and of those that failed."""
    for cell in cells:
        shown = FAILED_LINES if cell.failed else COVERAGE_LINES if cell.is_make_test else 0
        if shown and cell.log.exists():
            lines = cell.log.read_text(encoding="utf-8", errors="replace").splitlines()
            print(f"\n{cell.log.name} ends with:", *lines[-shown:], sep="\n")


def report(cells: list[Cell]) -> None:
    """Print the table, why tests were skipped, and which failed."""
    print(f"\n{'':<24}{'passed':>8}{'skipped':>9}{'failed':>8}{'seconds':>9}")
    for cell in cells:
        counts = "".join(
            f"{cell.counts[kind]:>{width}}" for kind, width in (("passed", 8), ("skipped", 9), ("failed", 8))
        )
        print(f"{cell.name:<24}" + (f"  left out: {cell.left_out}" if cell.left_out else counts), end="")
        print("" if cell.left_out else f"{cell.seconds:>9.0f}")
    for cell in cells:
        if cell.reasons:
            print(f"\nSkipped on {cell.name}:")
            for reason, number in sorted(cell.reasons.items()):
                print(f"  {number:>3} × {reason}")
    for cell in cells:
        if cell.passed_alone:
            print(f"\nFailed beside another cell on {cell.name}, and passed alone:")
            print("".join(f"  {name}\n" for name in cell.passed_alone), end="")
    for cell in cells:
        if cell.failed:
            print(f"\nFailed on {cell.name} ({cell.log}):")
            print("".join(f"  {name}\n" for name in cell.failed), end="")
    sums = {kind: sum(cell.counts[kind] for cell in cells) for kind in ("passed", "failed", "skipped")}
    print("\n" + ", ".join(f"{number} {kind}" for kind, number in sums.items()))


def main() -> int:
    """Run what was asked for; return 1 if anything failed, or nothing was run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="which Airflows, Pythons or both")
    parser.add_argument("--jobs", type=int, default=JOBS, help="how many at once")
    options = parser.parse_args()
    words = set(options.only.split())
    cells = [cell for cell in (Cell(*pair) for pair in CELLS) if not words or words & cell.names]
    HOME.mkdir(exist_ok=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        done = list(pool.map(Cell.run, cells))
    for cell in done:
        cell.run_failed_again()
    show_logs(done)
    report(done)
    ran = [cell for cell in done if not cell.left_out]
    return int(not ran or any(cell.failed for cell in ran))


if __name__ == "__main__":
    sys.exit(main())
