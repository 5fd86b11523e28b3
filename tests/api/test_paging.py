"""The walk over the pages: every template once, and an end in every shape of the list."""

import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.errors import NxlinkTransportError
from airflow_provider_nxlink.api.models import TemplatePage
from airflow_provider_nxlink.api.paging import PageWalk
from tests.api.conftest import BODY, account_of
from tests.api.raw_server import envelope, http


def names(templates):
    return [template.name for template in templates]


def bodies(count):
    return [{**BODY, "name": f"promo_{number}"} for number in range(count)]


@pytest.mark.parametrize("paging", ["exact", "endless"])
@pytest.mark.parametrize("form", ["object", "array", "null_when_empty"])
@pytest.mark.parametrize(("count", "requests"), [(0, 1), (2, 1), (3, 1), (7, 3)])
def test_all_templates_come_once_in_every_shape(connect, sandbox, form, paging, count, requests):
    sandbox.seed(bodies(count))
    sandbox.switch(list=form, paging=paging)

    found = connect(account_of(sandbox.url, page_size=3)).list()

    assert sorted(names(found)) == sorted(body["name"] for body in bodies(count))
    # Where nothing says that a full page is the last, one more must be asked for.
    ends_unsaid = paging == "endless" and form != "array" and count
    full_last_page = form == "array" and count and count % 3 == 0
    assert sandbox.count("list") == requests + bool(ends_unsaid or full_last_page)


def test_the_walk_asks_with_the_name_and_passes_on_what_nxlink_finds(connect, sandbox):
    sandbox.seed(bodies(3))

    found = connect(account_of(sandbox.url)).list("promo_1")

    assert names(found) == ["promo_1"]
    assert sandbox.received(endpoint="list")[0].query["name"] == "promo_1"


def test_pages_are_asked_for_one_by_one_from_1(connect, sandbox):
    sandbox.seed(bodies(5))
    connect(account_of(sandbox.url, page_size=2)).list()
    assert [call.query["page_number"] for call in sandbox.received()] == ["1", "2", "3"]
    assert {call.query["page_size"] for call in sandbox.received()} == {"2"}


def test_a_page_shorter_than_asked_for_is_not_the_end_where_nxlink_says_there_is_more(connect, raw):
    # The largest page it gives is not documented: it may give 2 where 100 are asked for.
    pages = [
        {"list": [{"id": 1}, {"id": 2}], "total": 3, "has_next_page": True},
        {"list": [{"id": 3}], "total": 3, "has_next_page": False},
    ]
    raw.script(*map(envelope, pages))

    assert [template.id for template in connect(account_of(raw.url)).list()] == [1, 2, 3]


def test_a_template_that_moves_to_the_next_page_comes_once(connect, raw):
    rows = [{"list": [{"id": 1}, {"id": 2}], "has_next_page": True}, {"list": [{"id": "2"}, {"id": 3}]}]
    raw.script(*map(envelope, rows))

    assert [template.id for template in connect(account_of(raw.url)).list()] == [1, 2, 3]


def test_rows_without_id_are_told_apart_by_name_and_language(connect, raw):
    rows = [{"name": "a", "language": language} for language in ("en", "de", "en")]
    raw.script(envelope(rows))

    assert [template.language for template in connect(account_of(raw.url)).list()] == ["en", "de"]


def test_a_page_that_repeats_is_the_end(connect, raw):
    raw.script(envelope({"list": [{"id": 1}], "total": 9, "has_next_page": True}))

    assert len(connect(account_of(raw.url)).list()) == 1
    assert len(raw.requests) == 2


def test_a_total_that_is_reached_is_the_end_where_nothing_else_says_so(connect, raw):
    raw.script(envelope({"list": [{"id": 1}, {"id": 2}], "total": "2"}))

    assert len(connect(account_of(raw.url, page_size=2)).list()) == 2
    assert len(raw.requests) == 1


