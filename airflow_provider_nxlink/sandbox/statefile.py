"""The SQLite file in which a sandbox's templates, media and name locks outlive it."""

import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airflow_provider_nxlink.sandbox.reviews import Step
from airflow_provider_nxlink.sandbox.store import Template


class StateFile:
    """A table of (kind, key) → JSON. Used under the sandbox's lock, from whichever thread holds it."""

    def __init__(self, path: Path) -> None:
        self.existed = path.exists()
        _make_private(path)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # The file is a convenience, not a ledger: speed over surviving a power cut.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS item (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key))"
        )

    def write(self, kind: str, items: dict[str, dict[str, Any] | None]) -> None:
        """Keep items by key; None forgets one."""
        gone = [(kind, key) for key, value in items.items() if value is None]
        kept = [(kind, key, json.dumps(value)) for key, value in items.items() if value is not None]
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany("DELETE FROM item WHERE kind = ? AND key = ?", gone)
            self._connection.executemany("REPLACE INTO item VALUES (?, ?, ?)", kept)

    def read(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Yield every item of a kind."""
        for key, value in self._connection.execute("SELECT key, value FROM item WHERE kind = ?", (kind,)):
            yield key, json.loads(value)

    def templates(self) -> Iterator[Template]:
        """Yield the templates kept."""
        for _, value in self.read("template"):
            yield Template(**{**value, "steps": [Step(**step) for step in value["steps"]]})

    def clear(self) -> None:
        """Forget everything."""
        self._connection.execute("DELETE FROM item")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _make_private(path: Path) -> None:
    # SQLite gives its journal the mode of the database, so this covers both.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
