"""Write down, for each Airflow, the newest versions that fit, as ``constraints/airflow-<version>.txt``."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from matrix import CELLS, MAKE_TEST, ROOT, beside, interpreter


def pin(airflow: str, groups: list[str]) -> None:
    """Install the newest patch of an Airflow with the newest of all else, and write down what that is."""
    found = interpreter(MAKE_TEST[1])
    if found is None:
        raise SystemExit(f"there is no Python {MAKE_TEST[1]}")
    with tempfile.TemporaryDirectory() as folder:
        python = str(Path(folder) / "bin" / "python")
        install = [python, "-m", "pip", "install", "--quiet"]
        packages = [f"apache-airflow~={airflow}.0", *beside(airflow), "--editable", ".[sandbox]"]
        names = [word for group in groups for word in ("--group", group)]
        for command in (
            [found, "-m", "venv", folder],
            [*install, "--upgrade", "pip>=25.1"],
            [*install, *packages, *names],
        ):
            subprocess.run(command, cwd=ROOT, check=True)
        freeze = [python, "-m", "pip", "freeze", "--exclude-editable"]
        pins = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout
    (ROOT / "constraints" / f"airflow-{airflow}.txt").write_text(pins, encoding="utf-8")
    print(f"constraints/airflow-{airflow}.txt: {len(pins.splitlines())} versions")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", nargs="*", default=[], help="what `make setup` installs besides")
    parser.add_argument("--versions", nargs="*", help="of Airflow; all by default")
    options = parser.parse_args()
    for version in options.versions or sorted({airflow for airflow, _ in CELLS}):
        pin(version, options.groups if version == MAKE_TEST[0] else ["test"])
