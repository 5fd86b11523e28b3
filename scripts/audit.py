"""Asks whether what a user installs with this package has known vulnerabilities.

    python scripts/audit.py [--osv-url URL] [arguments for pip-audit …]

Audited is the package's own tree of dependencies, sandbox included, as the pins of constraints/ have
installed it. There are three outcomes: nothing is known (exit code 0), something is known (1), and osv.dev
could not be asked. The last is said in a line and passes, so that work goes on without a network. It fails
(2) where AUDIT_STRICT=1 is set, and in public builds, which set GITHUB_ACTIONS.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGE, EXTRAS = "airflow-provider-nxlink", ("", "sandbox")
CLEAN, VULNERABLE, NOT_ASKED = 0, 1, 2
TIMEOUT_SECONDS = 5


def main(arguments: list[str]) -> int:
    """Audit, say the outcome, and return the exit code."""
    pins = sorted(pinned())
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text("\n".join(pins), encoding="utf-8")
        answer = ask(requirements, arguments)
    if isinstance(answer, str):
        print(f"NOT AUDITED: the service for advisories could not be asked ({answer})")
        strict = os.environ.get("AUDIT_STRICT") == "1" or "GITHUB_ACTIONS" in os.environ
        return NOT_ASKED if strict else CLEAN
    known = list(vulnerabilities(answer))
    print(f"{len(answer)} dependencies audited, {len(known)} known vulnerabilities", *known, sep="\n  ")
    return VULNERABLE if known else CLEAN


def pinned() -> Iterator[str]:
    """Yield ``name==version`` of each distribution that the package needs, by itself or through another."""
    done: set[tuple[str, str]] = set()
    upcoming = [(PACKAGE, extra) for extra in EXTRAS]
    while upcoming:
        name, extra = upcoming.pop()
        if (name, extra) in done:
            continue
        done.add((name, extra))
        try:
            found = [Requirement(text) for text in requires(name) or ()]
            if name != PACKAGE and not extra:
                yield f"{name}=={version(name)}"
        except PackageNotFoundError:  # a marker of another platform let it through
            continue
        for need in found:
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                upcoming += [(canonicalize_name(need.name), each) for each in ("", *need.extras)]


def ask(requirements: Path, arguments: list[str]) -> list[dict[str, Any]] | str:
    """Return what pip-audit says of each dependency; in words, why it could say nothing."""
    command = [
        *(
            sys.executable,
            "-m",
            "pip_audit",
            "--requirement",
            str(requirements),
            "--no-deps",
            "--disable-pip",
        ),
        *("--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off", "--desc", "off"),
        *("--timeout", str(TIMEOUT_SECONDS), *arguments),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        dependencies: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        lines = [line for line in done.stderr.splitlines() if re.match("ERROR|usage|.*rror:", line)]
        return (lines or ["it said nothing"])[-1][:200]
    skipped = [str(each.get("skip_reason")) for each in dependencies if "skip_reason" in each]
    return f"{len(skipped)} skipped, the first: {skipped[0]}" if skipped else dependencies


def vulnerabilities(dependencies: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a line for each vulnerability."""
    for each in dependencies:
        for found in each["vulns"]:
            names = ", ".join([found["id"], *found.get("aliases", ())])
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            yield f"{each['name']} {each['version']}: {names}; fixed in {fixed}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
