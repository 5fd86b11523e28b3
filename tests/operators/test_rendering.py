"""Which text Jinja evaluates, which names load files, and how a wrong template fails, under Airflow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, task, task_group

from airflow_provider_nxlink.operators.template import (
    NxlinkApplyTemplateOperator,
    NxlinkCreateTemplateOperator,
    NxlinkDeleteTemplateOperator,
    NxlinkGetTemplateOperator,
    NxlinkListTemplatesOperator,
    NxlinkSyncTemplatesOperator,
    NxlinkUpdateTemplateOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor
from airflow_provider_nxlink.specs.model import TemplateSpec

EVIL = "{{ conn.nxlink_default.password }}"
FOREIGN = f"Hi {{{{1}}}}, {{{{ $json.Nome }}}} {EVIL} {{% endraw %}} {{% raw %}} and more"
SPEC = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello there"}
LITERAL = {
    **SPEC,
    "render": False,
    "content": FOREIGN,
    "tag_name": EVIL,
    "header_media": {"media_id": EVIL, "media_type": "IMAGE", "original_filename": EVIL, "h": "4:a"},
    "buttons": [
        {
            "type": "QUICK_REPLY",
            "text": "Stop",
            "events": [{"event": "template", "template_id": EVIL, "template_name": EVIL}],
        }
    ],
}
YAML = "name: promo\nlanguage: en_US\ncategory: MARKETING\ncontent: Hello there\n"

TAKES_ONE = [
    NxlinkCreateTemplateOperator,
    NxlinkUpdateTemplateOperator,
    NxlinkApplyTemplateOperator,
    NxlinkTemplateSensor,
    NxlinkGetTemplateOperator,
    NxlinkDeleteTemplateOperator,
]
EACH = pytest.mark.parametrize("operator", [*TAKES_ONE, NxlinkSyncTemplatesOperator])


def argument(operator: Any, value: Any) -> dict[str, Any]:
    return {"templates" if operator is NxlinkSyncTemplatesOperator else "template": value}


def upstream(value: Any) -> Any:
    @task(task_id="upstream")
    def produce() -> Any:
        return value

    return produce()


def bodies(sandbox: SandboxServer) -> list[Any]:
    return [call.json for call in sandbox.received() if call.endpoint in ("create", "update")]


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A sandbox that takes any tag and template for granted."""
    with SandboxServer(approve_after=0, strict_references=False) as server:
        monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", server.connection_json)
        yield server


class TestRenderFalse:
    """``render: false`` sends a template as it is written."""

    @pytest.mark.parametrize("native", [False, True])
    @pytest.mark.parametrize("template", [LITERAL, TemplateSpec(**LITERAL)], ids=["mapping", "spec"])
    def test_no_field_is_evaluated(
        self, template: Any, native: bool, lenient: SandboxServer, run_task: Callable[..., Any]
    ) -> None:
        run_task(
            NxlinkCreateTemplateOperator, template=template, dag={"render_template_as_native_obj": native}
        )
        # The sandbox knows no such media; what it received is what counts.
        (body,) = bodies(lenient)
        assert body["content"] == FOREIGN
        assert (body["tag_name"], body["mediaId"], body["mediaName"]) == (EVIL, EVIL, EVIL)
        event = body["buttonComponents"][0]["buttonEvents"][0]
        assert (event["templateId"], event["templateName"]) == (EVIL, EVIL)
        assert "render" not in body
        assert lenient.account.access_secret not in str(body)

    def test_it_holds_for_one_template_of_a_list_alone(
        self, lenient: SandboxServer, run_task: Callable[..., Any]
    ) -> None:
        other = {**SPEC, "name": "other", "content": "From {{ params.city }} it is"}
        run = run_task(
            NxlinkSyncTemplatesOperator,
            templates=[{**SPEC, "render": False, "content": FOREIGN}, other],
            dag={"params": {"city": "Bonn"}},
        )
        assert run.state() == "success", run.log
        assert {body["name"]: body["content"] for body in bodies(lenient)} == {
            "promo": FOREIGN,
            "other": "From Bonn it is",
        }

    def test_a_file_says_it_for_each_language(
        self, tmp_path: Path, lenient: SandboxServer, run_task: Callable[..., Any]
    ) -> None:
        (tmp_path / "promo.yaml").write_text(
            "name: promo\ncategory: MARKETING\nlanguages:\n"
            "  en_US: {render: false, content: 'Hi {{ params.city }} there'}\n"
            "  de: {content: 'Hallo {{ params.city }} und mehr'}\n"
        )
        run = run_task(
            NxlinkSyncTemplatesOperator,
            templates="promo.yaml",
            dag={"params": {"city": "Bonn"}, "template_searchpath": str(tmp_path)},
        )
        assert run.state() == "success", run.log
        assert {body["language"]: body["content"] for body in bodies(lenient)} == {
            "en_US": "Hi {{ params.city }} there",
            "de": "Hallo Bonn und mehr",
        }

    @pytest.mark.parametrize("value", ["{{ true }}", "true", 1, 0, "false"])
    def test_only_a_literal_switches_it(self, value: Any) -> None:
        with pytest.raises(ValueError, match=r"render: is not a literal true or false"):
            NxlinkCreateTemplateOperator(task_id="task", template={**SPEC, "render": value})

    @pytest.mark.parametrize("how", ["whole", "expand", "expand_kwargs", "jinja"])
    @pytest.mark.parametrize("render", [True, False])
    def test_upstream_cannot_switch_rendering_on(
        self,
        how: str,
        render: bool,
        lenient: SandboxServer,
        new_dag: Callable[..., Any],
        run_dag: Callable[..., Any],
    ) -> None:
        given = {**SPEC, "render": render, "content": f"Hi {EVIL} there"}
        operator = NxlinkCreateTemplateOperator
        with new_dag(render_template_as_native_obj=how == "jinja") as dag:
            if how == "whole":
                operator(task_id="task", template=upstream(given))
            elif how == "expand":
                operator.partial(task_id="task").expand(template=upstream([given]))
            elif how == "expand_kwargs":
                operator.partial(task_id="task").expand_kwargs(upstream([{"template": given}]))
            else:
                made = upstream(given)
                made >> operator(task_id="task", template="{{ ti.xcom_pull('upstream') }}")
        run = run_dag(dag)
        assert lenient.account.access_secret not in str(bodies(lenient))
        if how != "jinja":  # native rendering reads a dict, but not always this one
            assert run.state() == "success", run.log
            assert bodies(lenient)[0]["content"] == f"Hi {EVIL} there"

    def test_marks_of_a_dags_own_are_not_found_in_plain_fields(
        self, lenient: SandboxServer, run_task: Callable[..., Any]
    ) -> None:
        run = run_task(
            NxlinkCreateTemplateOperator,
            template={**SPEC, "tag_name": "[[ conn.nxlink_default.password ]]"},
            dag={"jinja_environment_kwargs": {"variable_start_string": "[[", "variable_end_string": "]]"}},
        )
        assert run.state() == "success", run.log
        assert bodies(lenient)[0]["tag_name"] == "[[ conn.nxlink_default.password ]]"


