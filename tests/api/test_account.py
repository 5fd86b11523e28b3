"""The account: what a connection may hold, every bad setting named at once, and nothing secret shown."""

import copy
import pickle
from pathlib import Path

import certifi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_nxlink.api.account import Account, AccountError, is_loopback
from tests.api.conftest import printed

GOOD = {"access_key": "key", "access_secret": "S3cret", "phone": "8613800000000", "tenant_id": 123}


def checked(**changes):
    return Account.checked(**{**GOOD, **changes})


def problems(**changes):
    with pytest.raises(AccountError) as caught:
        checked(**changes)
    return caught.value.problems


def test_what_is_left_out_takes_its_default():
    account = checked()
    assert account == Account(
        base_url="https://api-hk.nxlink.ai", timeout=30.0, page_size=100, algorithm="md5", verify=True, **GOOD
    )
    absent = dict.fromkeys(("base_url", "algorithm", "timeout", "page_size", "verify", "allow_http"))
    assert (
        checked(**absent)
        == checked(**dict.fromkeys(absent, ""))
        == checked(**dict.fromkeys(absent, " "))
        == account
    )


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"base_url": " https://chl-api.nxlink.ai/ "}, {"base_url": "https://chl-api.nxlink.ai"}),
        (
            {"base_url": "https://gateway.example:8443/nxlink/"},
            {"base_url": "https://gateway.example:8443/nxlink"},
        ),
        ({"base_url": "https://gateway.example/X/"}, {"base_url": "https://gateway.example/X"}),
        ({"base_url": "http://127.0.0.1:8765"}, {"base_url": "http://127.0.0.1:8765"}),
        ({"base_url": "http://[::1]:1"}, {"base_url": "http://[::1]:1"}),
        ({"base_url": "http://localhost"}, {"base_url": "http://localhost"}),
        ({"base_url": "http://nxlink.example", "allow_http": True}, {"base_url": "http://nxlink.example"}),
        ({"base_url": "http://nxlink.example", "allow_http": "true"}, {"base_url": "http://nxlink.example"}),
        ({"phone": "+86 (138) 0000-0000"}, {"phone": "8613800000000"}),
        ({"phone": 8613800000000}, {"phone": "8613800000000"}),
        ({"base_url": "http://nxlink.example", "allow_http": 1}, {"base_url": "http://nxlink.example"}),
        ({"tenant_id": " 0123 "}, {"tenant_id": 123}),
        ({"tenant_id": 1}, {"tenant_id": 1}),
        ({"tenant_id": 2**63 - 1}, {"tenant_id": 2**63 - 1}),
        ({"algorithm": " SHA256 "}, {"algorithm": "sha256"}),
        ({"timeout": "0.5"}, {"timeout": 0.5}),
        ({"timeout": 3600}, {"timeout": 3600.0}),
        ({"page_size": "1000"}, {"page_size": 1000}),
        ({"page_size": 1}, {"page_size": 1}),
        ({"verify": "True"}, {"verify": True}),
        ({"verify": 1}, {"verify": True}),
    ],
)
def test_a_setting_is_read_as_it_is_meant(given, stored):
    account = checked(**given)
    assert {key: getattr(account, key) for key in stored} == stored


