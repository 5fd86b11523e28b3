"""The whole list with several pages at a time: what one page after the other gives, in as many calls."""

import dataclasses
import threading

import pytest

from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.models import TemplatePage
from airflow_provider_nxlink.api.paging import PageWalk
from airflow_provider_nxlink.provisioning.listing import listed
from airflow_provider_nxlink.sandbox.server import SandboxServer

SIZE = 3


@pytest.fixture
def client(server: SandboxServer, connect):
    with connect(server) as usual:
        account = dataclasses.replace(usual.account, page_size=SIZE)
    with NxlinkClient(account) as client:
        yield client


def seed(server: SandboxServer, count: int) -> None:
    body = {"language": "en_US", "category_type": 2, "content": "Hello"}
    server.seed([{**body, "name": f"t_{number:02}"} for number in range(count)])


@pytest.mark.parametrize("form", ["object", "array", "null_when_empty"])
@pytest.mark.parametrize("count", [0, 1, SIZE, 4 * SIZE, 4 * SIZE + 1])
def test_it_is_the_list_in_as_many_calls(server, client, count, form):
    seed(server, count)
    server.switch(list=form)
    one_by_one = list(client.templates())
    calls = server.count("list")

    assert listed(client, 2) == one_by_one
    assert server.count("list") == 2 * calls


def test_pages_are_asked_for_at_the_same_time_once_the_first_has_said_how_many_there_are(server, client):
    seed(server, 7 * SIZE)
    together = threading.Barrier(3)
    send = client.send

    def send_with_two_others(call):
        if call.query["page_number"] != "1":
            # Breaks, and with it the test, unless three calls are under way at once.
            together.wait(5)
        return send(call)

    client.send = send_with_two_others
    assert len(listed(client, 3)) == 7 * SIZE


@pytest.mark.parametrize("count", [SIZE + 1, 3 * SIZE, 5 * SIZE])
def test_pages_that_are_known_of_are_asked_for_with_the_first(server, client, count):
    seed(server, count)
    one_by_one, calls = list(client.templates()), server.count("list")
    expected = min(count, 3 * SIZE)
    together = threading.Barrier(-(-expected // SIZE))
    send = client.send

    def send_with_the_others(call):
        if int(call.query["page_number"]) <= together.parties:
            # Breaks, and with it the test, unless these are under way at once.
            together.wait(5)
        return send(call)

    client.send = send_with_the_others
    assert listed(client, 3, expected) == one_by_one
    assert server.count("list") == 2 * calls


class TestNextCalls:
    @staticmethod
    def walk_after(client, **page):
        walk = PageWalk(client.account)
        walk.take(TemplatePage(templates=[{"id": number} for number in range(SIZE)], **page))
        return [call.query["page_number"] for call in walk.next_calls(3)]

    def test_are_as_many_as_the_total_makes_likely(self, client):
        assert self.walk_after(client, total=4 * SIZE) == ["2", "3", "4"]
        assert self.walk_after(client, total=2 * SIZE + 1) == ["2", "3"]

    def test_are_no_more_than_asked_for(self, client):
        assert self.walk_after(client, total=10**9) == ["2", "3", "4"]

    @pytest.mark.parametrize("total", [None, -1, 0, 1])
    def test_are_one_where_the_total_is_none_or_too_small(self, client, total):
        assert self.walk_after(client, total=total, has_next_page=True) == ["2"]

    def test_are_none_at_the_end(self, client):
        assert self.walk_after(client, total=9 * SIZE, has_next_page=False) == []

    def test_are_the_first_at_the_beginning(self, client):
        assert [call.query["page_number"] for call in PageWalk(client.account).next_calls(9)] == ["1"]
