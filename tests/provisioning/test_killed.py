"""A sync that is killed in the middle is continued by the next, which makes nothing twice."""

import json
import subprocess
import sys
import time

from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.provisioning.sync import sync
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.model import TemplateSpec

SPECS = [
    {"name": f"promo_{number:02}", "language": "en_US", "category": "MARKETING", "content": "Hello"}
    for number in range(60)
]
SYNC = """
import json, sys
from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.provisioning.sync import sync
from airflow_provider_nxlink.specs.model import TemplateSpec

connection, specs = json.load(sys.stdin)
account = Account.checked(
    base_url=connection["host"],
    access_key=connection["login"],
    access_secret=connection["password"],
    **connection["extra"],
)
sync(NxlinkClient(account), [TemplateSpec(**spec) for spec in specs])
"""


def test_after_sigkill_the_next_run_makes_what_is_missing(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.inject("latency", endpoint="create", seconds=0.05, times=0, when="after")
    with subprocess.Popen([sys.executable, "-c", SYNC], stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps([server.connection, SPECS]))
        process.stdin.close()
        deadline = time.monotonic() + 30
        while server.count("create") < 15:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
    made = {str(template.name) for template in client.templates()}
    assert 0 < len(made) < len(SPECS)

    report = sync(client, [TemplateSpec(**spec) for spec in SPECS])
    report.raise_for_failures()
    created = [result.planned.ref.name for result in report.results if result.outcome == "created"]
    assert created == [spec["name"] for spec in SPECS if spec["name"] not in made]
    names = [call.json["name"] for call in server.received(endpoint="create") if call.code == 0]
    assert sorted(names) == [spec["name"] for spec in SPECS]