# What a setting may not be: the setting, and what the one problem says of it and of the way out.
BAD = [
    ("access_key", None, "login: missing; put NXLink's accessKey there"),
    ("access_key", " ", "login: missing"),
    ("access_key", "key\r\nX-Evil: 1", "login: holds blanks, line breaks"),
    ("access_key", "k\x00", "login: holds"),
    ("access_key", "ключ", "login: holds"),
    ("access_secret", None, "password: missing; put NXLink's accessSecret there"),
    ("access_secret", "a b", "password: holds blanks"),
    ("access_secret", "secret\n", "password: holds"),
    ("phone", None, "phone: missing; put the WhatsApp sender's number into extra, or pass phone="),
    ("phone", "", "phone: missing"),
    ("phone", "86138abc", "phone: '86138abc' is not a number with country code (7 to 15 digits)"),
    ("phone", "123456", "phone: "),
    ("phone", "1" * 16, "phone: "),
    ("phone", "٨٦١٣٨٠٠٠٠", "phone: "),
    ("phone", 8613800000000.0, "phone: 8613800000000.0 is not a number"),
    ("phone", True, "phone: "),
    ("phone", ["8613800000000"], "phone: "),
    ("tenant_id", None, "tenant_id: missing; put it into extra, or pass tenant_id="),
    ("tenant_id", "12a", "tenant_id: '12a' is not a whole number from 1 to"),
    ("tenant_id", 0, "tenant_id: 0 is not"),
    ("tenant_id", -1, "tenant_id: -1 is not"),
    ("tenant_id", 1.5, "tenant_id: 1.5 is not"),
    ("tenant_id", True, "tenant_id: True is not"),
    ("tenant_id", 2**63, "tenant_id: "),
    ("tenant_id", "١٢", "tenant_id: "),
    (
        "base_url",
        "api-hk.nxlink.ai",
        "host: 'api-hk.nxlink.ai' has no scheme; write it as https://api-hk.nxlink.ai",
    ),
    ("base_url", "//api-hk.nxlink.ai", "host: "),
    (
        "base_url",
        "localhost:8765",
        "host: 'localhost:8765' has no scheme; write it as https://localhost:8765",
    ),
    ("base_url", "ftp://h", "host: 'ftp://h' has no scheme; write it as https://h"),
    ("base_url", "https://", "host: "),
    ("base_url", "https:///path", "host: "),
    ("base_url", "https://h:port", "host: 'https://h:port' is not a URL; give one like https://api-hk."),
    ("base_url", "https://h:99999", "host: "),
    ("base_url", "https://[::1", "host: "),
    ("base_url", "https://h/a b", "host: 'https://h/a b' holds blanks or control characters"),
    ("base_url", "https://h/\\evil", "host: "),
    ("base_url", "https://h\x00", "host: "),
    ("base_url", "https://h/a\r\nX: y", "host: "),
    ("base_url", "https://аpi.nxlink.ai", "host: "),
    ("base_url", "https://h?x=1", "host: holds more than scheme, host"),
    ("base_url", "https://h#x", "host: holds more than scheme, host"),
    ("base_url", "http://nxlink.example", "host: plain http to nxlink.example is refused"),
    ("base_url", "http://127.0.0.1.example", "host: plain http to 127.0.0.1.example is refused"),
    ("base_url", "http://localhost.example", "host: plain http"),
    ("algorithm", "sha1", "algorithm: 'sha1' is not one of md5, sha256"),
    ("timeout", 0, "timeout: 0 is not a number of seconds above 0 and up to 3600"),
    ("timeout", "soon", "timeout: 'soon' is not"),
    ("timeout", "nan", "timeout: 'nan' is not"),
    ("timeout", "inf", "timeout: "),
    ("timeout", -1, "timeout: "),
    ("timeout", True, "timeout: "),
    ("timeout", 3601, "timeout: "),
    ("page_size", 0, "page_size: 0 is not a whole number from 1 to 1000"),
    ("page_size", 1001, "page_size: "),
    ("verify", False, "verify: the server's certificate is always checked; for a private CA give"),
    ("verify", "false", "verify: the server's certificate is always checked"),
    ("verify", 0, "verify: the server's certificate is always checked"),
    ("verify", "/no/such.pem", "verify: '/no/such.pem' is neither true nor the path of a CA file"),
    (
        "verify",
        "~no-such-user/ca.pem",
        "verify: '~no-such-user/ca.pem' is neither true nor the path of a CA file: no certificate",
    ),
    ("verify", "a" * 5000, "verify: "),
    ("verify", "a\x00b", "verify: "),
    ("allow_http", "maybe", "allow_http: 'maybe' is neither true nor false"),
]


@pytest.mark.parametrize(("setting", "value", "problem"), BAD, ids=printed)
def test_a_bad_setting_is_named_with_the_way_out(setting, value, problem):
    (found,) = problems(**{setting: value})
    assert found.startswith(problem)
    assert len(found) < 250
    assert found.isprintable()


