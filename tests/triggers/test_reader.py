"""What a poll costs, in requests that the server counted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import pytest

from airflow_provider_nxlink.api.models import TemplateRef
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.triggers.reader import Snapshot, TemplateReader


def refs(names: Iterable[str], language: str = "en_US") -> frozenset[TemplateRef]:
    return frozenset(TemplateRef(name=name, language=language) for name in names)


def read(polls: Callable[[TemplateReader], Awaitable[list[Snapshot]]]) -> list[Snapshot]:
    async def run() -> list[Snapshot]:
        async with await NxlinkHook().async_client() as client:
            return await polls(TemplateReader(client))

    return asyncio.run(run())


def costs(sandbox: SandboxServer, polls: list[frozenset[TemplateRef] | None]) -> list[int]:
    """Return the requests of each poll; every template that is wanted and there must be found."""

    async def run(reader: TemplateReader) -> list[Snapshot]:
        snapshots = []
        for wanted in polls:
            before = sandbox.count("list")
            snapshot = await reader.read(wanted)
            spent.append(sandbox.count("list") - before)
            for ref in wanted or ():
                there = sandbox.template(str(ref.name), str(ref.language))
                seen = snapshot.find(ref)
                assert (seen and seen.id) == (there and there.id), ref
            snapshots.append(snapshot)
        return snapshots

    spent: list[int] = []
    read(run)
    return spent


@pytest.fixture
def account(sandbox: SandboxServer) -> list[str]:
    """Return the names of 1 000 templates, on ten pages; the first page holds t_999 to t_900."""
    body = {"language": "en_US", "category_type": 2, "content": "hello"}
    names = [f"t_{number:03}" for number in range(1000)]
    sandbox.seed([{**body, "name": name} for name in names])
    return names


@pytest.mark.parametrize(
    ("wanted", "steady"),
    [
        pytest.param(slice(500, 501), 1, id="one name is asked for by its name"),
        pytest.param(slice(0, 3), 3, id="three names far down are asked for by name"),
        pytest.param(slice(0, 9), 9, id="nine names on the last of ten pages cost nine"),
        pytest.param(slice(0, 30), 10, id="thirty names on the last page cost the ten pages"),
        pytest.param(slice(900, 1000), 1, id="a hundred names on the first page cost that page"),
        pytest.param(slice(850, 1000), 2, id="names on the first two pages cost two"),
        pytest.param(slice(700, 1000), 3, id="names on three pages stop after the third"),
        pytest.param(slice(0, 1000), 10, id="all names cost the pages there are"),
    ],
)
def test_a_poll_costs_the_lesser_of_names_and_pages(
    sandbox: SandboxServer, account: list[str], wanted: slice, steady: int
) -> None:
    names = refs(account[wanted])
    first, *others = costs(sandbox, [names] * 4)
    assert others[-1] == steady
    # Finding out costs a fourth more at the most, once.
    assert first <= max(steady, len(names) + max(1, len(names) // 4))


def test_names_on_a_later_page_are_found_there_once_pages_paid(
    sandbox: SandboxServer, account: list[str]
) -> None:
    names = refs(account[720:760])  # the third page of ten: forty names are more than three pages
    assert costs(sandbox, [names] * 3)[-1] == 3


def test_pages_that_hold_too_little_are_tried_no_more(sandbox: SandboxServer, account: list[str]) -> None:
    body = {"language": "en_US", "category_type": 2, "content": "hello"}
    sandbox.seed([{**body, "name": f"later_{number}"} for number in range(1000)])
    names = refs(["later_850", *account[:7]])  # one on the second of twenty pages, seven on the last
    assert costs(sandbox, [names] * 5)[2:] == [8, 8, 8]


def test_those_who_leave_and_join_change_the_next_poll(sandbox: SandboxServer, account: list[str]) -> None:
    many, one = refs(account[900:]), refs(account[:1])
    assert costs(sandbox, [many, many, one, one, many | one, many | one, many]) == [1, 1, 1, 1, 2, 3, 1]


def test_nothing_wanted_costs_nothing(sandbox: SandboxServer, account: list[str]) -> None:
    assert costs(sandbox, [frozenset()]) == [0]


def test_everything_costs_the_pages(sandbox: SandboxServer, account: list[str]) -> None:
    assert costs(sandbox, [None]) == [10]


def test_a_name_that_is_not_there_costs_one_request(sandbox: SandboxServer, account: list[str]) -> None:
    assert costs(sandbox, [refs(["missing"])] * 2) == [1, 1]


def test_a_snapshot_keeps_what_was_asked_for_and_no_note_of_its_fields(
    sandbox: SandboxServer, account: list[str]
) -> None:
    # NXLink finds the second under the first's name, too.
    sandbox.seed([{"name": name, "language": "en_US"} for name in ("sale", "sale_late")])
    (snapshot,) = read(lambda reader: _one(reader, refs(["sale"])))
    (template,) = snapshot.all()
    assert template.name == "sale"

    (whole,) = read(lambda reader: _one(reader, None))
    assert len({id(one.model_fields_set) for one in [template, *whole.all()]}) == 1


def test_several_languages_of_a_name_are_one_request(sandbox: SandboxServer, account: list[str]) -> None:
    body = {"category_type": 2, "content": "hello", "name": "t_000"}
    sandbox.seed([{**body, "language": "de"}, {**body, "language": "fr"}])
    wanted = refs(["t_000"]) | refs(["t_000"], "de") | refs(["t_000"], "fr")
    assert costs(sandbox, [wanted] * 2) == [1, 1]


def test_a_deleted_template_does_not_hide_its_successor(sandbox: SandboxServer) -> None:
    sandbox.switch(keep_deleted=True)
    body = {"language": "en_US", "category_type": 2, "content": "hello"}
    sandbox.seed([{**body, "name": "again"}])
    sandbox.set_status("again", "en_US", 14)
    (successor,) = sandbox.seed([{**body, "name": "again", "status": 1}])
    (snapshot,) = read(lambda reader: _one(reader, refs(["again", "other"])))
    found = snapshot.find(TemplateRef(name="again", language="en_US"))
    assert found is not None
    assert found.id == successor


@pytest.mark.parametrize("shape", ["object", "array"])
def test_the_lists_shape_does_not_matter(sandbox: SandboxServer, account: list[str], shape: str) -> None:
    if shape == "array":
        sandbox.switch(list="array")
    assert costs(sandbox, [refs(account[850:])] * 3)[-1] == 2


async def _one(reader: TemplateReader, wanted: frozenset[TemplateRef] | None) -> list[Snapshot]:
    return [await reader.read(wanted)]
