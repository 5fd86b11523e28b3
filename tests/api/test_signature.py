"""The signature: the vendor's vectors, and each attempt signed anew over the bytes that were sent."""

import dataclasses
import hashlib
import json
import re
import time
from pathlib import Path

import httpx
import pytest
import requests

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.auth import (
    SIGNING_HEADERS,
    HttpxSigningAuth,
    ServerClock,
    Signer,
    SigningSession,
    origin,
    sign,
)
from tests.api.conftest import BODY, CALLS, DATA, KEY, PHONE, SECRET, account_of, signature_of
from tests.api.raw_server import RawServer, Step, envelope, http

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "signature_vectors.json").read_text())
SIGNED = {"accesskey", "ts", "biztype", "action", "sign"}


@pytest.mark.parametrize("as_bytes", [True, False])
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["sign"])
def test_every_vector_is_reproduced(vector, as_bytes):
    signature = sign(
        access_key=vector["accessKey"],
        access_secret=vector["accessSecret"],
        ts=vector["ts"],
        body=vector["body"].encode() if as_bytes else vector["body"],
        action=vector["action"],
        biz_type=vector["bizType"],
        algorithm=vector["algorithm"],
    )

    assert signature == vector["sign"]


@pytest.mark.parametrize("body", [None, "", b""])
def test_no_body_and_an_empty_one_have_no_part_in_the_signature(body):
    raw = b"accessKey=k&action=mt&bizType=2&ts=1&accessSecret=s"
    signature = sign(access_key="k", access_secret="s", ts=1, body=body, algorithm="sha256")
    assert signature == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
@pytest.mark.parametrize("call", CALLS)
def test_the_signature_fits_the_bytes_that_came(connect, raw, call, algorithm):
    raw.script(envelope(DATA[call]))
    account = account_of(raw.url, algorithm=algorithm)

    connect(account).send(CALLS[call](account))

    headers = raw.request.headers
    assert headers["sign"] == signature_of(raw.request)
    assert (headers["accesskey"], headers["biztype"], headers["action"]) == (KEY, "2", "mt")
    assert abs(int(headers["ts"]) / 1000 - time.time()) < 5
    assert headers.get("algorithm") == (None if algorithm == "md5" else "sha256")


def test_a_body_is_sent_as_it_was_signed_compact_and_in_utf8(connect, raw):
    raw.script(envelope())
    account = account_of(raw.url)

    connect(account).send(calls.create_template(account, {"name": "n", "content": "牛小信 😀 \u2028 é"}))

    assert raw.request.body == '{"name":"n","content":"牛小信 😀 \u2028 é","tenant_id":123}'.encode()
    assert raw.request.headers["content-type"] == "application/json"
    assert raw.request.headers["sign"] == signature_of(raw.request)


@pytest.mark.parametrize("call", ["list templates", "delete template", "list flows", "get template"])
def test_a_call_without_body_sends_none(connect, raw, call):
    raw.script(envelope())
    account = account_of(raw.url)

    connect(account).send(CALLS[call](account))

    assert raw.request.body == b""
    assert raw.request.headers.get("content-length", "0") == "0"
    assert "content-type" not in raw.request.headers


def test_an_upload_is_multipart_with_the_one_field_url(connect, raw):
    raw.script(envelope({"media_id": "7"}))
    account = account_of(raw.url)

    connect(account).send(calls.upload_media(account, "https://example.com/ä?b=c&d"))

    kind, _, boundary = raw.request.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    _, part, end = raw.request.body.split(b"--" + boundary.encode())
    part_head, _, value = part.partition(b"\r\n\r\n")
    assert part_head.lower().split(b"\r\n")[1] == b'content-disposition: form-data; name="url"'
    assert value == "https://example.com/ä?b=c&d\r\n".encode()
    assert end == b"--\r\n"


def test_each_attempt_is_signed_anew(connect, raw):
    raw.script(http(status=503), http(status=503), envelope())
    times = iter([1000.0, 1001.0, 1002.0])
    account = account_of(raw.url)

    connect(account, clock=ServerClock(lambda: next(times))).send(calls.list_templates(account))

    assert [request.headers["ts"] for request in raw.requests] == ["1000000", "1001000", "1002000"]
    assert [request.headers["sign"] for request in raw.requests] == [
        signature_of(request) for request in raw.requests
    ]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("call", ["list templates", "create template"])
def test_a_client_follows_no_redirect(connect, raw, call, status):
    with RawServer().script(envelope()) as other:
        raw.script(http(status=status, Location=other.url + "/elsewhere"))
        account = account_of(raw.url)

        with pytest.raises(Exception, match="redirect") as caught:
            connect(account).send(CALLS[call](account))

        assert other.connections == 0
    assert len(raw.requests) == 1
    assert caught.value.permanent
    assert not caught.value.outcome_unknown


def test_a_session_signs_whatever_it_sends_to_its_host(raw):
    raw.script(envelope())
    with SigningSession(account_of(raw.url)) as session:
        session.get(raw.url + "/any/path?x=1")
        session.post(raw.url + "/any", json=BODY)

    assert [request.headers["sign"] for request in raw.requests] == [
        signature_of(request) for request in raw.requests
    ]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", b"application/json"])
