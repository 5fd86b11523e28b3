"""TLS: whose certificate is believed, what comes of another, and no way from https down to http."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.account import AccountError
from airflow_provider_nxlink.api.auth import SigningSession
from airflow_provider_nxlink.api.errors import NxlinkTransportError
from tests.api.conftest import BODY, CALLS, account_of, signature_of
from tests.api.raw_server import RawServer, Step, envelope, http


def make_certificate(path, host="127.0.0.1"):
    """Write a certificate signed by itself, with its key, and return a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nxlink.test")])
    alternative = x509.IPAddress(ip_address(host)) if host[0].isdecimal() else x509.DNSName(host)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = path.with_suffix(".key")
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, secret)
    return context


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def context(folder):
    return make_certificate(folder / "server.pem")


@pytest.fixture(scope="module")
def other_ca(folder):
    make_certificate(folder / "other.pem")
    return str(folder / "other.pem")


@pytest.fixture
def server(context):
    with RawServer(tls=context) as server:
        yield server.script(envelope())


@pytest.fixture
def account(server, folder):
    return account_of(server.url, verify=str(folder / "server.pem"))


def test_a_ca_file_makes_its_certificate_believed(connect, server, account):
    connect(account).send(calls.create_template(account, BODY))
    assert server.request.headers["sign"] == signature_of(server.request)


@pytest.mark.parametrize("call", ["list flows", "create template"])
def test_a_certificate_nobody_vouches_for_is_refused_at_once(connect, server, call):
    account = account_of(server.url)

    with pytest.raises(NxlinkTransportError, match=r"(?i)certificate") as caught:
        connect(account).send(CALLS[call](account))

    assert caught.value.permanent
    assert not caught.value.outcome_unknown
    assert (server.requests, server.connections) == ([], 1)


def test_a_certificate_for_another_host_is_refused(connect, folder):
    context = make_certificate(folder / "another_host.pem", "nxlink.example")
    with RawServer(tls=context).script(envelope()) as server:
        account = account_of(server.url, verify=str(folder / "another_host.pem"))

        with pytest.raises(NxlinkTransportError, match=r"(?i)certificate") as caught:
            connect(account).send(calls.list_flows(account))

    assert caught.value.permanent
    assert server.requests == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_connections_ca_file_counts_whatever_the_machine_says(
    connect, server, account, other_ca, folder, monkeypatch, variable
):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, other_ca)

    connect(account).send(calls.list_flows(account))

    monkeypatch.setenv(variable, str(folder / "server.pem"))
    with pytest.raises(NxlinkTransportError, match=r"(?i)certificate"):
        connect(account_of(server.url, verify=other_ca)).send(calls.list_flows(account))
    assert len(server.requests) == 1


def test_a_session_of_the_users_own_calls_checks_with_the_ca_file_too(server, account, other_ca, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", other_ca)
    with SigningSession(account) as session:
        assert session.get(server.url + "/any").json()["code"] == 0


def test_a_ca_file_that_holds_no_certificate_is_refused_before_anything_is_sent(tmp_path):
    (tmp_path / "ca.pem").write_text("not a certificate")
    with pytest.raises(AccountError, match=r"verify: .* no certificate"):
        account_of("https://h", verify=str(tmp_path / "ca.pem"))


def test_a_ca_file_that_is_gone_by_now_is_our_error(connect, server, folder, tmp_path):
    path = tmp_path / "ca.pem"
    path.write_bytes(Path(folder / "server.pem").read_bytes())
    account = account_of(server.url, verify=str(path))
    path.unlink()

    with pytest.raises(NxlinkTransportError, match="list flows") as caught:
        connect(account, attempts=1).send(calls.list_flows(account))

    assert not caught.value.outcome_unknown
    assert server.requests == []


@pytest.mark.parametrize("call", ["list flows", "create template"])
def test_garbage_after_the_request_leaves_the_outcome_of_a_write_open(connect, server, account, call):
    server.script(Step(b"HTTP/1.1 502 Bad Gateway\r\n\r\n", plain=True, then="close"), envelope())

    if call == "list flows":
        connect(account).send(calls.list_flows(account))
        assert len(server.requests) == 2
    else:
        with pytest.raises(NxlinkTransportError) as caught:
            connect(account).send(calls.create_template(account, BODY))
        assert caught.value.outcome_unknown
        assert len(server.requests) == 1


def test_an_answer_cut_under_tls_leaves_the_outcome_of_a_write_open(connect, server, account):
    server.script(Step(http(b'{"code": 0', length=100), then="reset"))

    with pytest.raises(NxlinkTransportError) as caught:
        connect(account).send(calls.create_template(account, BODY))

    assert caught.value.outcome_unknown


def test_https_to_a_server_that_speaks_http_is_our_error(connect, raw):
    raw.script(Step(http(status=400), read="nothing", then="close"))
    account = account_of(raw.url.replace("http:", "https:"))

    with pytest.raises(NxlinkTransportError, match="SSL"):
        connect(account, attempts=1).send(calls.list_flows(account))


@pytest.mark.parametrize(
    "location", ["http://{host}/there", "HTTP://{host}/there", " http://{host}/there", "hTTp:\\\\{host}"]
)
def test_a_session_follows_no_redirect_from_https_to_http(server, account, raw, location):
    raw.script(envelope())
    host = raw.url.partition("//")[2]
    server.script(http(status=302, Location=location.format(host=host)))

    with (
        SigningSession(account) as session,
        pytest.raises(NxlinkTransportError, match=r"^redirected from https .* is not followed$") as caught,
    ):
        session.get(server.url + "/here")

    assert raw.connections == 0
    assert caught.value.permanent


@pytest.mark.parametrize("location", ["/there", "{url}/there", "//{host}/there"])
def test_a_session_follows_a_redirect_that_stays_on_https(server, account, location):
    host = server.url.partition("//")[2]
    server.script(http(status=302, Location=location.format(url=server.url, host=host)), envelope())

    with SigningSession(account) as session:
        session.get(server.url + "/here")

    assert [request.path for request in server.requests] == ["/here", "/there"]
