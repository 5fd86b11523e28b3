"""NXLink going away and coming back with what it knew: who waits goes on, and who writes asks again."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.errors import NxlinkTransportError
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.operators.template import NxlinkCreateTemplateOperator
from airflow_provider_nxlink.triggers.events import read_event
from airflow_provider_nxlink.triggers.template import NxlinkTemplateTrigger
from tests.reliability.conftest import SandboxProcess

TEMPLATE = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello there"}
REF = {"name": "promo", "language": "en_US"}


def test_what_waits_and_writes_outlives_a_service_that_is_killed_and_started_again(
    sandbox_process: SandboxProcess,
    execute: Callable[..., Any],
    first_event: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    connection = sandbox_process.start()
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", connection)
    hook = NxlinkHook()
    control = f"{hook.account.base_url}/_sandbox"
    made = execute(NxlinkCreateTemplateOperator, template=TEMPLATE)

    async def story() -> Any:
        waiting = asyncio.create_task(first_event(NxlinkTemplateTrigger([REF], poll_interval=0.1)))
        async with httpx.AsyncClient() as http, asyncio.timeout(30):
            while not (await http.get(f"{control}/counts")).json().get("list", 0) > 3:
                await asyncio.sleep(0.05)
        await asyncio.to_thread(sandbox_process.kill)
        async with asyncio.timeout(30):
            while "Polling failed" not in caplog.text:
                await asyncio.sleep(0.05)
        with NxlinkClient(hook.account, attempts=1) as client, pytest.raises(NxlinkTransportError) as refused:
            client.send(calls.create_template(hook.account, made))
        assert not refused.value.outcome_unknown
        assert not waiting.done()
        await asyncio.to_thread(sandbox_process.start)
        await asyncio.to_thread(requests.post, f"{control}/status", json={**REF, "status": 2}, timeout=5)
        return await waiting

    (result,) = read_event(asyncio.run(story()))
    assert (result.verdict, result.template and result.template["id"]) == ("done", made["id"])
    assert caplog.text.count("Polling failed") == 1
    # The pool's connections died with the old process: nobody notices.
    assert execute(NxlinkCreateTemplateOperator, template=TEMPLATE, try_number=2)["id"] == made["id"]
    assert [template.id for template in hook.list_templates()] == [made["id"]]
