"""What a poll costs, in requests that the server counted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import pytest

from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.triggers.reader import Snapshot, TemplateReader, Wanted


def refs(names: Iterable[str], language: str = "en_US") -> Wanted:
    return Wanted(frozenset(TemplateRef(name=name, language=language) for name in names))


def together(*parts: Wanted) -> Wanted:
    return Wanted.together(parts)


def read(polls: Callable[[TemplateReader], Awaitable[list[Snapshot]]]) -> list[Snapshot]:
    async def run() -> list[Snapshot]:
        async with await NxlinkHook().async_client() as client:
            return await polls(TemplateReader(client))

    return asyncio.run(run())


def costs(sandbox: SandboxServer, polls: list[Wanted]) -> list[int]:
    """Return the requests of each poll; every template that is wanted and there must be found."""

    async def run(reader: TemplateReader) -> list[Snapshot]:
        snapshots = []
        for wanted in polls:
            before = sandbox.count("list")
            snapshot = await reader.read(wanted)
            spent.append(sandbox.count("list") - before)
            for ref in wanted.refs:
                there = sandbox.template(str(ref.name), str(ref.language))
                seen = snapshot.found.get(ref)
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
    assert first <= max(steady, len(names.refs) + max(1, len(names.refs) // 4))


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
    both = together(many, one)
    assert costs(sandbox, [many, many, one, one, both, both, many]) == [1, 1, 1, 1, 2, 3, 1]


def test_nothing_wanted_costs_nothing(sandbox: SandboxServer, account: list[str]) -> None:
    assert costs(sandbox, [Wanted()]) == [0]


def test_everything_costs_the_pages(sandbox: SandboxServer, account: list[str]) -> None:
    assert costs(sandbox, [Wanted(everything=True)]) == [10]


def test_a_name_that_is_not_there_costs_one_request(sandbox: SandboxServer, account: list[str]) -> None:
    assert costs(sandbox, [refs(["missing"])] * 2) == [1, 1]


def test_a_snapshot_keeps_what_was_asked_for_and_no_note_of_its_fields(
    sandbox: SandboxServer, account: list[str]
) -> None:
    # NXLink finds the second under the first's name, too.
    sandbox.seed([{"name": name, "language": "en_US"} for name in ("sale", "sale_late")])
    (snapshot,) = read(lambda reader: _one(reader, refs(["sale"])))
    (template,) = snapshot.found.values()
    assert template.name == "sale"

    (whole,) = read(lambda reader: _one(reader, Wanted(everything=True)))
    assert len({id(one.model_fields_set) for one in [template, *whole.everything]}) == 1


class TestStatusAlone:
    """Of a template at which all who want it wait on, its status is enough."""

    WANTED = (TemplateRef(name="new", language="en_US"), TemplateRef(name="used", language="en_US"))

    @pytest.fixture
    def two(self, sandbox: SandboxServer) -> None:
        body = {"language": "en_US", "content": "hello"}
        sandbox.seed([{**body, "name": "new", "status": 1}, {**body, "name": "used", "status": 2}])

    def found(self, *waiting: set[int], everything: bool = False) -> Snapshot:
        parts = [Wanted(frozenset(self.WANTED), frozenset(statuses)) for statuses in waiting]
        wanted = Wanted.together([*parts, *[Wanted(everything=True)] * everything])
        (snapshot,) = read(lambda reader: _one(reader, wanted))
        return snapshot

    @pytest.mark.usefixtures("two")
    def test_no_more_is_kept_of_it(self) -> None:
        new, used = (self.found({1}).found[ref] for ref in self.WANTED)
        assert new == Template(status=1)
        assert (used.name, used.status, used.content) == ("used", 2, "hello")

    @pytest.mark.usefixtures("two")
    def test_all_is_kept_where_one_of_them_is_done_with_it(self) -> None:
        new, used = (self.found({1, 2}, {2}).found[ref] for ref in self.WANTED)
        assert (new.name, new.content) == ("new", "hello")
        assert used == Template(status=2)

    @pytest.mark.usefixtures("two")
    def test_a_watch_of_the_list_has_all_of_it(self) -> None:
        snapshot = self.found({1}, everything=True)
        assert snapshot.found[self.WANTED[0]] == Template(status=1)
        assert {template.content for template in snapshot.everything} == {"hello"}

    def test_it_says_nothing_to_a_wait_that_it_did_not_know_of(self) -> None:
        one, other = self.WANTED
        snapshot = Snapshot(Wanted(frozenset([one]), frozenset({1})))
        assert snapshot.covers(one, frozenset({1, 11}))
        assert not snapshot.covers(one, frozenset({11}))
        assert not snapshot.covers(other, frozenset({1}))

    def test_a_wait_by_id_is_no_reason_to_keep_the_list(self, sandbox: SandboxServer, two: None) -> None:
        ref = TemplateRef(id=sandbox.template("used", "en_US").id)
        (snapshot,) = read(lambda reader: _one(reader, Wanted(frozenset([ref]))))
        assert [template.name for template in snapshot.found.values()] == ["used"]
        assert snapshot.everything == []


def test_several_languages_of_a_name_are_one_request(sandbox: SandboxServer, account: list[str]) -> None:
    body = {"category_type": 2, "content": "hello", "name": "t_000"}
    sandbox.seed([{**body, "language": "de"}, {**body, "language": "fr"}])
    wanted = together(refs(["t_000"]), refs(["t_000"], "de"), refs(["t_000"], "fr"))
    assert costs(sandbox, [wanted] * 2) == [1, 1]


def test_a_deleted_template_does_not_hide_its_successor(sandbox: SandboxServer) -> None:
    sandbox.switch(keep_deleted=True)
    body = {"language": "en_US", "category_type": 2, "content": "hello"}
    sandbox.seed([{**body, "name": "again"}])
    sandbox.set_status("again", "en_US", 14)
    (successor,) = sandbox.seed([{**body, "name": "again", "status": 1}])
    (snapshot,) = read(lambda reader: _one(reader, refs(["again", "other"])))
    found = snapshot.found.get(TemplateRef(name="again", language="en_US"))
    assert found is not None
    assert found.id == successor


@pytest.mark.parametrize("shape", ["object", "array"])
def test_the_lists_shape_does_not_matter(sandbox: SandboxServer, account: list[str], shape: str) -> None:
    if shape == "array":
        sandbox.switch(list="array")
    assert costs(sandbox, [refs(account[850:])] * 3)[-1] == 2


async def _one(reader: TemplateReader, wanted: Wanted) -> list[Snapshot]:
    return [await reader.read(wanted)]
