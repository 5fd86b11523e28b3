"""Pickles and copies of accounts, clients and sessions: none holds the secret, and copies work."""

import copy
import pickle

import pytest

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.account import AccountError
from airflow_provider_nxlink.api.auth import HttpxSigningAuth, Signer, SigningSession
from airflow_provider_nxlink.api.client import AsyncNxlinkClient, NxlinkClient
from tests.api.conftest import SECRET, account_of

MAKERS = {
    "account": lambda account: account,
    "client": NxlinkClient,
    "async client": AsyncNxlinkClient,
    "session": SigningSession,
    "signer": Signer,
    "auth": lambda account: HttpxSigningAuth(Signer(account)),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_no_pickle_holds_the_secret_or_a_signature(make, protocol):
    account = account_of("https://nxlink.example")
    thing = make(account)
    signer = getattr(thing, "_signer", thing)
    signs = isinstance(signer, Signer)
    signature = signer.headers(account.base_url, None, None)["sign"] if signs else "none"

    pickled = pickle.dumps(thing, protocol)

    assert SECRET.encode() not in pickled
    assert signature.encode() not in pickled
    assert type(pickle.loads(pickled)) is type(thing)  # noqa: S301 - our own


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_client_signs_as_the_client_does(connect, sandbox, duplicate):
    sender = connect(account_of(sandbox.url), attempts=2)

    sender.client = duplicate(sender.client)

    assert sender.list() == []
    assert duplicate(sender.client.account) is sender.client.account
    assert sender.client._attempts == 2


def test_an_unpickled_client_says_that_it_has_no_secret(connect, sandbox):
    account = account_of(sandbox.url)
    sender = connect(account)

    sender.client = pickle.loads(pickle.dumps(sender.client))  # noqa: S301 - our own

    with pytest.raises(AccountError, match="password: left out of the pickle; make a new client"):
        sender.send(calls.list_flows(account))
    assert sandbox.received() == []
