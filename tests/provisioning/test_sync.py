"""Syncing many specs: one read, one plan, bounded writes, nothing twice."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_nxlink.api import writes as api_writes
from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.errors import NxlinkAuthError
from airflow_provider_nxlink.provisioning.options import Options, Rules
from airflow_provider_nxlink.provisioning.report import (
    PlanRefusedError,
    Report,
    Result,
    TemplateSyncError,
    table,
)
from airflow_provider_nxlink.provisioning.sync import sync
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.violations import TemplateSpecError


def spec(name: str, **changes: Any) -> TemplateSpec:
    fields = {"language": "en_US", "category": "MARKETING", "content": f"Hello from {name}"}
    return TemplateSpec(name=name, **{**fields, **changes})


def specs(count: int) -> list[TemplateSpec]:
    return [spec(f"promo_{number:03}") for number in range(count)]


def seed(name: str, **changes: Any) -> dict[str, Any]:
    fields = {"language": "en_US", "category_type": 1, "content": f"Hello from {name}"}
    return {"name": name, **fields, **changes}


def outcomes(report: Report) -> dict[str, str]:
    return {str(result.planned.ref.name): result.outcome for result in report.results}


def writes(server: SandboxServer) -> int:
    return sum(server.count(endpoint) for endpoint in ("create", "update", "delete", "upload"))


def test_300_specs_are_created_and_then_left_alone(server: SandboxServer, client: NxlinkClient) -> None:
    server.inject("latency", seconds=0.05, times=0)
    wanted, options = specs(300), Options(max_creates_per_hour=0)
    first = sync(client, wanted, options)
    assert set(outcomes(first).values()) == {"created"}
    assert all(result.template and result.template.status == 2 for result in first.results)
    # The list before (empty, one page) and after (three pages of a hundred): no look-up per template.
    assert dict(server.state.counts) == {"create": 300, "list": 4}

    server.state.counts.clear()
    second = sync(client, wanted, options)
    assert set(outcomes(second).values()) == {"unchanged"}
    assert dict(server.state.counts) == {"list": 3, "details": 300}

    server.state.counts.clear()
    assert not sync(client, wanted, Options(rules=Rules(compare="content"))).plan.changes
    assert dict(server.state.counts) == {"list": 3}


def test_all_pages_of_what_was_created_are_asked_for_at_once(
    server: SandboxServer, client: NxlinkClient
) -> None:
    send, together, created = client.send, threading.Barrier(3), threading.Event()

    def send_with_the_others(call: Any) -> Any:
        if call.method != "GET":
            created.set()
        elif created.is_set():
            # Breaks, and with it the test, unless three pages are under way at once.
            together.wait(10)
        return send(call)

    client.send = send_with_the_others  # type: ignore[method-assign]
    assert len(sync(client, specs(201), Options(max_creates_per_hour=0)).results) == 201
    assert server.count("list") == 4


def test_what_differs_is_updated_what_is_absent_created(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed("same"), seed("old", content="Before"), seed("foreign")])
    report = sync(client, [spec("new"), spec("old"), spec("same")])
    assert outcomes(report) == {"new": "created", "old": "updated", "same": "unchanged"}
    assert [result.planned.ref.name for result in report.results] == ["new", "old", "same"]
    assert report.results[1].to_dict()["differences"] == [
        {"path": "content", "live": "Before", "wanted": "Hello from old"}
    ]
    assert report.results[1].template is not None
    assert report.results[1].template.content == "Hello from old"
    report.raise_for_failures()


def test_no_more_calls_at_once_than_allowed(server: SandboxServer, client: NxlinkClient) -> None:
    server.inject("latency", endpoint="create", seconds=0.05, times=0)
    send, running, most, lock = client.send, 0, 0, threading.Lock()

    def counted(call: Any) -> Any:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return send(call)
        finally:
            with lock:
                running -= 1

    client.send = counted  # type: ignore[method-assign]
    sync(client, specs(12), Options(max_concurrency=3))
    assert most == 3


def test_a_refusal_of_one_does_not_stop_the_others(server: SandboxServer, client: NxlinkClient) -> None:
    wrong = spec("wrong", tag_name="no such tag")
    report = sync(client, [spec("first"), wrong, spec("last")])
    assert outcomes(report) == {"first": "created", "wrong": "failed", "last": "created"}
    with pytest.raises(
        TemplateSyncError, match=r"1 of 3 templates.*\n  - template wrong \(en_US\): .*22072"
    ) as error:
        report.raise_for_failures()
    assert error.value.permanent


def test_a_passing_fault_is_worth_another_try(
    server: SandboxServer, client: NxlinkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_writes, "VISIBLE_AFTER", (0.0, 0.1))
    server.inject("code", code=-1, endpoint="create")
    report = sync(client, specs(3), Options(max_concurrency=1))
    assert sorted(outcomes(report).values()) == ["created", "created", "failed"]
    with pytest.raises(TemplateSyncError) as error:
        report.raise_for_failures()
    assert not error.value.permanent
    again = sync(client, specs(3))
    assert sorted(outcomes(again).values()) == ["created", "unchanged", "unchanged"]


def test_an_error_that_concerns_every_call_ends_it(server: SandboxServer, client: NxlinkClient) -> None:
    server.inject("code", code=1005, endpoint="create", times=0)
    report = sync(client, specs(20), Options(max_concurrency=2))
    assert server.count("create") <= 4
    assert len(report.failures) + len(report.left) == 20
    assert "not tried" in report.left[0].note
    server.inject("code", code=1005, endpoint="list")
    with pytest.raises(NxlinkAuthError):
        sync(client, specs(1))


def test_too_many_requests_are_waited_out(server: SandboxServer, client: NxlinkClient) -> None:
    server.inject("status", status=429, headers={"Retry-After": "0"}, endpoint="create", times=3)
    assert set(outcomes(sync(client, specs(3), Options(max_concurrency=1))).values()) == {"created"}


def test_a_lost_answer_is_no_failure(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed("promo_000", content="Before")])
    server.inject("drop", endpoint="create", when="after", times=2)
    server.inject("drop", endpoint="update", when="after")
    report = sync(client, specs(3))
    assert list(outcomes(report).values()) == ["updated", "created", "created"]
    assert (server.count("create"), server.count("update")) == (2, 1)


def test_one_that_the_list_shows_late_is_taken_for_what_it_is(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([seed("promo_000")])
    server.inject("status", status=200, body='{"code": 0, "data": []}', endpoint="list")
    assert outcomes(sync(client, specs(2))) == {"promo_000": "unchanged", "promo_001": "created"}


def test_two_specs_for_one_template_are_refused(server: SandboxServer, client: NxlinkClient) -> None:
    with pytest.raises(TemplateSpecError, match=r"template promo \(en_US\) is given twice"):
        sync(client, [spec("promo"), spec("promo", content="Other"), spec("promo", language="de")])
    assert writes(server) == 0


def test_a_dry_run_sends_nothing(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed("old", content="Before"), seed("promo_gone")])
    options = Options(prune=True, prune_pattern="promo_*")
    report = sync(client, [spec("new"), spec("old")], options, dry_run=True)
    assert [action.kind for action in report.plan.actions] == ["create", "update", "delete"]
    assert (report.results, writes(server)) == ((), 0)
    plain = report.to_dict()
    assert (plain["counts"], plain["results"]) == ({"create": 1, "update": 1, "delete": 1}, [])


# Deletions


def test_prune_deletes_what_matches_and_is_no_spec(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed("promo_000"), seed("promo_gone"), seed("other_gone")])
    report = sync(client, specs(1), Options(prune=True, prune_pattern="promo_*"))
    assert outcomes(report) == {"promo_000": "unchanged", "promo_gone": "deleted"}
    assert [result.template and result.template.status_name for result in report.results][1] == "DELETED"
    assert server.template("promo_gone", "en_US") is None
    assert server.template("other_gone", "en_US") is not None


def test_a_language_that_is_no_spec_is_pruned_alone(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed("promo_000"), seed("promo_000", language="de")])
    sync(client, specs(1), Options(prune=True, prune_pattern="promo_*"))
    assert server.template("promo_000", "de") is None
    assert server.template("promo_000", "en_US") is not None


def test_without_a_pattern_nothing_is_deleted(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed("promo_gone")])
    sync(client, specs(1))
    assert server.count("delete") == 0


@pytest.mark.parametrize("pattern", ["*", "**", "?*", "[a-z]*"])
def test_a_pattern_that_fits_everything_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"prune_pattern: .* fits any name"):
        Options(prune=True, prune_pattern=pattern)


def test_prune_needs_a_pattern() -> None:
    with pytest.raises(ValueError, match="prune_pattern: missing"):
        Options(prune=True)


def test_with_too_much_to_delete_nothing_at_all_is_done(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed(f"promo_gone_{number}") for number in range(3)])
    options = Options(prune=True, prune_pattern="promo_*", max_deletes=2)
    with pytest.raises(PlanRefusedError, match=r"3 templates match 'promo_\*'.*promo_gone_0 \(en_US\)"):
        sync(client, specs(1), options)
    assert writes(server) == 0
    assert "max_deletes=2" in sync(client, specs(1), options, dry_run=True).plan.refusal


def test_deletions_wait_until_all_the_rest_is_done(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed("promo_gone")])
    wanted = [spec("promo_new", tag_name="no such tag")]
    report = sync(client, wanted, Options(prune=True, prune_pattern="promo_*"))
    assert outcomes(report) == {"promo_new": "failed", "promo_gone": "left"}
    assert server.count("delete") == 0


@pytest.mark.parametrize("status", [9, 14])
def test_what_is_deleted_already_is_not_deleted_again(
    status: int, server: SandboxServer, client: NxlinkClient
) -> None:
    server.switch(keep_deleted=True)
    server.seed([seed("promo_gone", status=status)])
    assert outcomes(sync(client, specs(1), Options(prune=True, prune_pattern="promo_*"))) == {
        "promo_000": "created"
    }


# The allowance


def test_no_more_are_created_than_an_hour_allows(server: SandboxServer, client: NxlinkClient) -> None:
    clock = server.clock.now
    options = Options(max_creates_per_hour=3)
    server.seed([seed("old", content="Before")])
    server.clock.advance(7200)
    report = sync(client, [*specs(5), spec("old")], options, now=clock)
    assert list(outcomes(report).values()) == ["created"] * 3 + ["left"] * 2 + ["updated"]
    assert report.resume_at == pytest.approx(clock() + 3600, abs=5)
    with pytest.raises(TemplateSyncError, match=r"2 templates are left.*used up until .*UTC") as error:
        report.raise_for_failures()
    assert not error.value.permanent

    at_once = sync(client, specs(5), options, now=clock)
    assert server.count("create") == 3
    assert at_once.resume_at is not None

    server.clock.advance(3601)
    later = sync(client, specs(5), options, now=clock)
    assert list(outcomes(later).values()) == ["unchanged"] * 3 + ["created"] * 2


def test_creations_that_the_list_does_not_date_are_remembered(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.switch(times="never")
    options = Options(max_creates_per_hour=3)
    first = sync(client, specs(5), options)
    assert len(first.created) == 3
    second = sync(client, specs(5), options, created=first.created)
    assert len(second.left) == 2
    assert server.count("create") == 3


def test_a_refused_creation_leaves_its_place_to_the_next(server: SandboxServer, client: NxlinkClient) -> None:
    wanted = [spec("wrong", tag_name="no such tag"), *specs(2)]
    report = sync(client, wanted, Options(max_creates_per_hour=2))
    assert list(outcomes(report).values()) == ["failed", "created", "created"]


# What is told


def test_each_result_is_told_as_it_comes(server: SandboxServer, client: NxlinkClient) -> None:
    told: list[tuple[str, int, int]] = []

    def note(result: Result, done: int, total: int) -> None:
        told.append((result.outcome, done, total))

    server.seed([seed("promo_000")])
    sync(client, specs(3), on_progress=note)
    assert told == [("unchanged", 1, 3), ("created", 2, 3), ("created", 3, 3)]


def test_the_log_says_how_it_gets_on(
    server: SandboxServer, client: NxlinkClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        sync(client, specs(2))
    assert "template promo_001 (en_US) is created" in caplog.text
    assert "2 of 2 done" in caplog.text


def test_the_table_shows_failures_last(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed("blocked", status=6, content="Before"), seed("old", content="Before")])
    report = sync(client, [spec("blocked"), spec("old"), spec("new")])
    rows = table([result.to_dict() for result in report.results]).splitlines()
    assert [row.split()[:4] for row in rows] == [
        ["ACTION", "NAME", "LANGUAGE", "STATUS"],
        ["created", "new", "en_US", "IN_USE"],
        ["updated", "old", "en_US", "IN_USE"],
        ["blocked", "blocked", "en_US", "UNAVAILABLE"],
    ]
    assert rows[2].endswith("content")
    assert "Meta has disabled it" in rows[3]


@pytest.mark.parametrize(
    "wrong",
    [{"max_deletes": -1}, {"max_concurrency": 0}, {"max_creates_per_hour": 1.5}, {"max_concurrency": True}],
    ids=str,
)
def test_a_limit_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: .* is not a whole number"):
        Options(**wrong)


def test_what_this_run_has_written_is_not_compared_again(
    server: SandboxServer, connect: Callable[[SandboxServer], NxlinkClient]
) -> None:
    server.seed([seed("promo_000")])
    client, options = connect(server), Options(rules=Rules(compare="always"))
    first = sync(client, specs(1), options)
    assert outcomes(first) == {"promo_000": "updated"}
    again = sync(client, specs(1), options, done={first.results[0].planned.ref})
    assert outcomes(again) == {"promo_000": "unchanged"}
    assert server.count("update") == 1
