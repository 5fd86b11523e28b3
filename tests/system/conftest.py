"""A whole Airflow in processes of its own, for the tests here to share, and a sandbox it speaks to."""

import importlib.util
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from running_airflow import RunningAirflow

from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sandbox.settings import Account
from tests.faults.forward_proxy import ForwardProxy

HERE = Path(__file__).resolve().parent
SHARES_POLLS = importlib.util.find_spec("airflow.triggers.shared_stream") is not None
EXAMPLES = HERE.parent.parent / "example_dags"


@pytest.fixture(scope="session")
def live_sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(approve_after=2, account=Account(access_secret="pLaNtEd-AcCeSs-SeCrEt")) as server:
        yield server


@pytest.fixture(scope="session")
def link_secret() -> str:
    """The signature of a media link that a DAG names."""
    return "pLaNtEd-LiNk-SiGnAtUrE"


@pytest.fixture(scope="session")
def plain_secret() -> str:
    """What an operator that is not ours has in a rendered field, and has masked."""
    return "pLaNtEd-PlAiN-SeCrEt"


@pytest.fixture(scope="session")
def way_to_indonesia(live_sandbox: SandboxServer) -> Iterator[dict[str, str]]:
    """Environment in which NXLink's host of a region is the sandbox."""
    connection = json.loads(live_sandbox.connection_json)
    connection["host"] = "http://api-idn.nxlink.ai"
    connection["extra"]["allow_http"] = True
    with ForwardProxy(live_sandbox.url).running() as address:
        yield {"AIRFLOW_CONN_NXLINK_INDONESIA": json.dumps(connection), "http_proxy": f"http://{address}"}


@pytest.fixture(scope="session")
def airflow(
    live_sandbox: SandboxServer,
    link_secret: str,
    plain_secret: str,
    way_to_indonesia: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningAirflow]:
    """Airflow with a scheduler, a triggerer and the rest; it is stopped at the end."""
    root = tmp_path_factory.mktemp("airflow")
    dags = root / "dags"
    shutil.copytree(HERE / "dags", dags)
    shutil.copy(EXAMPLES / "example_nxlink_template_lifecycle.py", dags)
    options = way_to_indonesia | {
        "NXLINK_EXAMPLE_POLL_SECONDS": "1",
        "AIRFLOW_VAR_PLANTED_LINK": f"https://media.example/spring.jpg?OSSAccessKeyId=LTAI&Signature={link_secret}",
        "AIRFLOW_VAR_PLANTED_PLAIN": plain_secret,
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
        # Where most is said, most could be told that is nobody's business.
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
    }
    with RunningAirflow(root / "home", dags, live_sandbox.connection_json, options) as running:
        yield running


@pytest.fixture(scope="session")
def web(live_sandbox: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAirflow]:
    """The web server of an Airflow that runs nothing, and lets connections be tested."""
    root = tmp_path_factory.mktemp("web")
    options = {"AIRFLOW__CORE__TEST_CONNECTION": "Enabled"}
    airflow = RunningAirflow(root / "home", root / "dags", live_sandbox.connection_json, options)
    try:
        airflow.serve_pages()
        yield airflow
    finally:
        airflow.stop_all()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and run them last: the quick ones tell first."""
    mine = [item for item in items if HERE in item.path.parents]
    for item in mine:
        item.add_marker(pytest.mark.system)
    items[:] = [item for item in items if item not in mine] + mine


@pytest.fixture(scope="session")
def waits() -> int:
    """How many waits the mapped test makes; more with NXLINK_SYSTEM_WAITS, fewer where none share a poll."""
    return int(os.environ.get("NXLINK_SYSTEM_WAITS", "24" if SHARES_POLLS else "6"))
