"""Syncing many templates in one task: parsing, rendering, waiting, pausing, failing."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowFailException,
    AirflowSensorTimeout,
    BaseOperator,
    Context,
    TaskDeferred,
    task,
)
from airflow.utils.session import create_session

from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.exceptions import NxlinkTemplateFailedError
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.operators import sync, template
from airflow_provider_nxlink.operators.sync import CREATED_KEY
from airflow_provider_nxlink.operators.sync_memory import Memory
from airflow_provider_nxlink.operators.template import NxlinkSyncTemplatesOperator
from airflow_provider_nxlink.provisioning import allowance
from airflow_provider_nxlink.provisioning.plan import Action
from airflow_provider_nxlink.provisioning.report import Plan, Report, Result, TemplateSyncError
from airflow_provider_nxlink.provisioning.write import ref_of
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.violations import TemplateSpecError

Execute = Callable[..., Any]
Run = Callable[..., Any]


def body(name: str, **changes: Any) -> dict[str, Any]:
    fields = {"language": "en_US", "category": "MARKETING", "content": "Hello {{1}}, welcome."}
    return {"name": name, **fields, **changes}


def seed(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "language": "en_US", "category_type": 1, "content": "Before", **changes}


def actions(returned: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["action"] for row in returned["results"]}


def writes(server: SandboxServer) -> int:
    return sum(server.count(endpoint) for endpoint in ("create", "update", "delete", "upload"))


CONTEXT = {"ti": SimpleNamespace(try_number=1, map_index=-1)}


def deferral(action: Callable[[], Any]) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as deferred:
        action()
    return deferred.value


def resumed(deferred: TaskDeferred, operator: Any) -> Any:
    """Run a deferral's trigger as the triggerer does, and go on with the event."""
    path, arguments = json.loads(json.dumps(deferred.trigger.serialize()))
    module, _, name = path.rpartition(".")
    trigger = getattr(import_module(module), name)(**arguments)

    async def first() -> Any:
        return await anext(trigger.run())

    event = json.loads(json.dumps(asyncio.run(first()).payload))
    return getattr(operator, deferred.method_name)(CONTEXT, event)


def run(operator: Any) -> Any:
    """Run an operator to its end, over as many deferrals as it takes."""
    step: Callable[[], Any] = partial(operator.execute, CONTEXT)
    while True:
        try:
            return step()
        except TaskDeferred as deferred:
            step = partial(resumed, deferred, operator)


def test_it_is_found_in_either_module() -> None:
    assert template.NxlinkSyncTemplatesOperator is sync.NxlinkSyncTemplatesOperator