def test_a_fault_between_two_pages_is_passed_over(connect, sandbox):
    sandbox.seed(bodies(4))
    sandbox.inject("truncate", endpoint="list", skip=1)

    assert len(connect(account_of(sandbox.url, page_size=2)).list()) == 4


def test_a_page_that_never_comes_is_an_error_and_not_the_end(connect, raw):
    raw.script(envelope({"list": [{"id": 1}], "has_next_page": True}), http(status=502))

    with pytest.raises(NxlinkTransportError):
        connect(account_of(raw.url)).list()


def page_of(*ids):
    return TemplatePage(templates=[{"id": number} for number in ids], has_next_page=True)


def ids_of_a_walk(pages):
    """Take pages until the walk asks for no more, and return the ids it gave, and how many pages it took."""
    walk, found = PageWalk(account_of("https://h")), []
    for count, page in enumerate(itertools.islice(pages, 500), 1):
        found += [template.id for template in walk.take(page)]
        if walk.next_call() is None:
            return found, count
    raise AssertionError("the walk goes on where there is nothing left")


def test_what_moves_on_all_along_a_long_list_comes_once():
    # Two templates are made between any two pages: the last two of each page are the first of the next.
    pages = [page_of(*range(3 * number, 3 * number + 5)) for number in range(40)]
    found, _ = ids_of_a_walk([*pages, page_of()])
    assert found == list(range(3 * 39 + 5))


@pytest.mark.parametrize("length", [1, 2, 9, 10, 11, 25, 64])
def test_a_list_that_begins_anew_for_ever_ends_where_it_does(length):
    pages = [page_of(2 * number, 2 * number + 1) for number in range(length)]
    found, asked = ids_of_a_walk(itertools.cycle(pages))
    assert found == list(range(2 * length))
    assert asked == length + 1


def test_a_list_whose_later_part_repeats_for_ever_ends():
    first, again = ([page_of(number) for number in numbers] for numbers in (range(20), range(20, 40)))
    found, asked = ids_of_a_walk(itertools.chain(first, itertools.cycle(again)))
    assert set(found) == set(range(40))
    assert asked == 32 + 20  # page 32 is the first of those known for good to come again


@pytest.mark.parametrize(("page", "times"), [(11, 1), (12, 2)])
def test_a_template_is_remembered_for_ten_pages(page, times):
    pages = [page_of(number) for number in range(1, page)]
    found, _ = ids_of_a_walk([*pages, page_of(1, page), page_of()])
    assert found.count(1) == times


def test_a_long_list_takes_no_more_memory_than_a_short_one():
    def peak(pages):
        walk = PageWalk(account_of("https://h"))
        tracemalloc.start()
        try:
            for number in range(pages):
                walk.take(page_of(*range(10**6 + 100 * number, 10**6 + 100 * (number + 1))))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Were the ids kept, it would be five times as much.
    assert peak(300) < 1.2 * peak(20)


def test_many_templates_are_read(connect, raw):
    pages = [[{"id": 1000 * page + row, "name": "名" * 20} for row in range(1000)] for page in range(5)]
    raw.script(*map(envelope, [*pages, []]))

    assert len(connect(account_of(raw.url, page_size=1000)).list()) == 5000


pages = st.builds(
    TemplatePage,
    templates=st.lists(
        st.fixed_dictionaries({}, optional={"id": st.integers(0, 5), "name": st.sampled_from("ab")})
    ),
    total=st.none() | st.integers(-1, 9),
    has_next_page=st.none() | st.booleans(),
)


@given(st.lists(pages, min_size=1), st.integers(1, 3))
def test_the_walk_ends_whatever_comes_and_gives_nothing_twice(answers, page_size):
    walk = PageWalk(account_of("https://h", page_size=page_size))
    found, asked = [], 0
    while walk.next_call():
        found += walk.take(answers[asked % len(answers)])
        asked += 1

    # Of these rows there are 6 with an id and 3 without: each page but the last brings a new one.
    assert asked <= 10
    keys = [template.id if template.id is not None else (template.name, None) for template in found]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("second", [[3], [3, 4]])
