"""Syncing many specs: one read, one plan, bounded writes, nothing twice."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_nxlink.api import writes as api_writes
from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.errors import NxlinkAuthError
from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.provisioning import remembered
from airflow_provider_nxlink.provisioning.options import Options, Rules
from airflow_provider_nxlink.provisioning.plan import unmodelled
from airflow_provider_nxlink.provisioning.plan_many import Protected
from airflow_provider_nxlink.provisioning.report import (
    PlanRefusedError,
    Report,
    Result,
    SyncInterrupted,
    TemplateSyncError,
    table,
)
from airflow_provider_nxlink.provisioning.sync import sync
from airflow_provider_nxlink.sandbox import shapes
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
    server.seed([seed("old", content="Before"), seed("promo_gone", status=0)])
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


PRUNE = Options(prune=True, prune_pattern="promo_*")


@pytest.mark.parametrize("pattern", ["*", "**", "?*", "[a-z]*", "[!]]*", "p*", "promo_[!x]*"])
@pytest.mark.parametrize("status", [0, 2])
def test_prune_that_keeps_no_present_template_is_refused(
    pattern: str, status: int, server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([seed("promo_a", status=status), seed("promo_b", status=status)])
    options = Options(prune=True, prune_pattern=pattern)
    if status == 2 and pattern.startswith("p"):
        # Templates in use wait for the new one, so that this pattern renames them.
        assert outcomes(sync(client, specs(1), options))["promo_a"] == "postponed"
        return
    with pytest.raises(PlanRefusedError, match=r"no present template would be kept.*allow_delete_all=True"):
        sync(client, specs(1), options)
    assert writes(server) == 0
    report = sync(client, specs(1), replace(options, allow_delete_all=True))
    assert outcomes(report)["promo_b"] == ("deleted" if status == 0 else "postponed")


def test_any_pattern_may_prune_where_a_present_template_is_kept(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([seed("promo_000"), seed("promo_gone")])
    assert outcomes(sync(client, specs(1), Options(prune=True, prune_pattern="*"))) == {
        "promo_000": "unchanged",
        "promo_gone": "deleted",
    }


def test_a_template_in_use_is_deleted_only_when_every_spec_was_in_use(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.switch(approve_after=60)
    server.seed([seed("promo_old"), seed("promo_rejected", status=0)])
    first = sync(client, specs(1), PRUNE)
    assert outcomes(first) == {
        "promo_000": "created",
        "promo_old": "postponed",
        "promo_rejected": "deleted",
    }
    assert first.results[1].note.endswith("not yet: promo_000 (en_US)")
    first.raise_for_failures()
    assert outcomes(sync(client, specs(1), PRUNE))["promo_old"] == "postponed"
    server.clock.advance(61)
    changed = [spec("promo_000", content="Hello again")]
    assert [action.kind for action in sync(client, changed, PRUNE, dry_run=True).plan.actions] == [
        "update",
        "postponed",
    ]
    assert outcomes(sync(client, specs(1), PRUNE)) == {"promo_000": "unchanged", "promo_old": "deleted"}


@pytest.mark.parametrize("status", [0, 1, 6, 11, 12])
def test_a_spec_that_is_not_in_use_keeps_the_old_template(
    status: int, server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([seed("promo_000", status=status), seed("promo_old")])
    report = sync(client, specs(1), PRUNE)
    assert outcomes(report)["promo_old"] == "postponed"
    assert server.template("promo_old", "en_US") is not None


@pytest.mark.parametrize("status", [11, 12])
def test_templates_that_may_come_back_wait_as_those_in_use_do(
    status: int, server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([seed("promo_old", status=status)])
    assert outcomes(sync(client, specs(1), PRUNE))["promo_old"] == "postponed"


def test_a_spec_that_is_never_reviewed_does_not_hold_deletions(
    server: SandboxServer, client: NxlinkClient
) -> None:
    silent = spec("promo_silent", syn_meta=False)
    sync(client, [silent])
    server.seed([seed("promo_old")])
    assert outcomes(sync(client, [silent], PRUNE))["promo_old"] == "deleted"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"category_type": 3}, "is AUTHENTICATION, which the API cannot create again"),
        ({"category_type": 9}, "its category is not known"),
        ({"status": 6}, "is UNAVAILABLE"),
    ],
)
def test_prune_keeps_what_cannot_be_created_again(
    changes: dict[str, Any], reason: str, server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([seed("promo_000"), seed("promo_kept", **changes), seed("promo_gone")])
    report = sync(client, specs(1), PRUNE)
    assert outcomes(report) == {
        "promo_000": "unchanged",
        "promo_gone": "deleted",
        "promo_kept": "kept",
    }
    assert reason in report.results[-1].note
    report.raise_for_failures()


def test_prune_keeps_templates_whose_details_hide_components(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.switch(details="B")
    server.seed([seed("promo_000"), seed("promo_gone")])
    report = sync(client, specs(1), PRUNE)
    assert outcomes(report)["promo_gone"] == "kept"
    assert "do not list its components" in report.results[-1].note
    assert not report.plan.changes


@pytest.mark.parametrize(
    ("component", "named"),
    [
        ({"type": "CAROUSEL", "cards": []}, "CAROUSEL"),
        ({"type": "LIMITED_TIME_OFFER"}, "LIMITED_TIME_OFFER"),
        ({"type": "HEADER", "format": "LOCATION"}, "a LOCATION header"),
        ({"type": "BUTTONS", "buttons": [{"type": "VOICE_CALL"}]}, "a VOICE_CALL button"),
        ({"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}]}, "events are not known"),
        ({"type": "BUTTONS", "buttons": "?"}, "buttons of an unknown form"),
        ({}, "without a type"),
    ],
    ids=str,
)
def test_parts_that_no_spec_can_say_are_named(component: dict[str, Any], named: str) -> None:
    live = Template.model_validate({"id": 1, "components": [{"type": "BODY", "text": "Hi"}, component]})
    assert named in str(unmodelled(live))


def test_prune_keeps_protected_templates(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed("promo_000"), seed("promo_a"), seed("promo_b")])
    ref = TemplateRef(name="promo_a", language="en_US")
    report = sync(client, specs(1), PRUNE, protected=Protected({ref: "stands in b.yaml"}))
    assert outcomes(report) == {"promo_000": "unchanged", "promo_a": "kept", "promo_b": "deleted"}
    report = sync(client, specs(1), PRUNE, protected=Protected(everything="b.yaml can't be read"))
    assert server.count("delete") == 1


def test_prune_only_frees_an_account_at_its_limit(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed("promo_gone"), seed("other")])
    server.inject("code", code=22072, endpoint="create", times=0)
    assert outcomes(sync(client, specs(1), PRUNE)) == {"promo_000": "failed", "promo_gone": "postponed"}
    report = sync(client, specs(1), replace(PRUNE, prune_only=True))
    assert outcomes(report) == {"promo_gone": "deleted"}
    assert server.count("create") == 1
    report.raise_for_failures()


def test_prune_only_deletes_no_template_of_a_spec(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([seed("promo_000", content="Before"), seed("promo_gone")])
    assert outcomes(sync(client, specs(1), replace(PRUNE, prune_only=True))) == {"promo_gone": "deleted"}
    assert (server.count("update"), server.count("delete")) == (0, 1)


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
    server.seed([seed("promo_gone", status=0), seed("other")])
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


@pytest.mark.parametrize("hours", [8, -4, 0, 5.75])
@pytest.mark.parametrize("age", [5400, 28800, 600])
def test_creations_of_others_count_once_the_zone_is_known(
    hours: float,
    age: float,
    server: SandboxServer,
    client: NxlinkClient,
) -> None:
    server.switch(utc_offset_hours=hours)
    clock = server.clock.now
    options = Options(max_creates_per_hour=4)
    server.seed([seed(f"other_{number}") for number in range(4)])
    server.clock.advance(age)
    report = sync(client, specs(3), options, now=clock)
    # Those older than an hour never count; the younger ones do, once the first creation has told the zone.
    created = sum(outcome == "created" for outcome in outcomes(report).values())
    assert created == (3 if age > 3600 else 1)
    assert report.utc_offset == hours * 3600
    if report.resume_at is not None:
        assert report.resume_at == pytest.approx(clock() - age + 3600, abs=5)
        server.clock.advance(report.resume_at - clock() + 1)
        assert "left" not in outcomes(sync(client, specs(3), options, now=clock)).values()


def test_what_this_machine_created_counts_where_the_list_dates_nothing(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.switch(times="never")
    options = Options(max_creates_per_hour=3)
    sync(client, specs(5), options)
    assert len(sync(client, specs(5), options).left) == 2
    assert server.count("create") == 3


def test_the_plan_says_when_creations_can_be_made(server: SandboxServer, client: NxlinkClient) -> None:
    plan = sync(client, specs(300), dry_run=True).plan
    assert str(plan.creations) == "300 to create: 100 now, the rest in about 2 h"
    assert plan.to_dict()["creations"] == {"to_create": 300, "now": 100, "seconds": 7200}
    assert str(sync(client, specs(3), dry_run=True).plan.creations) == "3 to create"


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


# What the list shows after a write


def stores(server: SandboxServer, monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str]) -> None:
    """Have the sandbox show contents otherwise than they were sent."""
    shown = shapes._text
    monkeypatch.setattr(shapes, "_text", lambda text, shape: change(shown(text, shape)))


def test_what_is_stored_differently_is_told_and_not_sent_again(
    server: SandboxServer, client: NxlinkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores(server, monkeypatch, lambda text: text.replace("Hello", "Hallo"))
    result = sync(client, specs(1)).results[0]
    assert (result.outcome, result.stored) == ("created", "stored differently")
    row = result.to_dict()
    assert row["stored_differences"] == [
        {"path": "content", "live": "Hallo from promo_000", "wanted": "Hello from promo_000"}
    ]
    assert row["message"].startswith("stored differently: content: ")

    (action,) = sync(client, specs(1), dry_run=True).plan.actions
    assert (action.kind, action.stored) == ("unchanged", "stored differently")
    assert "stored differently" in action.reason
    sync(client, specs(1))
    assert writes(server) == 1
    # Another text, and being asked to, are sent.
    assert outcomes(sync(client, [spec("promo_000", content="Hello there")])) == {"promo_000": "updated"}
    always = Options(rules=Rules(compare="always"))
    assert sync(client, [spec("promo_000", content="Hello there")], always, dry_run=True).plan.changes


def test_a_creation_that_the_list_does_not_show_yet_is_told(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.switch(visible_after=600)
    clock = server.clock.now
    result = sync(client, specs(1), now=clock).results[0]
    assert (result.outcome, result.stored) == ("created", "not yet visible")
    (action,) = sync(client, specs(1), dry_run=True, now=clock).plan.actions
    assert (action.kind, action.stored) == ("unchanged", "not yet visible")
    server.clock.advance(601)
    (action,) = sync(client, specs(1), dry_run=True, now=clock).plan.actions
    assert (action.kind, action.stored) == ("unchanged", "")


def test_an_update_that_the_list_does_not_show_yet_is_told(
    server: SandboxServer, client: NxlinkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.seed([seed("promo_000", content="Before")])
    stores(server, monkeypatch, lambda text: "Before")
    clock = server.clock.now
    result = sync(client, specs(1), now=clock).results[0]
    assert (result.outcome, result.stored) == ("updated", "not yet visible")
    (action,) = sync(client, specs(1), dry_run=True, now=clock).plan.actions
    assert (action.kind, action.stored) == ("unchanged", "not yet visible")
    server.clock.advance(3601)
    (action,) = sync(client, specs(1), dry_run=True, now=clock).plan.actions
    assert (action.kind, action.stored) == ("update", "")


@pytest.mark.parametrize("content", ["", "[]", '{"templates": 1, "accounts": {"x": 2}}', "[" * 100_000])
def test_a_broken_memory_is_none(
    content: str, server: SandboxServer, client: NxlinkClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    file = tmp_path / remembered.FILE
    file.parent.mkdir()
    file.write_text(content)
    assert outcomes(sync(client, specs(1))) == {"promo_000": "created"}
    assert json.loads(file.read_text())["accounts"]


def test_a_template_that_differs_and_was_not_in_the_list_is_not_overwritten(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([seed("promo_000", content="Somebody else's")])
    server.inject("status", status=200, body='{"code": 0, "data": []}', endpoint="list")
    report = sync(client, specs(1))
    assert outcomes(report) == {"promo_000": "failed"}
    assert server.count("update") == 0
    with pytest.raises(TemplateSyncError, match=r"was not in the list.*Somebody else's") as error:
        report.raise_for_failures()
    assert not error.value.permanent


# Stopping


def test_nothing_is_sent_without_confirmation(server: SandboxServer, client: NxlinkClient) -> None:
    class RefusedError(Exception):
        pass

    def refuse(plan: Any) -> None:
        assert [action.kind for action in plan.actions] == ["create"]
        raise RefusedError

    with pytest.raises(RefusedError):
        sync(client, specs(1), confirm=refuse)
    assert writes(server) == 0


def test_an_interrupted_run_says_what_was_done(server: SandboxServer, client: NxlinkClient) -> None:
    def interrupt(result: Result, done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    server.inject("latency", endpoint="create", seconds=0.1, times=0)
    with pytest.raises(SyncInterrupted) as interrupted:
        sync(client, specs(20), Options(max_concurrency=2), on_progress=interrupt)
    done = [result for result in interrupted.value.report.results if result.outcome == "created"]
    left = [result for result in interrupted.value.report.results if result.outcome == "left"]
    # Calls under way are ended and told as done.
    assert len(done) == server.count("create") < 20
    assert len(done) + len(left) == 20
    assert {result.note for result in left} == {"not tried, as the run was stopped"}
