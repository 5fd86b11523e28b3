"""What tests of the hook share."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_nxlink.sandbox.server import SandboxServer

SECRET = "Sekret-4f1d9c0b7a"


@pytest.fixture
def connect(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what changes ``nxlink_default``; a None leaves a field out, also one of ``extra``."""

    def change(extra: dict[str, Any] | None = None, **fields: Any) -> None:
        connection = {**sandbox.connection, **fields}
        connection["extra"] = {**connection["extra"], **(extra or {})}
        for part in (connection, connection["extra"]):
            for key in [key for key, value in part.items() if value is None]:
                del part[key]
        monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))

    return change
