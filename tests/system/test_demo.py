"""`make demo` as a person runs it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def demo(tmp_path: Path) -> list[str]:
    """Return the demo's command, on a home of its own, so that a developer's own run is left alone."""
    return [sys.executable, "-u", str(ROOT / "scripts" / "demo.py"), "--home", str(tmp_path / "airflow")]


def started_by(pid: int) -> list[str]:
    """Return the command lines of all processes whose environment or ancestry leads to ``pid``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"NXLINK_DEMO_PID={pid}\0".encode() in environment and int(folder.name) != pid:
            found.append(command)
    return found


def test_it_tells_the_walk_of_the_template_and_ends_well(demo: list[str], tmp_path: Path) -> None:
    own = tmp_path / "the users own"
    own.mkdir()
    environment = os.environ | {"AIRFLOW_HOME": str(own), "HOME": str(own)}
    done = subprocess.run(demo, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    walk = [line.split("template is ")[1] for line in done.stdout.splitlines() if "the template is " in line]
    assert walk == ["pending (1)", "in use (2)", "pending (1)", "in use (2)", "gone from NXLink"]
    for task in ("upload", "create", "approved", "read", "update", "approved_again", "delete"):
        assert f"  success  {task} " in done.stdout
    assert "Every task succeeded." in done.stdout
    assert "REFUSED" not in done.stdout
    assert [path for path in own.rglob("*") if path.is_file()] == []
    # The README shows some of it; times and ids differ.
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("<!-- shown: demo -->\n```text\n")[2].partition("\n```")[0]
    told = {re.sub(r"\d+", "0", line).strip() for line in done.stdout.splitlines()}
    assert len(shown.splitlines()) > 5
    for line in shown.replace("…", "").splitlines():
        assert re.sub(r"\d+", "0", line).strip() in told


@contextmanager
def stopped_when(demo: list[str], said: str, sign: signal.Signals) -> Iterator[subprocess.Popen[str]]:
    """Start the demo, wait until it says something, and stop it at the end."""
    with subprocess.Popen(
        demo,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_interrupts,  # noqa: PLW1509 - no thread runs here
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if said in line:
                break
        yield process
        time.sleep(0.5)
        process.send_signal(sign)
        process.stdout.read()
        process.wait(30)


def _heed_interrupts() -> None:
    # A shell has what it runs in the background ignore them, and that is inherited.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("sign", "when"),
    [(signal.SIGTERM, "Preparing Airflow"), (signal.SIGINT, "the template is pending")],
)
def test_it_leaves_no_process_behind_when_it_is_stopped(
    demo: list[str], sign: signal.Signals, when: str
) -> None:
    with stopped_when(demo, when, sign) as process:
        assert started_by(process.pid), "the test must be able to see what the demo starts"
    assert process.returncode == 128 + sign
    assert started_by(process.pid) == []