class TestFiles:
    """Only names written in the DAG file load files."""

    @EACH
    @pytest.mark.parametrize("how", ["jinja", "params", "output", "list", "expand", "expand_kwargs"])
    def test_a_name_from_elsewhere_loads_nothing(
        self,
        operator: Any,
        how: str,
        tmp_path: Path,
        sandbox: SandboxServer,
        new_dag: Callable[..., Any],
        run_dag: Callable[..., Any],
    ) -> None:
        name = str(tmp_path / "e.yaml")
        (tmp_path / "e.yaml").write_text(YAML.replace("Hello there", EVIL))
        with new_dag(template_searchpath=str(tmp_path), params={"name": "e.yaml"}) as dag:
            key = next(iter(argument(operator, 0)))
            if how == "jinja":
                upstream(name) >> operator(
                    task_id="task", retries=2, **argument(operator, "{{ ti.xcom_pull('upstream') }}")
                )
            elif how == "params":
                operator(task_id="task", retries=2, **argument(operator, "{{ params.name }}"))
            elif how == "output":
                operator(task_id="task", retries=2, **argument(operator, upstream(name)))
            elif how == "list":
                operator(
                    task_id="task",
                    retries=2,
                    **argument(operator, [upstream(name)] if key == "templates" else upstream(name)),
                )
            elif how == "expand":
                operator.partial(task_id="task", retries=2).expand(**argument(operator, upstream([name])))
            else:
                kwargs = upstream([argument(operator, name)])
                operator.partial(task_id="task", retries=2).expand_kwargs(kwargs)
        run = run_dag(dag)
        assert (run.state(), run.tries()) == ("failed", 1), run.log
        assert isinstance(run.error(), AirflowFailException)
        assert "such names never load files" in str(run.error())
        assert sandbox.received() == []

    @EACH
    @pytest.mark.parametrize("name", ["../outside/e.yaml", "link.yaml", "linked/e.yaml"])
    def test_a_relative_name_stays_inside(
        self, operator: Any, name: str, tmp_path: Path, new_dag: Any
    ) -> None:
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "e.yaml").write_text(YAML)
        (tmp_path / "dags").mkdir()
        (tmp_path / "dags" / "link.yaml").symlink_to(tmp_path / "outside" / "e.yaml")
        (tmp_path / "dags" / "linked").symlink_to(tmp_path / "outside")
        with new_dag(template_searchpath=str(tmp_path / "dags")):
            made = operator(task_id="task", **argument(operator, name))
        with pytest.raises(ValueError, match="leads out of"):
            made.resolve_template_files()

    @EACH
    def test_a_search_path_that_is_a_link_and_an_absolute_name_are_fine(
        self, operator: Any, tmp_path: Path, new_dag: Any
    ) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "real" / "e.yaml").write_text(YAML)
        (tmp_path / "link").symlink_to(tmp_path / "real")
        with new_dag(template_searchpath=str(tmp_path / "link")):
            made = [
                operator(task_id=f"task_{number}", **argument(operator, name))
                for number, name in enumerate(["e.yaml", str(tmp_path / "real" / "e.yaml")])
            ]
        for one in made:
            one.resolve_template_files()
            (loaded,) = one.templates if operator is NxlinkSyncTemplatesOperator else [one.template]
            assert dict(loaded) == SPEC

    def test_literals_of_mapped_tasks_and_task_groups_load_files(
        self, tmp_path: Path, sandbox: SandboxServer, new_dag: Any, run_dag: Any
    ) -> None:
        for name in ("one", "two", "three"):
            (tmp_path / f"{name}.yaml").write_text(YAML.replace("promo", name))
        with new_dag(template_searchpath=str(tmp_path)) as dag:
            NxlinkCreateTemplateOperator.partial(task_id="kwargs").expand_kwargs([{"template": "one.yaml"}])
            NxlinkCreateTemplateOperator.partial(task_id="shared", template="two.yaml").expand(
                tenant_id=[123]
            )

            @task_group
            def group(template: Any) -> None:
                NxlinkCreateTemplateOperator(task_id="task", template=template)

            group.expand(template=["three.yaml"])
        run = run_dag(dag)
        assert set(run.states.values()) == {"success"}, run.log
        assert {body["name"] for body in bodies(sandbox)} == {"one", "two", "three"}

    def test_a_task_group_over_upstream_names_loads_nothing(
        self, tmp_path: Path, sandbox: SandboxServer, new_dag: Any, run_dag: Any
    ) -> None:
        (tmp_path / "e.yaml").write_text(YAML)
        with new_dag(template_searchpath=str(tmp_path)) as dag:

            @task_group
            def group(template: Any) -> None:
                NxlinkCreateTemplateOperator(task_id="task", template=template)

            group.expand(template=upstream(["e.yaml"]))
        run = run_dag(dag)
        assert run.state("group.task") == "failed"
        assert "such names never load files" in str(run.error("group.task"))
        assert sandbox.received() == []