def test_plan_and_results_are_returned(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.seed([seed("old"), seed("promo_gone", status=0)])
    returned = execute(
        NxlinkSyncTemplatesOperator,
        templates=[body("new"), TemplateSpec(**body("old"))],
        prune=True,
        prune_pattern="promo_*",
    )
    assert json.loads(json.dumps(returned)) == returned
    assert returned["counts"] == {"created": 1, "updated": 1, "deleted": 1}
    assert [row["action"] for row in returned["plan"]] == ["create", "update", "delete"]
    assert actions(returned) == {"new": "created", "old": "updated", "promo_gone": "deleted"}
    assert returned["results"][0]["status_name"] == "IN_USE"
    assert returned["results"][1]["differences"][0]["path"] == "content"


def test_a_dry_run_sends_nothing(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.seed([seed("old")])
    returned = execute(NxlinkSyncTemplatesOperator, templates=[body("new"), body("old")], dry_run=True)
    assert returned["counts"] == {"create": 1, "update": 1}
    assert (returned["results"], writes(sandbox)) == ([], 0)


# What is wrong is told when the DAG is parsed


def test_everything_wrong_with_all_specs_is_told_at_once() -> None:
    with pytest.raises(TemplateSpecError) as error:
        NxlinkSyncTemplatesOperator(
            task_id="task", templates=[body("Wrong"), body("right"), body("other", language="en-US")]
        )
    assert [violation.path for violation in error.value.violations] == ["[0].name", "[2].language"]
    assert "templates of task 'task' has 2 problems" in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prune": True}, "prune_pattern: missing"),
        ({"prune_only": True}, "prune_pattern: missing"),
        ({"max_concurrency": 0}, "max_concurrency: 0"),
        ({"compare": "fast"}, "compare: 'fast'"),
        ({"templates": []}, "at least one spec"),
        ({"templates": {"name": "promo"}}, "give a list"),
        ({"templates": [body("promo"), body("promo")]}, "given twice"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused_when_the_dag_is_parsed(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        NxlinkSyncTemplatesOperator(task_id="task", **{"templates": [body("promo")], **arguments})


@pytest.mark.skipif(not hasattr(BaseOperator, "dry_run"), reason="this Airflow has no dry run of an operator")
def test_airflow_s_own_dry_run_is_left_alone() -> None:
    operator = NxlinkSyncTemplatesOperator(task_id="task", templates=[body("promo")], dry_run=True)
    assert callable(operator.dry_run)


# Where the specs come from


def folder_of_specs(root: Path) -> Path:
    folder = root / "nxlink_specs"
    (folder / "more").mkdir(parents=True)
    (folder / "one.yaml").write_text(
        "name: one_{{ params.season }}\ncategory: MARKETING\nlanguages:\n"
        "  en_US: {content: 'Hello {{1}} from {{ params.shop }}.'}\n"
        "  de: {content: 'Hallo {{1}} von {{ params.shop }}.'}\n"
    )
    (folder / "more" / "two.json").write_text(json.dumps(body("two")))
    return folder


def test_a_folder_is_found_and_rendered_leaf_by_leaf(
    sandbox: SandboxServer, run_task: Run, tmp_path: Path
) -> None:
    folder_of_specs(tmp_path)
    run = run_task(
        NxlinkSyncTemplatesOperator,
        templates="nxlink_specs",
        dag={
            "template_searchpath": str(tmp_path),
            "params": {"shop": "Example", "season": "spring"},
        },
    )
    assert actions(run.value()) == {"one_spring": "created", "two": "created"}
    german = sandbox.template("one_spring", "de")
    assert german is not None
    assert german.body["content"] == "Hallo {{1}} von Example."


def test_faults_of_files_are_told_with_their_places(tmp_path: Path) -> None:
    folder = folder_of_specs(tmp_path)
    (folder / "broken.yaml").write_text("name: [")
    (folder / "wrong.yaml").write_text("name: wrong\nlanguage: en_US\ncategory: UTILITY\n")
    with DAG("faults", schedule=None, template_searchpath=str(tmp_path)):
        operator = NxlinkSyncTemplatesOperator(task_id="task", templates="nxlink_specs")
        other = NxlinkSyncTemplatesOperator(
            task_id="other", templates=["nxlink_specs/one.yaml", "nxlink_specs/wrong.yaml"]
        )
    with pytest.raises(TemplateSpecError, match=r"broken\.yaml:1:"):
        operator.resolve_template_files()
    with pytest.raises(TemplateSpecError, match=r"wrong\.yaml:1:1.*content: is missing"):
        other.resolve_template_files()


def test_a_folder_that_is_not_there_is_an_error_of_the_dag(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with DAG("absent", schedule=None, template_searchpath=str(tmp_path)):
        absent = NxlinkSyncTemplatesOperator(task_id="absent", templates="nowhere")
        empty = NxlinkSyncTemplatesOperator(task_id="empty", templates="empty")
    with pytest.raises(ValueError, match=f"there is no 'nowhere' in .*{tmp_path}"):
        absent.resolve_template_files()
    with pytest.raises(ValueError, match=r"the folder 'empty' holds no \.yaml"):
        empty.resolve_template_files()


def test_what_comes_from_upstream_is_data(sandbox: SandboxServer, new_dag: Any, run_dag: Run) -> None:
    with new_dag() as dag:

        @task
        def specs() -> list[dict[str, Any]]:
            return [body("data", content="Hello {{ params.x }} there")]

        NxlinkSyncTemplatesOperator(task_id="whole", templates=specs(), validation="off")
    assert run_dag(dag).state("whole") == "success"
    assert sandbox.template("data", "en_US").body["content"] == "Hello {{ params.x }} there"


def test_it_is_mapped_over_lists(sandbox: SandboxServer, new_dag: Any, run_dag: Run, tmp_path: Path) -> None:
    folder_of_specs(tmp_path)
    with new_dag(template_searchpath=str(tmp_path)) as dag:
        NxlinkSyncTemplatesOperator.partial(task_id="task").expand(
            templates=[[body("first")], ["nxlink_specs/more/two.json"]]
        )
    assert run_dag(dag).state("task") == ["success", "success"]
    assert sandbox.template("first", "en_US").body["content"] == "Hello {{1}}, welcome."
    assert sandbox.template("two", "en_US").body["content"] == "Hello {{1}}, welcome."


# Failing


def test_the_task_fails_at_its_end_and_names_each(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.seed([seed("blocked", status=6)])
    templates = [body("first"), body("wrong", tag_name="none"), body("blocked"), body("last")]
    with pytest.raises(AirflowFailException) as failure:
        execute(NxlinkSyncTemplatesOperator, templates=templates)
    text = str(failure.value)
    assert "2 templates are not as they should be" in text
    assert "wrong (en_US): bad request (22072)" in text
    assert "blocked (en_US): differs, but is UNAVAILABLE" in text
    assert sandbox.template("last", "en_US") is not None


def test_a_passing_fault_is_retried_by_airflow(sandbox: SandboxServer, run_task: Run) -> None:
    sandbox.inject("drop", endpoint="create", skip=1)
    sandbox.switch(visible_after=0)
    templates = [body("first"), body("second")]
    run = run_task(NxlinkSyncTemplatesOperator, templates=templates, retries=1, max_concurrency=1)
    assert (run.state(), run.tries()) == ("success", 2)
    assert isinstance(run.errors["task"][0], NxlinkError)
    assert actions(run.value()) == {"first": "unchanged", "second": "created"}


def test_too_many_deletions_fail_without_a_retry(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.seed([seed("promo_a"), seed("promo_b")])
    with pytest.raises(AirflowFailException, match="2 templates match"):
        execute(
            NxlinkSyncTemplatesOperator,
            templates=[body("new")],
            prune=True,
            prune_pattern="promo_*",
            max_deletes=1,
        )
    assert writes(sandbox) == 0


# Waiting


@pytest.mark.parametrize("deferrable", [False, True])
def test_all_are_waited_for_with_one_trigger(deferrable: bool, sandbox: SandboxServer, run_task: Run) -> None:
    sandbox.switch(approve_after=1)
    sandbox.seed([seed("old", content="Hello {{1}}, welcome."), seed("changed")])
    templates = [body("new"), body("old"), body("changed"), body("silent", syn_meta=False)]
    run = run_task(
        NxlinkSyncTemplatesOperator,
        templates=templates,
        wait_for_approval=True,
        deferrable=deferrable,
        poll_interval=0.3,
    )
    assert run.state() == "success"
    rows = {row["name"]: (row["action"], row["status_name"]) for row in run.value()["results"]}
    assert rows == {
        "new": ("created", "IN_USE"),
        "old": ("unchanged", "IN_USE"),
        "changed": ("updated", "IN_USE"),
        "silent": ("created", "PENDING"),
    }


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_rejection_names_its_template_and_reason(deferrable: bool, sandbox: SandboxServer) -> None:
    sandbox.switch(approve_after=0.3, review=["bad=reject:SPAM"])
    operator = NxlinkSyncTemplatesOperator(
        task_id="task",
        templates=[body("good"), body("bad")],
        wait_for_approval=True,
        deferrable=deferrable,
        poll_interval=0.1,
    )
    with pytest.raises(
        NxlinkTemplateFailedError, match=r"1 template is.*\n  - bad \(en_US\): .*rejected.*SPAM"
    ):
        run(operator)


@pytest.mark.parametrize("deferrable", [False, True])
def test_fail_fast_ends_the_wait_with_the_first_refusal(deferrable: bool, sandbox: SandboxServer) -> None:
    sandbox.switch(approve_after=0.2, review=["bad=reject:SPAM", "slow=never"])
    operator = NxlinkSyncTemplatesOperator(
        task_id="task",
        templates=[body("slow"), body("bad")],
        wait_for_approval=True,
        fail_fast=True,
        deferrable=deferrable,
        poll_interval=0.1,
        timeout=20,
    )
    with pytest.raises(NxlinkTemplateFailedError, match="SPAM"):
        run(operator)


@pytest.mark.parametrize("deferrable", [False, True])
def test_what_is_under_review_is_updated_after_its_verdict(deferrable: bool, sandbox: SandboxServer) -> None:
    sandbox.switch(approve_after=0.5, review=["refused=reject:SPAM"])
    for name in ("pending", "refused"):
        NxlinkHook().create_template(body(name, content="Before"))
    sandbox.switch(review=[])
    operator = NxlinkSyncTemplatesOperator(
        task_id="task",
        templates=[body("pending"), body("refused"), body("new")],
        wait_for_approval=True,
        deferrable=deferrable,
        poll_interval=0.1,
    )
    returned = run(operator)
    assert actions(returned) == {"pending": "updated", "refused": "updated", "new": "created"}
    assert {row["status_name"] for row in returned["results"]} == {"IN_USE"}
    assert returned["results"][0]["differences"][0]["live"] == "Before"


def test_without_waiting_what_is_under_review_is_a_failure(sandbox: SandboxServer, execute: Execute) -> None:
    sandbox.seed([seed("pending", status=1)])
    with pytest.raises(AirflowFailException, match=r"pending .*PENDING.*after the verdict"):
        execute(NxlinkSyncTemplatesOperator, templates=[body("pending")])


# Deleting


def renaming(**arguments: Any) -> NxlinkSyncTemplatesOperator:
    return NxlinkSyncTemplatesOperator(
        task_id="task",
        templates=[body("promo_new")],
        prune=True,
        prune_pattern="promo_*",
        poll_interval=0.1,
        **arguments,
    )


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_old_template_goes_when_the_new_one_is_in_use(deferrable: bool, sandbox: SandboxServer) -> None:
    sandbox.switch(approve_after=0.5)
    sandbox.seed([seed("promo_old"), seed("promo_rejected", status=0)])
    returned = run(renaming(wait_for_approval=True, deferrable=deferrable))
    assert actions(returned) == {
        "promo_new": "created",
        "promo_old": "deleted",
        "promo_rejected": "deleted",
    }
    calls = [call.endpoint for call in sandbox.received()]
    between = calls[calls.index("create") : calls.index("delete")]
    assert between.count("list") >= 2


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_old_template_stays_when_the_new_one_is_rejected(
    deferrable: bool, sandbox: SandboxServer
) -> None:
    sandbox.switch(approve_after=0.3, review=["promo_new=reject:SPAM"])
    sandbox.seed([seed("promo_old"), seed("promo_rejected", status=0)])
    with pytest.raises(NxlinkTemplateFailedError, match="SPAM"):
        run(renaming(wait_for_approval=True, deferrable=deferrable))
    assert sandbox.count("delete") == 0


def test_the_old_template_stays_when_the_wait_times_out(sandbox: SandboxServer) -> None:
    sandbox.switch(approve_after=60)
    sandbox.seed([seed("promo_old")])
    with pytest.raises(AirflowSensorTimeout):
        run(renaming(wait_for_approval=True, deferrable=False, timeout=0.3))
    assert sandbox.count("delete") == 0


def test_without_waiting_a_later_run_deletes_it(sandbox: SandboxServer) -> None:
    sandbox.seed([seed("promo_old")])
    assert actions(run(renaming())) == {"promo_new": "created", "promo_old": "postponed"}
    assert actions(run(renaming())) == {"promo_new": "unchanged", "promo_old": "deleted"}


def test_a_spec_that_is_never_reviewed_does_not_keep_the_old_one(sandbox: SandboxServer) -> None:
    sandbox.seed([seed("promo_old")])
    operator = NxlinkSyncTemplatesOperator(
        task_id="task",
        templates=[body("promo_new", syn_meta=False)],
        prune=True,
        prune_pattern="promo_*",
        wait_for_approval=True,
    )
    assert actions(run(operator)) == {"promo_new": "created", "promo_old": "deleted"}


def test_prune_only_writes_no_spec(sandbox: SandboxServer) -> None:
    sandbox.switch(max_templates=2)
    sandbox.seed([seed("promo_old"), seed("other")])
    with pytest.raises(AirflowFailException):
        run(renaming())
    returned = run(renaming(prune_only=True, wait_for_approval=True))
    assert returned["counts"]["deleted"] == 1
    assert sandbox.template("promo_old", "en_US") is None
    assert actions(run(renaming())) == {"promo_new": "created"}


def test_what_prune_keeps_is_returned_with_the_reason(sandbox: SandboxServer, tmp_path: Path) -> None:
    folder = folder_of_specs(tmp_path)
    (folder / ".old.yaml").write_text("name: one_{{ params.x }}\nlanguage: fr\ncontent: Salut\n")
    with DAG("kept", schedule=None, template_searchpath=str(tmp_path), params={"x": "old"}):
        operator = NxlinkSyncTemplatesOperator(
            task_id="task", templates=["nxlink_specs/more/two.json"], prune=True, prune_pattern="two*"
        )
        whole = NxlinkSyncTemplatesOperator(
            task_id="whole", templates="nxlink_specs", prune=True, prune_pattern="one*", validation="off"
        )
    sandbox.seed([seed("two", language="de"), seed("two_code", category_type=3)])
    operator.resolve_template_files()
    returned = run(operator)
    assert actions(returned)["two_code"] == "kept"
    whole.resolve_template_files()
    kept = whole.protected({"params": {"x": "old"}})
    assert kept is not None
    assert [(ref.name, ref.language) for ref in kept.templates] == [("one_old", "fr")]


# The allowance


@pytest.fixture
def short_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "HOUR", 1.5)


@pytest.mark.usefixtures("short_hour")
def test_with_the_allowance_used_up_it_defers_and_goes_on(sandbox: SandboxServer, run_task: Run) -> None:
    templates = [body(f"promo_{number}") for number in range(5)]
    sandbox.seed([seed("old")])
    run = run_task(
        NxlinkSyncTemplatesOperator,
        templates=[*templates, body("old")],
        max_creates_per_hour=2,
        compare="always",
        deferrable=True,
        wait_for_approval=True,
        poll_interval=0.3,
    )
    assert run.state() == "success"
    assert run.value()["counts"] == {"created": 5, "updated": 1}
    assert (sandbox.count("create"), sandbox.count("update")) == (5, 1)
    times = [call.time for call in sandbox.received(endpoint="create")]
    assert times[2] - times[0] >= 1.4
    assert times[4] - times[2] >= 1.4


@pytest.mark.usefixtures("short_hour")
def test_a_refused_template_is_not_sent_again_after_a_pause(sandbox: SandboxServer) -> None:
    templates = [body("wrong", tag_name="none"), *(body(f"promo_{number}") for number in range(3))]
    operator = NxlinkSyncTemplatesOperator(
        task_id="task", templates=templates, max_creates_per_hour=2, deferrable=True
    )
    paused = deferral(lambda: operator.execute(CONTEXT))
    with pytest.raises(NxlinkTemplateFailedError, match=r"1 template is.*\n  - wrong"):
        resumed(paused, operator)
    assert sandbox.count("create") == 4


@pytest.mark.usefixtures("short_hour")
def test_a_refused_template_is_not_pruned_after_a_pause(sandbox: SandboxServer) -> None:
    """It is left out of what is sent then, and is a spec all the same."""
    sandbox.seed([seed("promo_wrong"), seed("promo_gone")])
    templates = [body("promo_wrong", tag_name="none"), *(body(f"promo_{number}") for number in range(3))]
    operator = NxlinkSyncTemplatesOperator(
        task_id="task",
        templates=templates,
        prune=True,
        prune_pattern="promo_*",
        max_creates_per_hour=2,
        deferrable=True,
    )
    with pytest.raises(NxlinkTemplateFailedError, match="promo_wrong"):
        run(operator)
    assert (sandbox.count("create"), sandbox.count("update"), sandbox.count("delete")) == (3, 1, 0)


def test_what_failed_in_one_round_and_is_right_in_the_next_is_no_failure() -> None:
    spec = TemplateSpec(**body("promo"))
    action = Action("update", ref_of(spec), spec, Template())
    memory = Memory()
    memory.take(Report(Plan((action,)), (Result(action, "failed", note="no answer"),)))
    assert [row["message"] for row in memory.failures_but()] == ["no answer"]
    memory = Memory.from_dict(json.loads(json.dumps(memory.to_dict())))
    memory.take(Report(Plan((action,)), (Result(action, "unchanged"),)))
    assert memory.failures_but() == []


def test_without_a_triggerer_the_next_try_goes_on(sandbox: SandboxServer, execute: Execute) -> None:
    arguments = {
        "templates": [body(f"promo_{number}") for number in range(3)],
        "max_creates_per_hour": 2,
        "deferrable": False,
    }
    with pytest.raises(
        TemplateSyncError, match=r"1 templates are left.*goes on where this one stopped"
    ) as error:
        execute(NxlinkSyncTemplatesOperator, **arguments)
    assert not isinstance(error.value, AirflowFailException)
    sandbox.clock.advance(3601)  # what was created now counts as older than an hour
    returned = execute(NxlinkSyncTemplatesOperator, try_number=2, **{**arguments, "max_creates_per_hour": 3})
    assert actions(returned) == {"promo_0": "unchanged", "promo_1": "unchanged", "promo_2": "created"}


def test_an_event_nobody_understands_is_no_success(sandbox: SandboxServer) -> None:
    operator = NxlinkSyncTemplatesOperator(task_id="task", templates=[body("promo")])
    with pytest.raises(ValueError, match="nobody understands"):
        operator.execute_after_pause(CONTEXT, None)
    with pytest.raises(AirflowFailException, match="nobody understands"):
        operator.execute_complete(CONTEXT, {"kind": "pause_over", "carried": {}})


# In a @task function


def test_the_hook_does_the_same(sandbox: SandboxServer, tmp_path: Path) -> None:
    (tmp_path / "promo.yaml").write_text(
        "name: promo\nlanguage: en_US\ncategory: MARKETING\ncontent: Hello {{1}}, welcome.\n"
    )
    report = NxlinkHook().sync_templates(tmp_path)
    assert [result.outcome for result in report.results] == ["created"]
    again = NxlinkHook().sync_templates([str(tmp_path / "promo.yaml"), body("other")])
    assert [result.outcome for result in again.results] == ["unchanged", "created"]
    with pytest.raises(TemplateSyncError, match="wrong"):
        NxlinkHook().sync_templates([body("wrong", tag_name="none")])
    with pytest.raises(TemplateSpecError, match=r"\[0\]\.name"):
        NxlinkHook().sync_templates([body("Wrong")])
    applied = NxlinkHook().apply_template(body("promo"))
    assert (applied.action, applied["name"]) == ("unchanged", "promo")


REMEMBERS = pytest.mark.skipif(
    "task_state_store" not in getattr(Context, "__annotations__", {}),
    reason="this Airflow's tasks can remember nothing from one try to the next",
)


@REMEMBERS
def test_creations_are_remembered_from_one_try_to_the_next(sandbox: SandboxServer, run_task: Run) -> None:
    """NXLink's list does not date them here, so that only the task itself can know."""
    sandbox.switch(times="never")
    run = run_task(
        NxlinkSyncTemplatesOperator,
        templates=[body(f"promo_{number}") for number in range(5)],
        max_creates_per_hour=2,
        deferrable=False,
        retries=1,
    )
    assert (run.state(), run.tries()) == ("failed", 2)
    assert sandbox.count("create") == 2


@REMEMBERS
@pytest.mark.parametrize(("limit", "remembered"), [(100, 1), (0, 0)])
def test_nothing_is_remembered_where_no_limit_counts_it(
    sandbox: SandboxServer, run_task: Run, limit: int, remembered: int
) -> None:
    model = pytest.importorskip("airflow.models.task_state_store").TaskStateStoreModel

    def rows() -> int:
        with create_session() as session:
            return int(session.query(model).filter_by(key=CREATED_KEY).count())

    before = rows()
    run = run_task(NxlinkSyncTemplatesOperator, templates=[body("promo")], max_creates_per_hour=limit)
    assert (run.state(), sandbox.count("create")) == ("success", 1)
    assert rows() - before == remembered


def test_where_no_limit_counts_them_no_earlier_creations_are_asked_for(sandbox: SandboxServer) -> None:
    class Store:
        def get(self, key: str) -> None:
            raise AssertionError(f"{key} was asked for")

    operator = NxlinkSyncTemplatesOperator(task_id="sync", templates=[body("promo")], max_creates_per_hour=0)
    context: Any = {**CONTEXT, "task_state_store": Store()}
    assert operator.execute(context)["counts"] == {"created": 1}
