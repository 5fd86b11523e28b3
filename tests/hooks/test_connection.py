"""What a connection must hold, what the form shows of it, and what the test button says."""

import asyncio
import copy
import importlib.util
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException

from airflow_provider_nxlink import connection_form
from airflow_provider_nxlink.api.account import AccountError
from airflow_provider_nxlink.get_provider_info import get_provider_info
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.sandbox.server import SandboxServer
from tests.api.raw_server import RawServer, Step, http

Connect = Callable[..., None]

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no login": ({"login": None}, "login: missing.* accessKey"),
    "no password": ({"password": None}, "password: missing.* accessSecret"),
    "no phone": ({"extra": {"phone": None}}, "phone: missing.* extra"),
    "no tenant": ({"extra": {"tenant_id": None}}, "tenant_id: missing.* extra"),
    "letters in the phone": ({"extra": {"phone": "86abc"}}, "phone: '86abc' is not a number"),
    "arabic digits": ({"extra": {"phone": "٨٦١٣٨٠٠٠٠٠٠٠٠"}}, "phone: "),
    "a short phone": ({"extra": {"phone": "12"}}, "phone: '12'"),
    "no scheme": (
        {"host": "api-hk.nxlink.ai"},
        "host: .* has no scheme; write it as https://api-hk.nxlink.ai",
    ),
    "plain http": ({"host": "http://api-hk.nxlink.ai"}, r"host: plain http .* https://.*allow_http"),
    "another scheme": ({"host": "ftp://api-hk.nxlink.ai"}, "host: "),
    "a tenant that is no number": ({"extra": {"tenant_id": "x"}}, "tenant_id: 'x' is not a whole number"),
    "tenant true": ({"extra": {"tenant_id": True}}, "tenant_id: True"),
    "an unknown algorithm": ({"extra": {"algorithm": "sha1"}}, "algorithm: 'sha1' is not one of md5, sha256"),
    "a timeout of nothing": ({"extra": {"timeout": 0}}, "timeout: 0 is not a number of seconds"),
    "a page of nothing": ({"extra": {"page_size": 0}}, "page_size: 0 is not a whole number from 1"),
    "a CA file that is none": ({"extra": {"verify": "/no/such.pem"}}, "verify: .*CA file"),
    "no certificate check": ({"extra": {"verify": False}}, "verify: .*always checked"),
    "allow_http unclear": ({"extra": {"allow_http": "perhaps"}}, "allow_http: 'perhaps' is neither"),
    "a secret with a line break": ({"password": "a\nb"}, "password: holds blanks, line breaks"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_fault_is_named_with_the_way_out(
    fault: str, way: str, connect: Connect, sandbox: SandboxServer
) -> None:
    fields, message = FAULTS[fault]
    connect(**fields)
    hook = NxlinkHook()
    with pytest.raises(AccountError, match=message) as raised:
        _ = hook.account if way == "sync" else asyncio.run(hook.async_client())
    assert len(raised.value.problems) == 1
    assert "'nxlink_default'" in str(raised.value)
    assert sandbox.received() == []


def test_all_faults_are_named_at_once(connect: Connect) -> None:
    connect(login=None, password=None, host="nxlink", extra={"phone": "x", "tenant_id": None})
    with pytest.raises(AccountError) as raised:
        _ = NxlinkHook().account
    named = [problem.partition(":")[0] for problem in raised.value.problems]
    assert sorted(named) == ["host", "login", "password", "phone", "tenant_id"]


def test_the_default_host_is_hong_kong(connect: Connect) -> None:
    connect(host=None)
    assert NxlinkHook().account.base_url == connection_form.PLACEHOLDERS["host"] == "https://api-hk.nxlink.ai"


def test_plain_http_can_be_allowed(connect: Connect) -> None:
    connect(host="http://nxlink.test", extra={"allow_http": True})
    assert NxlinkHook().account.base_url == "http://nxlink.test"


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_port_may_stand_in_its_own_field(ending: str, connect: Connect, sandbox: SandboxServer) -> None:
    host, _, port = sandbox.url.rpartition(":")
    connect(host=host + ending, port=int(port))
    assert NxlinkHook().test_connection()[0]


@pytest.mark.parametrize(
    ("host", "port", "base_url"),
    [
        (None, 443, "https://api-hk.nxlink.ai:443"),
        ("https://api-idn.nxlink.ai", 443, "https://api-idn.nxlink.ai:443"),
        ("https://proxy.example/nxlink/", 8443, "https://proxy.example:8443/nxlink"),
        ("http://127.0.0.1:8765", 8765, "http://127.0.0.1:8765"),
        ("http://127.0.0.1:8765", 0, "http://127.0.0.1:8765"),
        ("http://[::1]", 1, "http://[::1]:1"),
    ],
)
def test_host_and_port_make_up_the_base_url(
    host: str | None, port: int, base_url: str, connect: Connect
) -> None:
    connect(host=host, port=port)
    assert NxlinkHook().account.base_url == base_url


def test_two_ports_are_one_too_many(connect: Connect) -> None:
    connect(host="http://127.0.0.1:8765", port=443)
    with pytest.raises(AccountError, match=r"host: 'http://127.0.0.1:8765:443' is not a URL"):
        _ = NxlinkHook().account


def test_a_uri_serves_as_well(monkeypatch: pytest.MonkeyPatch, sandbox: SandboxServer) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", sandbox.connection_uri)
    assert NxlinkHook().test_connection()[0]


@pytest.mark.parametrize("phone", ["+86 138-0000-0000", "(86) 138 0000 0000", 8613800000000, "8613800000000"])
def test_the_phone_is_put_into_digits(phone: Any, connect: Connect) -> None:
    connect(extra={"phone": phone})
    assert NxlinkHook().account.phone == "8613800000000"


def test_phone_and_tenant_given_to_the_hook_go_before_the_connections(sandbox: SandboxServer) -> None:
    account = NxlinkHook(phone="4915112345678", tenant_id="1").account
    assert (account.phone, account.tenant_id) == ("4915112345678", 1)


def test_a_connection_without_phone_and_tenant_serves_a_hook_that_has_them(
    connect: Connect, sandbox: SandboxServer
) -> None:
    connect(extra={"phone": None, "tenant_id": None})
    hook = NxlinkHook(phone="8613800000000", tenant_id=123)
    assert list(hook.list_templates()) == []


def test_unknown_keys_of_extra_are_left_alone(connect: Connect, sandbox: SandboxServer) -> None:
    connect(extra={"X-Header": "value", "headers": {"a": "b"}})
    list(NxlinkHook().list_templates())
    assert "x-header" not in {name.lower() for name in sandbox.received()[0].headers}


# --- the test button


def test_the_test_says_who_and_how_many(sandbox: SandboxServer) -> None:
    sandbox.seed(
        [{"name": f"promo_{number}", "language": "en_US", "content": "Hello"} for number in range(3)]
    )
    assert NxlinkHook().test_connection() == (
        True,
        "NXLink accepts the key; sender 8613800000000 has 3 templates",
    )
    assert sandbox.count() == 1


def test_the_test_counts_one_as_one(sandbox: SandboxServer) -> None:
    sandbox.seed([{"name": "promo", "language": "en_US", "content": "Hello"}])
    assert NxlinkHook().test_connection()[1].endswith("has 1 template")


@pytest.mark.parametrize("fault", FAULTS)
def test_the_test_names_a_fault_of_the_connection(fault: str, connect: Connect) -> None:
    fields, _ = FAULTS[fault]
    connect(**fields)
    works, message = NxlinkHook().test_connection()
    assert not works
    assert "can't be used" in message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"password": "Wrong-4f1d9c0b7a"}, "authentication failed (1003)"),
        ({"login": "nobody"}, "authentication failed (1005)"),
        ({"extra": {"phone": "4915112345678"}}, "1005"),
        ({"extra": {"tenant_id": 99}}, "1005"),
        ({"host": "http://127.0.0.1:9"}, "127.0.0.1:9"),
        ({"host": "https://127.0.0.1:9"}, "127.0.0.1:9"),
    ],
    ids=["secret", "key", "phone", "tenant", "refused", "refused over TLS"],
)
def test_the_test_says_what_nxlink_says(fields: dict[str, Any], message: str, connect: Connect) -> None:
    connect(**fields)
    works, said = NxlinkHook().test_connection()
    assert not works
    assert message in said
    assert "4f1d9c0b7a" not in said
    assert "sandbox-secret" not in said


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("drop", {}),
        ("truncate", {}),
        ("hang", {}),
        ("status", {"status": 500, "body": "<html>sandbox-secret</html>"}),
        ("status", {"status": 429, "headers": {"Retry-After": "3600"}}),
        ("status", {"status": 200, "body": "not json"}),
        ("code", {"code": -1}),
        ("code", {"code": 1004}),
        ("code", {"code": 22016}),
    ],
)
def test_the_test_never_raises_and_never_takes_long(
    kind: str, values: dict[str, Any], connect: Connect, sandbox: SandboxServer
) -> None:
    connect(extra={"timeout": 0.5})
    sandbox.inject(kind, times=0, **values)
    works, message = NxlinkHook().test_connection()
    assert not works
    assert message
    assert "sandbox-secret" not in message
    # The second one is after the clock was corrected.
    assert sandbox.count() == (2 if values.get("code") == 1004 else 1)


