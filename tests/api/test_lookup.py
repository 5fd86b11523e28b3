"""Finding a template by name and language, by id, and in both places where one gives too little."""

import pytest

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.errors import NxlinkAuthError, TemplateNotFoundError
from airflow_provider_nxlink.api.lookup import find_template, get_template
from airflow_provider_nxlink.api.models import TemplateRef
from tests.api.conftest import BODY, account_of

REF = TemplateRef(name="promo", language="en_US")


@pytest.fixture
def client(sandbox):
    with NxlinkClient(account_of(sandbox.url, page_size=2), sleep=lambda _: None) as client:
        yield client


@pytest.mark.parametrize("name_filter", ["fuzzy", "exact", "ignored"])
def test_name_and_language_must_both_be_the_same(client, sandbox, name_filter):
    others = [("promo", "de"), ("promo_2", "en_US"), ("my_promo", "en_US"), ("Promo", "en_US")]
    sandbox.seed([{**BODY, "name": name, "language": language} for name, language in others])
    sandbox.switch(name_filter=name_filter)
    assert find_template(client, REF) is None

    (template_id,) = sandbox.seed([BODY])

    assert find_template(client, REF).id == template_id


def test_the_list_is_read_no_further_than_needed(client, sandbox):
    sandbox.seed([{**BODY, "name": f"promo{number}"} for number in range(9)])
    sandbox.seed([BODY])  # the newest comes first

    assert find_template(client, REF)

    (asked,) = sandbox.received(endpoint="list")
    assert asked.query["name"] == "promo"


@pytest.mark.parametrize("details", ["A", "B"])
def test_an_id_alone_is_asked_for_and_completed(client, sandbox, details):
    sandbox.switch(details=details)
    sandbox.seed([{**BODY, "language": "de", "status": 0}])
    (template_id,) = sandbox.seed([{**BODY, "status": 3}])

    found = find_template(client, TemplateRef(id=template_id))

    assert (found.id, found.name, found.language, found.status) == (template_id, "promo", "en_US", 3)
    assert found.content == "Hello"
    assert (found.components is not None) is (details == "A")
    assert [call.query["name"] for call in sandbox.received(endpoint="list")] == ["promo"] * (details == "A")


def test_what_the_details_say_is_not_overwritten_by_the_list(client, sandbox):
    sandbox.switch(details="B", status="missing")
    (template_id,) = sandbox.seed([BODY])

    found = get_template(client, template_id)

    assert (found.status, found.content, found.language) == (None, "Hello", "en_US")


def test_details_of_a_template_the_list_does_not_show_stay_as_they_are(client, sandbox):
    sandbox.switch(visible_after=60, details="A")
    template_id = client.send(calls.create_template(client.account, BODY))

    found = get_template(client, template_id)

    assert (found.id, found.name, found.status) == (template_id, "promo", None)


def test_an_id_that_is_none_is_not_found(client):
    assert find_template(client, TemplateRef(id=404)) is None
    with pytest.raises(TemplateNotFoundError, match=r"no template 404 for 8613800000000"):
        get_template(client, 404)


@pytest.mark.parametrize("ref", [REF, TemplateRef(id=404)])
def test_a_refusal_is_not_taken_for_an_absence(client, sandbox, ref):
    sandbox.inject("code", code=1003)
    with pytest.raises(NxlinkAuthError):
        find_template(client, ref)