def test_a_body_is_signed_however_its_type_is_written(raw, kind):
    raw.script(envelope())
    with SigningSession(account_of(raw.url)) as session:
        session.post(raw.url, data=b'{"a": 1}', headers={"Content-Type": kind})

    signed_alike = dataclasses.replace(
        raw.request, head=re.sub(rb"(?i)(content-type: )[^\r]+", rb"\1application/json", raw.request.head)
    )
    assert raw.request.headers["sign"] == signature_of(signed_alike)


@pytest.mark.parametrize("kind", ["text/plain", "application/jsonl", None])
def test_a_body_of_another_type_is_not_signed(raw, kind):
    raw.script(envelope())
    with SigningSession(account_of(raw.url)) as session:
        session.post(raw.url, data=b'{"a": 1}', headers={"Content-Type": kind} if kind else {})

    assert raw.request.headers["sign"] == signature_of(dataclasses.replace(raw.request, body=b""))


def test_the_headers_are_spelt_as_on_the_vendors_page():
    # HTTP asks nobody to; a gateway may all the same.
    for algorithm, spelt in (("md5", SIGNING_HEADERS[:-1]), ("sha256", SIGNING_HEADERS)):
        account = account_of("https://api.example", algorithm=algorithm)
        assert tuple(Signer(account).headers("https://api.example/x", None, None)) == spelt


def test_md5_is_what_is_meant_where_nothing_is_said():
    arguments = {"access_key": "k", "access_secret": "s", "ts": 1}
    assert sign(**arguments) == sign(**arguments, algorithm="md5")


def test_a_session_takes_what_a_call_says_of_proxies_and_certificates():
    with SigningSession(account_of("https://api.example")) as session:
        merged = session.merge_environment_settings(
            "https://api.example", {"https": "http://proxy.example"}, None, "/ca.pem", "/client.pem"
        )
    assert merged["proxies"]["https"] == "http://proxy.example"
    assert (merged["verify"], merged["cert"]) == ("/ca.pem", "/client.pem")


def test_a_session_goes_past_the_environments_proxy_where_that_is_said(monkeypatch):
    for name, value in (("https_proxy", "http://proxy.example"), ("no_proxy", "api.example")):
        monkeypatch.setenv(name, value)
    with SigningSession(account_of("https://api.example")) as session:
        for host, proxy in (("api.example", None), ("other.example", "http://proxy.example")):
            merged = session.merge_environment_settings(f"https://{host}", {}, None, None, None)
            assert merged["proxies"].get("https") == proxy


def test_a_session_signs_again_after_a_redirect_on_the_same_host(raw):
    raw.script(http(status=302, Location="/there"), envelope())
    with SigningSession(account_of(raw.url)) as session:
        session.get(raw.url + "/here")

    assert [request.path for request in raw.requests] == ["/here", "/there"]
    assert raw.requests[1].headers["sign"] == signature_of(raw.requests[1])


@pytest.mark.parametrize("status", [302, 307])
def test_a_session_sends_nothing_signed_to_another_host(raw, status):
    with RawServer().script(envelope()) as other:
        raw.script(http(status=status, Location=other.url + "/elsewhere"))
        with SigningSession(account_of(raw.url)) as session:
            session.post(raw.url + "/here", json=BODY)

        assert not SIGNED & set(other.request.headers)
    assert set(raw.request.headers) >= SIGNED


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1.example.com/", "http://{host}@127.0.0.2/", "https://{host}/"]
)
def test_a_session_signs_for_no_other_origin(raw, url):
    account = account_of(raw.url)
    session = SigningSession(account)
    prepared = session.prepare_request(requests.Request("GET", url.format(host=raw.url.partition("//")[2])))

    adapter = session.get_adapter(prepared.url)

    assert adapter._signer.headers(prepared.url, None, None) == {}


def test_nothing_signed_stays_in_the_request_of_an_answer_or_an_error(raw):
    raw.script(envelope(), Step(then="reset"))
    with SigningSession(account_of(raw.url)) as session:
        answered = session.get(f"{raw.url}/saas/wa/template/{PHONE}").request
        with pytest.raises(requests.ConnectionError) as caught:
            session.get(raw.url)

    for request in (answered, caught.value.request):
        assert not SIGNED & {name.lower() for name in request.headers}
    assert SECRET not in repr(session)


def test_nothing_signed_stays_in_the_request_of_an_httpx_answer_or_error(raw):
    raw.script(envelope(), Step(then="reset"))
    with httpx.Client(auth=HttpxSigningAuth(Signer(account_of(raw.url)))) as client:
        answered = client.post(raw.url, json=BODY).request
        with pytest.raises(httpx.ReadError) as caught:
            client.get(raw.url)

    assert [request.headers["sign"] for request in raw.requests] == [
        signature_of(request) for request in raw.requests
    ]
    for request in (answered, caught.value.request):
        assert not SIGNED & {name.lower() for name in request.headers}


@pytest.mark.parametrize(
    ("url", "with_port"),
    [("https://api.example/a", "https://API.example:443"), ("http://api.example", "http://api.example:80/b")],
)
def test_the_usual_port_is_the_same_origin_as_none(url, with_port):
    assert origin(url) == origin(with_port)
    assert origin(url) != origin(with_port.replace(":80", ":8080").replace(":443", ":8443"))