FOREIGN = "internal-page-4f1d9c0b7a"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(f"<!DOCTYPE html><p>{FOREIGN}".encode()), "HTTP 200, no answer of NXLink's: an HTML page"),
        (
            http(f"<html>{FOREIGN}</html>".encode(), 403),
            "the response is an HTML page, not NXLink's [HTTP 403",
        ),
        (http(f"<html>{FOREIGN}</html>".encode(), 302), "a redirect, which is not followed"),
        (http(json.dumps({"secret": FOREIGN}).encode()), "the response is a JSON object, not NXLink's"),
        (http(json.dumps({"code": 403, "message": FOREIGN}).encode(), 403), "NXLink refused (403)"),
        (http(json.dumps({"code": 0, "data": FOREIGN}).encode()), "data of an unexpected form"),
        (http(json.dumps([FOREIGN]).encode()), "JSON that cannot be read"),
        (http(FOREIGN.encode()), "HTTP 200, no answer of NXLink's: text"),
        (http(FOREIGN.encode() + b"\0", 500), "HTTP 500, no answer of NXLink's: binary data"),
        (http(b"", 502), "HTTP 502, no answer of NXLink's: empty"),
        (f"-ERR {FOREIGN}\r\n".encode(), "ConnectionError"),
        (
            f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{FOREIGN}\r\n".encode(),
            "ProtocolError",
        ),
    ],
)
def test_the_test_shows_nothing_of_what_another_server_says(
    answer: bytes, kind: str, connect: Connect
) -> None:
    with RawServer() as server:
        server.script(Step(answer, then="close"))
        connect(host=server.url)
        works, message = NxlinkHook().test_connection()

    assert not works
    assert FOREIGN not in message
    assert kind in message


