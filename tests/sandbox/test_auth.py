"""The common headers: what is refused, with which code, and what the signature covers."""

import email.utils
import json
import time
from pathlib import Path

import pytest

from airflow_provider_nxlink.sandbox.auth import expected_signature
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sandbox.settings import Account

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "signature_vectors.json").read_text())
QUERY = {"tenant_id": 123, "page_number": 1, "page_size": 10}


@pytest.fixture
def ask(client):
    """Send a list call with given headers and return the answer's code."""
    path = f"/saas/wa/template/{client.phone}"

    def send(headers, path=path, **query):
        return int(client.http.get(path, params={**QUERY, **query}, headers=headers).json()["code"])

    return send


@pytest.fixture
def post(client):
    """Send a create's bytes with given headers and return the answer's code."""

    def send(body, headers, content_type="application/json"):
        path = f"/saas/wa/template/{client.phone}"
        headers = {**headers, "Content-Type": content_type}
        return int(client.http.post(path, content=body, headers=headers).json()["code"])

    return send


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["sign"])
def test_the_check_reproduces_every_vector(vector):
    headers = {
        name.lower(): vector[name].encode() for name in ("accessKey", "action", "bizType", "ts", "algorithm")
    }

    sign = expected_signature(headers, vector["body"].encode(), vector["accessSecret"])

    assert sign.decode() == vector["sign"]


@pytest.mark.parametrize("name", ["accessKey", "ts", "bizType", "action", "sign"])
def test_a_missing_header_is_1001(client, ask, name):
    headers = client.headers()
    del headers[name]
    assert ask(headers) == 1001
    assert ask({**headers, name: ""}) == 1001


@pytest.mark.parametrize(
    "wrong",
    [{"bizType": "1"}, {"action": "send"}, {"algorithm": "sha1"}, {"algorithm": "MD5"}, {"ts": "yesterday"}],
)
def test_a_wrong_common_parameter_is_1002_though_it_is_signed(client, ask, wrong):
    assert ask(client.headers(**wrong)) == 1002


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_both_algorithms_are_accepted(client, ask, algorithm):
    assert ask(client.headers(algorithm=algorithm)) == 0


def test_a_wrong_secret_is_1003_and_recorded_as_not_verified(client, ask, sandbox):
    assert ask(client.headers(secret="other")) == 1003
    assert sandbox.received()[0].verified is False


def test_an_upper_case_signature_is_1003(client, ask):
    headers = client.headers()
    assert ask({**headers, "sign": headers["sign"].upper()}) == 1003


def test_a_sha256_signature_without_saying_so_is_1003(client, ask):
    headers = client.headers(algorithm="sha256")
    del headers["algorithm"]
    assert ask(headers) == 1003


def test_the_signature_covers_the_bytes_received_not_their_meaning(client, post):
    compact = b'{"tenant_id":123,"name":"promo","language":"en_US","category_type":1,"content":"Hello"}'
    headers = client.headers(compact)

    assert post(compact.replace(b":", b": "), headers) == 1003
    assert post(compact, headers) == 0


def test_a_body_left_out_of_the_signature_is_1003(client, post):
    assert post(json.dumps(client.body).encode(), client.headers()) == 1003


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data; boundary=x", "application/jsonx"]
)
def test_json_sent_as_something_else_is_1003(client, post, content_type):
    body = json.dumps(client.body).encode()
    assert post(body, client.headers(body), content_type) == 1003


def test_a_charset_beside_the_content_type_is_fine(client, post):
    body = json.dumps(client.body).encode()
    assert post(body, client.headers(body), "application/json; charset=utf-8") == 0


def test_an_upload_that_is_not_multipart_is_1003(client):
    body = b'{"url":"https://example.com/a.jpg"}'
    for headers in (client.headers(), client.headers(body)):
        answer = client.http.post(
            f"/saas/wa/media/{client.phone}",
            content=body,
            headers={**headers, "Content-Type": "application/json"},
        )
        assert answer.json()["code"] == 1003


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_body_where_none_belongs_is_1003(client, method):
    answer = client.http.request(
        method,
        f"/saas/wa/template/{client.phone}/1001?tenant_id=123",
        content=b"{}",
        headers={**client.headers(), "Content-Type": "application/json"},
    )
    assert answer.json()["code"] == 1003


@pytest.mark.parametrize(("drift", "code"), [(-61, 1004), (61, 1004), (-58, 0), (58, 0)])
def test_a_timestamp_may_drift_60_seconds(client, ask, drift, code):
    assert ask(client.headers(ts=str(int((time.time() + drift) * 1000)))) == code


def test_a_timestamp_in_seconds_is_1004(client, ask):
    assert ask(client.headers(ts=str(int(time.time())))) == 1004


@pytest.mark.parametrize("shift", [-3600, 3600])
def test_the_date_of_a_1004_tells_the_servers_clock(client, sandbox, shift):
    sandbox.clock.shift(shift)
    answer = client.send("GET", f"/saas/wa/template/{client.phone}", **QUERY)

    date = email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp()
    learnt = client.headers(ts=str(int(date * 1000)))

    assert answer.json()["code"] == 1004
    assert date == pytest.approx(time.time() + shift, abs=2)
    again = client.http.get(f"/saas/wa/template/{client.phone}", params=QUERY, headers=learnt)
    assert again.json()["code"] == 0


def test_every_answer_has_one_date(client):
    for path in ("/nowhere", "/_sandbox/health", f"/saas/wa/flow/{client.phone}"):
        assert len(client.http.get(path).headers.get_list("date")) == 1


def test_an_unknown_access_key_is_1005(client, ask):
    assert ask(client.headers(accessKey="other")) == 1005


def test_a_phone_or_tenant_the_key_may_not_act_for_is_1005(client, ask):
    assert ask(client.headers(), path="/saas/wa/template/49170000000") == 1005
    assert ask(client.headers(), tenant_id=124) == 1005
    assert client.create(tenant_id=124)["code"] == 1005
    assert client.upload(path="/saas/wa/media/49170000000").json()["code"] == 1005


def test_another_account_can_be_played(client_of):
    account = Account("key", "s3cret", ("491700000000", "491700000001"), (7,))
    with SandboxServer(account=account) as server:
        client = client_of(server)
        for phone in account.phones:
            answer = client.send("POST", f"/saas/wa/template/{phone}", {**client.body, "tenant_id": 7})
            assert answer.json()["code"] == 0
        assert client.send("GET", f"/saas/wa/flow/{client.phone}", tenant_id=7).json()["code"] == 1005


def test_the_http_status_of_refused_authentication_can_be_set(client, sandbox):
    sandbox.switch(auth_http_status=401)
    path = f"/saas/wa/flow/{client.phone}"
    answer = client.http.get(path, params={"tenant_id": 123}, headers=client.headers(secret="other"))
    assert (answer.status_code, answer.json()["code"]) == (401, 1003)


def test_without_a_whatsapp_app_every_call_is_22016(client, sandbox):
    sandbox.switch(app_configured=False)
    answers = [
        client.list(),
        client.create(),
        client.details(1),
        client.delete(1),
        client.flows(),
        client.update(),
    ]
    assert {answer["code"] for answer in [*answers, client.upload().json()]} == {22016}
