"""The hook: one connection, two clients, and methods that give models."""

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import redact

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.errors import TemplateExistsError, TemplateNotFoundError
from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.violations import TemplateSpecError

SEED = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello there"}
SPEC = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello there"}


def test_making_a_hook_looks_nothing_up() -> None:
    NxlinkHook("nowhere")


def test_both_clients_come_from_one_connection(sandbox: SandboxServer) -> None:
    hook = NxlinkHook()

    async def ask() -> Any:
        async with await hook.async_client() as client:
            await client.send(calls.list_templates(client.account))
            return client.account

    assert asyncio.run(ask()) == hook.account
    list(hook.list_templates())
    first, second = sandbox.received()
    assert (first.path, first.query) == (second.path, second.query)
    assert first.verified
    assert second.verified


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_the_session_signs_whatever_it_sends(
    algorithm: str, sandbox: SandboxServer, connect: Callable[..., None]
) -> None:
    connect(extra={"algorithm": algorithm})
    session = NxlinkHook().get_conn()
    path = f"{sandbox.url}/saas/wa/template/8613800000000"
    body = {**SEED, "tenant_id": 123}
    assert session.get(path, params={"tenant_id": 123, "page_number": 1, "page_size": 1}).json()["code"] == 0
    assert session.post(path, json=body).json()["code"] == 0
    assert session.put(path, json={**body, "content": "Grüße"}).json()["code"] == 0
    upload = f"{sandbox.url}/saas/wa/media/8613800000000"
    assert session.post(upload, files={"url": (None, "https://x.io/a.jpg")}).json()["code"] == 0
    assert all(call.verified for call in sandbox.received())


def test_a_spec_may_be_a_mapping_or_an_object(sandbox: SandboxServer) -> None:
    hook = NxlinkHook()
    created = hook.create_template(SPEC)
    assert isinstance(created, Template)
    updated = hook.update_template(TemplateSpec(**{**SPEC, "content": "Hello again"}))
    assert (updated.id, updated.content) == (created.id, "Hello again")


def test_a_bad_spec_is_refused_before_anything_is_sent(sandbox: SandboxServer) -> None:
    for method in (NxlinkHook().create_template, NxlinkHook().update_template):
        with pytest.raises(TemplateSpecError, match="content: "):
            method({**SPEC, "content": ""})
    assert sandbox.received() == []


def test_find_gives_none_and_get_raises_for_what_is_not_there(sandbox: SandboxServer) -> None:
    hook = NxlinkHook()
    assert hook.find_template("promo", "en_US") is None
    with pytest.raises(TemplateNotFoundError, match="4711"):
        hook.get_template(4711)
    assert hook.delete_template(4711) is False


def test_find_takes_the_exact_name_and_language(sandbox: SandboxServer) -> None:
    sandbox.seed([{**SEED, "name": "promo_2"}, {**SEED, "language": "de"}, SEED])
    found = NxlinkHook().find_template("promo", "en_US")
    assert found is not None
    assert (found.name, found.language) == ("promo", "en_US")


def test_create_and_update_raise_what_stands_in_the_way(sandbox: SandboxServer) -> None:
    hook = NxlinkHook()
    with pytest.raises(TemplateNotFoundError):
        hook.update_template(SPEC)
    made = hook.create_template(SPEC)
    with pytest.raises(TemplateExistsError) as raised:
        hook.create_template(SPEC)
    assert raised.value.template.id == made.id
    assert hook.create_template(SPEC, if_exists="skip").id == made.id


def test_the_list_is_read_page_by_page_as_it_is_used(
    sandbox: SandboxServer, connect: Callable[..., None]
) -> None:
    connect(extra={"page_size": 10})
    sandbox.seed([{**SEED, "name": f"promo_{number}"} for number in range(35)])
    templates = NxlinkHook().list_templates()
    next(templates)
    assert sandbox.count("list") == 1
    assert len(list(templates)) == 34
    assert sandbox.count("list") == 4


def test_flows_and_media_come_as_models(sandbox: SandboxServer) -> None:
    hook = NxlinkHook()
    assert [flow.id for flow in hook.list_flows()] == ["470341793809141"]
    assert hook.upload_media("https://x.io/a.png").media_type == "IMAGE"


def test_nothing_shows_the_secret(sandbox: SandboxServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    hook = NxlinkHook()
    hook.create_template(SPEC)
    shown = [repr(hook), repr(hook.account), repr(hook.client), repr(hook.get_conn()), caplog.text]
    assert not any("sandbox-secret" in text for text in shown)
    assert not any(re.search(r"\bsign\b", text) for text in shown)


def test_airflow_masks_the_password_of_the_connection(
    sandbox: SandboxServer, connect: Callable[..., None]
) -> None:
    connect(password="Sekret-4f1d9c0b7a")
    _ = NxlinkHook().account
    assert "Sekret" not in str(redact("the password is Sekret-4f1d9c0b7a"))