def test_the_test_does_not_say_which_files_there_are(connect: Connect, tmp_path: Path) -> None:
    existing = tmp_path / "existing"
    existing.write_text("no certificate")
    (tmp_path / "unreadable").mkdir()
    messages = set()
    for name in ("existing", "missing", "unreadable"):
        connect(extra={"verify": str(tmp_path / name)})
        messages.add(NxlinkHook().test_connection()[1].replace(name, "FILE"))
    assert len(messages) == 1


def unpickled(hook: NxlinkHook) -> Any:
    return pickle.loads(pickle.dumps(hook))  # noqa: S301 - our own


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, unpickled])
def test_a_copy_of_a_hook_looks_its_connection_up_anew(
    duplicate: Callable[[NxlinkHook], NxlinkHook], sandbox: SandboxServer
) -> None:
    hook = NxlinkHook(phone="8613800000000")
    assert list(hook.list_templates()) == []

    twin = duplicate(hook)

    assert b"sandbox-secret" not in pickle.dumps(hook)
    assert not {"account", "client"} & set(vars(twin))
    assert list(twin.list_templates()) == []
    assert (twin.nxlink_conn_id, twin.phone) == (hook.nxlink_conn_id, hook.phone)


@pytest.mark.parametrize("broken", ['{"conn_type": "nxlink", "extra": "[1]"}', "{", "[]"])
def test_the_test_never_raises_for_what_airflow_cannot_read(
    broken: str, monkeypatch: pytest.MonkeyPatch, airflow_db: None
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", broken)
    works, message = NxlinkHook().test_connection()
    assert not works
    assert message


def test_the_test_names_a_connection_that_is_not_there(airflow_db: None) -> None:
    works, message = NxlinkHook("nowhere").test_connection()
    assert not works
    assert "nowhere" in message


def test_a_connection_that_is_not_there_is_airflows_own_error(airflow_db: None) -> None:
    with pytest.raises(AirflowNotFoundException, match="nowhere"):
        _ = NxlinkHook("nowhere").account


# --- the form


def test_the_metadata_and_the_hook_show_the_same_form() -> None:
    (metadata,) = get_provider_info()["connection-types"]
    assert metadata["connection-type"] == NxlinkHook.conn_type
    assert metadata["hook-name"] == NxlinkHook.hook_name
    behaviour = NxlinkHook.get_ui_field_behaviour()
    shown = metadata["ui-field-behaviour"]
    assert {key.replace("-", "_"): value for key, value in shown.items()} == behaviour


def test_every_setting_the_hook_reads_is_in_the_form(connect: Connect, sandbox: SandboxServer) -> None:
    values = {
        "phone": "4915112345678",
        "tenant_id": 7,
        "algorithm": "sha256",
        "timeout": 5,
        "page_size": 10,
        "verify": "true",
        "allow_http": True,
    }
    assert set(values) == set(connection_form.EXTRA_FIELDS)
    connect(host="http://nxlink.test", extra=values)
    account = NxlinkHook().account
    assert (account.phone, account.tenant_id, account.algorithm) == ("4915112345678", 7, "sha256")
    assert (account.timeout, account.page_size, account.verify) == (5.0, 10, True)
    assert account.base_url == "http://nxlink.test"


@pytest.mark.skipif(
    importlib.util.find_spec("flask_appbuilder") is None, reason="only older Airflow has the form's library"
)
def test_older_airflow_gets_a_widget_for_each_setting() -> None:
    assert set(NxlinkHook.get_connection_form_widgets()) == set(connection_form.EXTRA_FIELDS)


def test_the_form_serves_as_a_connection_when_left_as_it_is(connect: Connect) -> None:
    defaults = {
        name: schema["default"]
        for name, (_, _, schema) in connection_form.EXTRA_FIELDS.items()
        if "default" in schema
    }
    connect(extra=json.loads(json.dumps(defaults)))
    assert NxlinkHook().test_connection()[0]


def test_fields_left_empty_in_the_form_mean_the_default(connect: Connect) -> None:
    connect(extra=dict.fromkeys(("algorithm", "timeout", "page_size", "verify", "allow_http"), ""))
    assert NxlinkHook().account.page_size == 100