@pytest.mark.parametrize(("length", "cut"), [(58, False), (59, True)])
def test_a_bad_setting_is_shown_up_to_60_characters(length, cut):
    (found,) = problems(algorithm="x" * length)
    shown = found.removeprefix("algorithm: ").removesuffix(" is not one of md5, sha256")
    assert len(shown) == 60
    assert shown.endswith("…") is cut


@pytest.mark.parametrize("flag", [False, "false", 0, "0"])
def test_plain_http_that_is_not_allowed_is_refused_with_the_way_out(flag):
    assert problems(base_url="http://nxlink.example", allow_http=flag) == [
        "host: plain http to nxlink.example is refused, as the signature covers neither path nor query; "
        'use https://, or set "allow_http": true in extra'
    ]


def test_a_ca_file_in_the_users_home_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "ca.pem").write_text(Path(certifi.where()).read_text())
    assert checked(verify="~/ca.pem").verify == str(tmp_path / "ca.pem")


def test_everything_that_is_wrong_is_said_at_once():
    settings = {
        "base_url": "h",
        "access_key": None,
        "access_secret": None,
        "phone": "x",
        "tenant_id": "x",
        "algorithm": "x",
        "timeout": "x",
        "page_size": "x",
        "verify": False,
        "allow_http": "x",
    }
    with pytest.raises(AccountError) as caught:
        Account.checked(**settings, source="NXLink connection 'promo'")

    lines = str(caught.value).splitlines()
    assert lines[0] == "NXLink connection 'promo' can't be used:"
    named = [line.removeprefix("  - ").partition(":")[0] for line in lines[1:]]
    assert sorted(named) == sorted(
        [
            "host",
            "login",
            "password",
            "phone",
            "tenant_id",
            "algorithm",
            "timeout",
            "page_size",
            "verify",
            "allow_http",
        ]
    )


@pytest.mark.parametrize("secret", ["S3cret value", "S3cret\n", "S3cretключ"])
def test_a_secret_that_is_wrong_is_not_shown(secret):
    text = str(problems(access_key=secret, access_secret=secret))
    assert "S3cret" not in text


@pytest.mark.parametrize(
    "host",
    [
        "https://key:S3cret@api-hk.nxlink.ai",
        "key:S3cret@api-hk.nxlink.ai",
        "https://S3cret@[bad",
        "//a:S3cret@h",
        "https://h?accessSecret=S3cret",
        "h?accessSecret=S3cret",
        "https://h:S3cret@",
        "ftp://a:S3cret@h",
        "https://a:S3cret@h h",
    ],
)
def test_a_secret_in_the_host_is_not_shown(host):
    (problem,) = problems(base_url=host)
    assert "S3cret" not in problem
    assert "login and password" in problem


def test_an_account_does_not_show_its_secret():
    account = checked()
    assert "S3cret" not in repr(account) + str(account) + f"{account}"


def test_the_error_says_all_of_this_and_still_does_in_another_process():
    with pytest.raises(AccountError) as caught:
        checked(phone=None, page_size=0)
    error = caught.value
    assert str(error) == (
        "NXLink connection can't be used:\n"
        "  - phone: missing; put the WhatsApp sender's number into extra, or pass phone=\n"
        "  - page_size: 0 is not a whole number from 1 to 1000"
    )
    assert error.args == (error.problems, "NXLink connection")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own
        assert (str(twin), twin.args) == (str(error), error.args)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("127.1", False),
        ("", False),
        (None, False),
    ],
)
def test_loopback_is_this_machine(host, loopback):
    assert is_loopback(host) is loopback


anything = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.text())
)
SETTINGS = [
    "base_url",
    "access_key",
    "access_secret",
    "phone",
    "tenant_id",
    "algorithm",
    "timeout",
    "page_size",
    "verify",
    "allow_http",
]


@given(st.dictionaries(st.sampled_from(SETTINGS), anything))
def test_whatever_the_settings_are_there_is_an_account_or_our_error(settings):
    try:
        account = checked(**settings)
    except AccountError as error:
        text = str(error)
    else:
        text = repr(account)
    assert text
