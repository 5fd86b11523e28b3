"""The connection form in a real browser, on a real web server of whichever Airflow is installed."""
# ruff: noqa: E402 - without a browser there is nothing to import the rest for

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make browser")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("there is no Chromium on this machine: make browser", allow_module_level=True)

from running_airflow import RunningAirflow

from airflow_provider_nxlink import connection_form
from airflow_provider_nxlink.sandbox.server import SandboxServer
from tests.system.connection_forms import ConnectionForm, photograph, saved

# Where pictures for the documentation go, when they are asked for.
PICTURES = os.environ.get("NXLINK_SCREENSHOTS")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS = 20


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One page of a browser that knows nothing yet."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("chromium"),
            executable_path=CHROMIUM,
            headless=True,
            args=FLAGS,
            viewport={"width": 1000, "height": 1400},
        )
        browser.set_default_timeout(SECONDS * 1000)
        page = browser.new_page()
        yield page
        browser.close()


@pytest.fixture
def form(page: Any, web: RunningAirflow) -> Any:
    return ConnectionForm(page, f"http://127.0.0.1:{web.port}")


def picture(name: str, shown: Any, page: Any) -> None:
    if PICTURES:
        photograph(shown, Path(PICTURES) / f"{name}.png", page)


def given(sandbox: SandboxServer) -> dict[str, str]:
    """Return what to put into the form for the sandbox, by labels."""
    host, _, port = sandbox.url.rpartition(":")
    return {
        "API base URL": host,
        "Port": port,
        "accessKey": sandbox.account.access_key,
        "accessSecret": sandbox.account.access_secret,
        "Sender phone number": sandbox.account.phones[0],
        "Tenant ID": str(sandbox.account.tenant_ids[0]),
    }


def test_shows_every_field_with_its_label_placeholder_and_help(form: Any, page: Any) -> None:
    form.new("nxlink_default", "NXLink")
    assert form.kind() == "NXLink"
    labels = form.labels()
    standard = {"host": "API base URL", "port": "Port", "login": "accessKey", "password": "accessSecret"}
    assert set(standard.values()) < set(labels)
    assert not {"Schema", "Host", "Login", "Password"} & set(labels)
    for name, label in standard.items():
        assert form.field(label).placeholder == connection_form.PLACEHOLDERS[name]
    picture("connection-form", form.whole, page)
    for name, (label, description, schema) in connection_form.EXTRA_FIELDS.items():
        seen = form.field(label)
        assert seen.help == description
        if form.shows_placeholders_of_extras:
            assert seen.placeholder == connection_form.PLACEHOLDERS.get(name, "")
        if schema["type"][0] != "boolean":
            assert seen.value == str(schema.get("default", ""))
    picture("connection-form-extra", form.whole, page)


def test_hides_the_secret_while_it_is_typed(form: Any) -> None:
    form.new("masked", "NXLink")
    assert form.field("accessSecret").kind == "password"
    assert form.field("accessKey").kind != "password"


def test_what_is_saved_comes_back_and_the_secret_does_not(
    form: Any, page: Any, web: RunningAirflow, live_sandbox: SandboxServer
) -> None:
    values = given(live_sandbox)
    form.new("kept", "NXLink")
    for label, value in values.items():
        form.fill(label, value)
    form.save()

    connection = saved(web.command("connections", "get", "kept", "--output", "json"))
    assert connection["conn_type"] == "nxlink"
    assert connection["host"] == values["API base URL"]
    assert str(connection["port"]) == values["Port"]
    assert connection["login"] == values["accessKey"]
    assert connection["password"] == values["accessSecret"]
    ((stored,),) = web.rows("select extra from connection where conn_id = 'kept'")
    extra = json.loads(stored)
    assert extra["phone"] == values["Sender phone number"]
    assert extra["tenant_id"] == int(values["Tenant ID"])
    # The hook reads it, with everything that was left as the form proposes it.
    assert "Connection success!" in web.command("connections", "test", "kept")

    form.edit("kept")
    assert form.kind() == "NXLink"
    secret = values.pop("accessSecret")
    assert {label: form.field(label).value for label in values} == values
    assert secret not in page.content()
    assert secret not in form.field("accessSecret").value
    # Saved with a change elsewhere, it keeps the secret that nobody was shown.
    form.fill("Description", "campaigns")
    form.save()
    assert "Connection success!" in web.command("connections", "test", "kept")


def test_the_test_button_says_who_and_how_many(form: Any, page: Any, live_sandbox: SandboxServer) -> None:
    live_sandbox.reset()
    live_sandbox.seed([{"name": "promo", "language": "en_US", "content": "Hello"}])
    form.new("right", "NXLink")
    for label, value in given(live_sandbox).items():
        form.fill(label, value)
    phone = live_sandbox.account.phones[0]
    assert form.test("right") == (True, f"NXLink accepts the key; sender {phone} has 1 template")
    assert [call.verified for call in live_sandbox.received()] == [True]
    picture("connection-test", form.answer(), page)


def test_the_test_button_says_what_is_wrong_with_a_secret(
    form: Any, page: Any, live_sandbox: SandboxServer
) -> None:
    form.new("wrong", "NXLink")
    for label, value in (given(live_sandbox) | {"accessSecret": "wrong-4f1d9c0b7a"}).items():
        form.fill(label, value)
    well, said = form.test("wrong")
    assert not well
    assert "authentication failed (1003)" in said
    assert "check the connection's password (accessSecret) and algorithm" in said
    assert "4f1d9c0b7a" not in said
    picture("connection-test-wrong-secret", form.answer(), page)