FAULTS = {
    "{{ params.price + 1 }}": "TypeError: can only concatenate str",
    "{{ 1/0 }}": "ZeroDivisionError",
    "{% include 'nope.txt' %}": "there is no file 'nope.txt'",
    "{{ (ds) | nope }}": "No filter named 'nope'",
    "{{ nope.x }}": "'nope' is undefined",
}


class TestFaults:
    """A wrong template fails at once, and the error names the field and shows what was written."""

    @pytest.mark.parametrize("field", ["content", "name", "tag_name"])
    @pytest.mark.parametrize("fault", FAULTS)
    def test_in_a_field_of_a_template(
        self, fault: str, field: str, sandbox: SandboxServer, run_task: Callable[..., Any]
    ) -> None:
        written = f"Hi {{{{1}}}},\nsee {fault} there" if field == "content" else fault
        run = run_task(
            NxlinkCreateTemplateOperator,
            template={**SPEC, field: written},
            dag={"params": {"price": "5"}},
            retries=2,
        )
        assert (run.state(), run.tries()) == ("failed", 1)
        message = str(run.error())
        assert isinstance(run.error(), AirflowFailException)
        assert "template of task 'task' has 1 problem" in message
        assert f"- {field}: cannot be rendered" in message
        assert FAULTS[fault] in message
        assert ("in line 2" in message) is (field == "content")
        assert fault.replace('"', '\\"') in message
        assert "\ue000" not in message
        assert sandbox.received() == []

    @pytest.mark.parametrize("fault", FAULTS)
    def test_in_another_field_of_an_operator(self, fault: str, run_task: Callable[..., Any]) -> None:
        for operator, field, more in (
            (NxlinkListTemplatesOperator, "name", {}),
            (NxlinkListTemplatesOperator, "statuses", {}),
            (NxlinkTemplateSensor, "phone", {"template": "314"}),
        ):
            value: Any = [fault] if field == "statuses" else fault
            run = run_task(operator, **{field: value}, **more, dag={"params": {"price": "5"}}, retries=2)
            assert (run.state(), run.tries()) == ("failed", 1)
            assert field in str(run.error())
            assert FAULTS[fault] in str(run.error())

    def test_an_error_that_may_pass_is_retried(
        self, new_dag: Callable[..., Any], run_dag: Callable[..., Any]
    ) -> None:
        class Passing(Exception):  # noqa: N818
            pass

        def look_up() -> str:
            raise Passing("the variable's backend does not answer")

        with new_dag(user_defined_macros={"look_up": look_up}) as dag:
            operator = NxlinkCreateTemplateOperator(
                task_id="task", template={**SPEC, "content": "Hi {{ look_up() }} there"}
            )
        assert dag.task_ids == ["task"]
        with pytest.raises(Passing):
            operator.render_template(operator.template, {"look_up": look_up}, operator.get_template_env())