def test_a_total_that_is_not_reached_leads_to_the_next_page_where_nothing_else_says_so(connect, raw, second):
    total = 2 + len(second)
    raw.script(
        *(envelope({"list": [{"id": id_} for id_ in ids], "total": total}) for ids in ([1, 2], second))
    )

    found = connect(account_of(raw.url, page_size=2)).list()

    assert [template.id for template in found] == [1, 2, *second]
    assert len(raw.requests) == 2


def test_a_total_that_is_passed_meanwhile_is_the_end(connect, raw):
    raw.script(envelope({"list": [{"id": 1}, {"id": 2}, {"id": 3}], "total": 2}))

    assert len(connect(account_of(raw.url, page_size=3)).list()) == 3
    assert len(raw.requests) == 1


def test_a_page_longer_than_asked_for_is_not_the_end(connect, raw):
    raw.script(envelope([{"id": 1}, {"id": 2}, {"id": 3}]), envelope([{"id": 4}]))

    assert len(connect(account_of(raw.url, page_size=2)).list()) == 4


@pytest.mark.parametrize(
    ("expected", "total", "most", "numbers"),
    [
        (0, None, 4, [1]),
        (21, None, 4, [1, 2, 3]),
        (21, None, 2, [1, 2]),
        (0, 41, 9, [2, 3, 4, 5]),
        (0, 41, 2, [2, 3]),
        (99, 10, 9, [2]),
    ],
)
def test_as_many_pages_are_asked_for_at_once_as_there_seem_to_be(expected, total, most, numbers):
    account = account_of("https://h", page_size=10)
    walk = PageWalk(account, "promo", expected=expected)
    if total:
        walk.take(page_of(*range(10)).model_copy(update={"total": total}))

    assert walk.next_calls(most) == [calls.list_templates(account, page, name="promo") for page in numbers]


def test_no_pages_are_asked_for_at_the_end():
    walk = PageWalk(account_of("https://h"))
    walk.take(page_of())

    assert walk.next_calls(4) == []


def endless(rows, **fields):
    """Return pages of new ids for ever, each of which says that there are more."""
    for number in itertools.count():
        ids = range(number * rows, (number + 1) * rows)
        yield TemplatePage(templates=[{"id": id_} for id_ in ids], has_next_page=True, **fields)


def walked(pages, page_size=100):
    walk = PageWalk(account_of("https://h", page_size=page_size))
    count = 0

    def take_all():
        nonlocal count
        for page in pages:
            count += len(walk.take(page))

    with pytest.raises(NxlinkTransportError, match="no end after") as caught:
        take_all()
    assert not caught.value.permanent
    assert not caught.value.from_envelope
    return count


@pytest.mark.parametrize("rows", [1, 7, 100])
@pytest.mark.parametrize("total", [0, 5, 1000])
def test_a_list_that_goes_on_beyond_its_total_is_an_error(total, rows):
    assert walked(endless(rows, total=total)) <= total + 100


@pytest.mark.parametrize("fields", [{}, {"total": 10**17}])
def test_a_list_without_end_is_an_error(fields):
    assert walked(endless(100, **fields)) == 200_000
    assert walked(endless(1, **fields)) < 3001


def test_templates_made_while_the_list_is_read_are_no_error():
    pages = [page_of(*range(100 * n, 100 * n + 100)).model_copy(update={"total": 150}) for n in range(2)]
    found, _ = ids_of_a_walk([*pages, page_of()])
    assert len(found) == 200


def test_an_endless_list_ends_with_an_error_in_both_clients(connect, raw):
    pages = itertools.islice(endless(10, total=20), 40)
    raw.script(
        *(
            envelope(
                page.model_dump(include={"total", "has_next_page"})
                | {"list": [{"id": template.id} for template in page.templates]}
            )
            for page in pages
        )
    )

    with pytest.raises(NxlinkTransportError, match="no end after 130 templates on 13 pages, total says 20"):
        connect(account_of(raw.url)).list()

    assert len(raw.requests) == 13
