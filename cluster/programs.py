"""The programs of the system that a cluster needs: found, or installed where that can be done."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Debian keeps PostgreSQL's servers off the PATH, in a folder for each version.
POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"
PACKAGES = ("postgresql", "redis-server")
# Says to Debian's packages whether they may start their services.
START_POLICY = Path("/usr/sbin/policy-rc.d")

INSTALL = f"""\
This needs the programs of PostgreSQL (initdb, postgres) and of Redis (redis-server), and starts servers of
its own with them: no service of the system is touched.

    Debian and Ubuntu: sudo apt-get install {" ".join(PACKAGES)}
    elsewhere: the packages that bring these three programs; initdb and redis-server have to be on the PATH

As root on Debian and Ubuntu, `make cluster` installs them by itself."""


@dataclass(frozen=True)
class Programs:
    """Where PostgreSQL's programs are, and Redis's server."""

    postgres_folder: Path
    redis_server: Path


def found() -> Programs | None:
    """Return the programs, of PostgreSQL the newest; None if one is missing."""
    redis = shutil.which("redis-server")
    postgres = postgres_programs()
    return Programs(postgres, Path(redis)) if postgres and redis else None


def postgres_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs; None if there is none."""
    on_path = shutil.which("initdb")
    folders = [folder for folder in Path("/").glob(POSTGRES_FOLDERS[1:]) if (folder / "initdb").exists()]
    newest = max(folders, key=lambda folder: int(folder.parent.name), default=None)
    return newest or (Path(on_path).resolve().parent if on_path else None)


def needed() -> Programs:
    """
    Return the programs, and install them first if they are missing and it can be done.

    :raises SystemExit: saying what to install, and how.
    """
    if (programs := found()) is not None:
        return programs
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {' and '.join(PACKAGES)} with apt-get …", flush=True)
        with _services_kept_from_starting():
            quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            for words in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
                subprocess.run(["apt-get", "--quiet=2", *words], env=quiet, check=True)
        if (programs := found()) is not None:
            return programs
    raise SystemExit(INSTALL)


@contextmanager
def _services_kept_from_starting() -> Iterator[None]:
    """Have the packages installed without their services being started, unless the machine has said."""
    if START_POLICY.exists():
        yield
        return
    START_POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    START_POLICY.chmod(0o755)
    try:
        yield
    finally:
        START_POLICY.unlink()
