"""WhatsApp's placeholders reach NXLink as they were written, however a template is given."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.providers.common.compat.sdk import BaseOperator, task

from airflow_provider_nxlink.operators.template import (
    NxlinkCreateTemplateOperator,
    NxlinkUpdateTemplateOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.model import QuickReply, TemplateSpec, UrlButton
from tests.inside_airflow import parse

PLACEHOLDERS = "Hi {{1}}, {{ 2 }} and {{WhatsApp}}, {{first_name}} or {{ds}} here."
JINJA = "{{ params.city }}, day {{ (ds) }}"
WRITTEN = f"{PLACEHOLDERS} From {JINJA} it is."
RENDERED = f"{PLACEHOLDERS} From Bonn, day 2026-01-02 it is."

MAPPING = {"name": "promo_{{ ds_nodash }}", "language": "en_US", "category": "MARKETING", "content": WRITTEN}
SPEC = TemplateSpec(**MAPPING)
YAML = f"name: promo_{{{{ ds_nodash }}}}\nlanguage: en_US\ncategory: MARKETING\ncontent: '{WRITTEN}'\n"
TWO_LANGUAGES = (
    "name: promo_{{ ds_nodash }}\ncategory: MARKETING\nlanguages:\n"
    f"  en_US: {{content: '{WRITTEN}'}}\n  de: {{content: Hallo}}\n"
)
DAG: dict[str, Any] = {"params": {"city": "Bonn"}}

Sent = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def sent(sandbox: SandboxServer) -> Sent:
    """Return what reads the bodies NXLink received, each of them under a signature over its very bytes."""

    def read() -> list[dict[str, Any]]:
        received = [call for call in sandbox.received() if call.endpoint in ("create", "update")]
        assert all(call.verified and call.code == 0 for call in received)
        # Mapped tasks run in any order.
        return sorted((call.json for call in received), key=lambda body: str(body["name"]))

    return read


def expected(content: str = RENDERED, name: str = "promo_20260102") -> dict[str, Any]:
    return {"tenant_id": 123, "name": name, "language": "en_US", "category_type": 1, "content": content}


@pytest.fixture(params=[False, True], ids=["as text", "as native objects"])
def dag_arguments(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {**DAG, "render_template_as_native_obj": request.param}


@pytest.fixture
def on_that_day(run_dag: Callable[..., Any]) -> Callable[..., Any]:
    return lambda dag: run_dag(dag, on=pendulum.datetime(2026, 1, 2))


@pytest.fixture
def in_dag(new_dag: Callable[..., Any], on_that_day: Callable[..., Any]) -> Callable[..., Any]:
    """Return what runs a DAG in which ``build`` puts the tasks."""

    def run(build: Callable[[], object], **arguments: Any) -> Any:
        with new_dag(**arguments) as dag:
            build()
        return on_that_day(dag)

    return run


def create(template: Any) -> NxlinkCreateTemplateOperator:
    return NxlinkCreateTemplateOperator(task_id="task", template=template)


def upstream(value: Any) -> Any:
    @task(task_id="upstream")
    def produce() -> Any:
        return value

    return produce()


@pytest.mark.parametrize("template", [MAPPING, SPEC], ids=["mapping", "TemplateSpec"])
def test_a_literal_keeps_them_and_has_its_jinja_rendered(
    template: Any, in_dag: Callable[..., Any], sent: Sent, dag_arguments: dict[str, Any]
) -> None:
    assert in_dag(lambda: create(template), **dag_arguments).state() == "success"
    assert sent() == [expected()]


@pytest.mark.parametrize(
    ("file", "text", "reference"),
    [
        ("promo.yaml", YAML, "promo.yaml"),
        ("promo.yml", YAML, "promo.yml"),
        ("promo.json", json.dumps(MAPPING), "promo.json"),
        ("both.yaml", TWO_LANGUAGES, "both.yaml#en_US"),
        ("both.yaml", TWO_LANGUAGES, "both.yaml#promo_{{ ds_nodash }}/en_US"),
        ("below/promo.yaml", YAML, "below/promo.yaml"),
    ],
)
def test_a_spec_file_keeps_them_and_has_its_jinja_rendered(
    *,
    file: str,
    text: str,
    reference: str,
    tmp_path: Path,
    in_dag: Callable[..., Any],
    sent: Sent,
    dag_arguments: dict[str, Any],
) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    run = in_dag(lambda: create(reference), template_searchpath=[str(tmp_path)], **dag_arguments)
    assert run.state() == "success"
    assert sent() == [expected()]


def test_a_spec_file_is_found_beside_the_dag_file(
    tmp_path: Path, sandbox: SandboxServer, on_that_day: Callable[..., Any], sent: Sent
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "promo.yaml").write_text(YAML)
    (tmp_path / "beside.py").write_text(
        "from airflow.providers.common.compat.sdk import DAG\n"
        "from airflow_provider_nxlink.operators.template import NxlinkCreateTemplateOperator\n"
        "with DAG('beside', schedule=None, params={'city': 'Bonn'}):\n"
        "    NxlinkCreateTemplateOperator(task_id='task', template='specs/promo.yaml')\n"
    )
    bag = parse(tmp_path)
    assert bag.import_errors == {}
    assert on_that_day(bag.dags["beside"]).state() == "success"
    assert sent() == [expected()]


def test_an_upstream_template_is_sent_as_the_task_made_it(
    in_dag: Callable[..., Any], sent: Sent, dag_arguments: dict[str, Any]
) -> None:
    template = {
        **MAPPING,
        "name": "promo_20260102",
        "content": "Hi {{1}}, {{ params.city }} {% if x %} it is",
    }
    assert in_dag(lambda: create(upstream(template)), **dag_arguments).state() == "success"
    assert sent() == [expected(template["content"])]


def test_foreign_braces_of_an_upstream_template_are_sent_as_they_are(
    in_dag: Callable[..., Any], sent: Sent
) -> None:
    template = {**MAPPING, "name": "promo_20260102", "content": "Hi {{ $json.Nome }}, how are you today?"}
    assert in_dag(lambda: create(upstream(template)), **DAG).state() == "success"
    assert sent() == [expected(template["content"])]


def test_an_upstream_text_within_a_mapping_is_sent_as_the_task_made_it(
    in_dag: Callable[..., Any], sent: Sent, dag_arguments: dict[str, Any]
) -> None:
    text = "Hi {{1}}, {{ params.city }} it is"

    def build() -> None:
        create({**MAPPING, "content": upstream(text), "footer_text": "From {{ params.city }}"})

    assert in_dag(build, **dag_arguments).state() == "success"
    assert sent() == [{**expected(text), "footerText": "From Bonn"}]


def test_a_text_pulled_by_jinja_is_not_rendered_again(in_dag: Callable[..., Any], sent: Sent) -> None:
    def build() -> None:
        made = upstream("{{ params.city }} and more")
        template = {**MAPPING, "content": "Hi {{1}}: {{ ti.xcom_pull('upstream') }} it is"}
        made >> create(template)

    assert in_dag(build, **DAG).state() == "success"
    assert sent() == [expected("Hi {{1}}: {{ params.city }} and more it is")]


def test_a_placeholder_that_comes_out_of_a_rendered_value_is_refused_before_anything_is_sent(
    in_dag: Callable[..., Any], sandbox: SandboxServer
) -> None:
    template = {**MAPPING, "content": "Hi {{1}}, {{ params.city }} it is"}
    run = in_dag(lambda: create(template), params={"city": "{{2}}"})
    assert run.state() == "failed"
    assert "{{2}}" in str(run.error())
    assert sandbox.received() == []


TWO = [{**MAPPING, "name": f"{name}_{{{{ ds_nodash }}}}"} for name in ("one", "two")]


def mapped_literals() -> None:
    NxlinkCreateTemplateOperator.partial(task_id="task").expand(template=TWO)


def mapped_specs() -> None:
    templates = [
        TemplateSpec(**{**MAPPING, "name": f"{name}_{{{{ ds_nodash }}}}"}) for name in ("one", "two")
    ]
    NxlinkCreateTemplateOperator.partial(task_id="task").expand(
        template=[spec.to_dict() for spec in templates]
    )


def mapped_kwargs() -> None:
    arguments = [{"template": template, "if_exists": "skip"} for template in TWO]
    NxlinkCreateTemplateOperator.partial(task_id="task").expand_kwargs(arguments)


@pytest.mark.parametrize("build", [mapped_literals, mapped_specs, mapped_kwargs])
def test_mapped_literals_keep_them_and_have_their_jinja_rendered(
    build: Callable[[], None], in_dag: Callable[..., Any], sent: Sent, dag_arguments: dict[str, Any]
) -> None:
    assert in_dag(build, **dag_arguments).state() == ["success", "success"]
    assert sent() == [expected(name="one_20260102"), expected(name="two_20260102")]


TEXT = "Hi {{1}}, {{ params.city }} it is"
SAME_TEXT_RAW = "Hi {{1}}, {% raw %}{{ params.city }}{% endraw %} it is"
UPSTREAM = [{**MAPPING, "name": name, "content": TEXT} for name in ("one", "two")]


def mapped_over_output() -> None:
    NxlinkCreateTemplateOperator.partial(task_id="task").expand(template=upstream(UPSTREAM))


def mapped_over_kwargs_of_output() -> None:
    kwargs = upstream([{"template": template} for template in UPSTREAM])
    NxlinkCreateTemplateOperator.partial(task_id="task").expand_kwargs(kwargs)


def mapped_over_a_list_with_an_output() -> None:
    arguments = [upstream({"template": UPSTREAM[0]}), {"template": {**UPSTREAM[1], "content": SAME_TEXT_RAW}}]
    NxlinkCreateTemplateOperator.partial(task_id="task").expand_kwargs(arguments)


def mapped_over_mapped_output() -> None:
    kwargs = upstream(UPSTREAM).map(lambda template: {"template": template})
    NxlinkCreateTemplateOperator.partial(task_id="task").expand_kwargs(kwargs)


@pytest.mark.parametrize(
    "build",
    [
        mapped_over_output,
        mapped_over_kwargs_of_output,
        mapped_over_mapped_output,
        mapped_over_a_list_with_an_output,
    ],
)
def test_what_a_mapped_task_gets_from_upstream_is_sent_as_it_was_made(
    build: Callable[[], None], in_dag: Callable[..., Any], sent: Sent, dag_arguments: dict[str, Any]
) -> None:
    assert in_dag(build, **dag_arguments).state() == ["success", "success"]
    assert sent() == [expected(TEXT, "one"), expected(TEXT, "two")]


def test_mapped_spec_files_keep_them_and_have_their_jinja_rendered(
    tmp_path: Path, in_dag: Callable[..., Any], sent: Sent
) -> None:
    (tmp_path / "one.yaml").write_text(YAML)
    (tmp_path / "two.yaml").write_text(YAML.replace("promo_", "second_"))

    def build() -> None:
        NxlinkCreateTemplateOperator.partial(task_id="task").expand(template=["one.yaml", "two.yaml"])

    run = in_dag(build, template_searchpath=[str(tmp_path)], **DAG)
    assert run.state() == ["success", "success"]
    assert sent() == [expected(), expected(name="second_20260102")]


def test_partial_template_is_shared_by_mapped_tasks(in_dag: Callable[..., Any], sent: Sent) -> None:
    def build() -> None:
        NxlinkCreateTemplateOperator.partial(task_id="task", template=MAPPING).expand(tenant_id=[123])

    in_dag(build, **DAG)
    assert sent() == [expected()]


def test_a_raw_block_is_shown_as_it_stands(in_dag: Callable[..., Any], sent: Sent) -> None:
    content = "Hi {{1}}, {% raw %}{{ params.city }}{% endraw %} it is"
    in_dag(lambda: create({**MAPPING, "content": content}), **DAG)
    assert sent() == [expected("Hi {{1}}, {{ params.city }} it is")]


def test_every_text_of_a_template_keeps_them(
    in_dag: Callable[..., Any], sent: Sent, dag_arguments: dict[str, Any]
) -> None:
    template = {
        **MAPPING,
        "header_text": "Hi {{1}} in {{ params.city }}",
        "footer_text": "In {{ params.city }}",
        "buttons": [
            UrlButton(
                "See {{ params.city }}", "https://x.io/{{ params.city }}/{{1}}", example="https://x.io/1"
            ),
            {
                "type": "QUICK_REPLY",
                "text": "Stop",
                "events": [{"event": "text", "text": "Bye {{WhatsApp}} of {{ params.city }}"}],
            },
        ],
    }
    assert in_dag(lambda: create(template), **dag_arguments).state() == "success"
    assert sent() == [
        {
            **expected(),
            "headerText": "Hi {{1}} in Bonn",
            "footerText": "In Bonn",
            "buttonComponents": [
                {
                    "type": "URL",
                    "text": "See Bonn",
                    "url": "https://x.io/Bonn/{{1}}",
                    "example": ["https://x.io/1"],
                },
                {
                    "type": "QUICK_REPLY",
                    "text": "Stop",
                    "buttonEvents": [{"event": "text", "text": "Bye {{WhatsApp}} of Bonn"}],
                },
            ],
        }
    ]


# What native rendering makes something else of, and what it leaves alone.
LEAVES = [
    "en_US",
    "None",
    "True",
    "False",
    "lambda",
    "größe",
    "7",
    "7_0",
    "[7]",
    "two words",
    "",
    "line\n",
    JINJA,
]


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_field_that_is_no_text_is_rendered_as_airflow_renders_any(
    leaf: str, new_dag: Callable[..., Any], dag_arguments: dict[str, Any]
) -> None:
    with new_dag(**dag_arguments):
        ours, airflows = create(MAPPING), BaseOperator(task_id="airflows")
    context: Any = {"ds": "2026-01-02", "ds_nodash": "20260102", "params": DAG["params"]}
    rendered = ours.render_template({**MAPPING, "header_media": {"media_id": leaf}}, context)
    assert repr(rendered["header_media"]["media_id"]) == repr(airflows.render_template(leaf, context))


def test_a_template_is_compiled_for_none_but_what_may_hold_jinja(
    new_dag: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_dag():
        operator = create(MAPPING)
    env = operator.get_template_env()
    compile_one, compiled = env.from_string, []

    def from_string(source: str) -> Any:
        compiled.append(source)
        return compile_one(source)

    monkeypatch.setattr(env, "from_string", from_string)
    button = {"type": "QUICK_REPLY", "text": "Stop it", "customize_type": "unsubscribe"}
    template = {**MAPPING, "content": PLACEHOLDERS, "buttons": [button]}
    operator.render_template(template, {"ds_nodash": "20260102"}, env)
    assert compiled == [MAPPING["name"]]


def test_update_keeps_them_too(in_dag: Callable[..., Any], sandbox: SandboxServer, sent: Sent) -> None:
    sandbox.seed([{"name": "promo_20260102", "language": "en_US", "category_type": 1, "content": "Hi"}])

    def build() -> None:
        NxlinkUpdateTemplateOperator(task_id="task", template={**MAPPING, "buttons": [QuickReply("Stop")]})

    assert in_dag(build, **DAG).state() == "success"
    assert sent() == [{**expected(), "buttonComponents": [{"type": "QUICK_REPLY", "text": "Stop"}]}]


def test_the_bytes_on_the_wire_are_compact_utf8_in_the_order_of_the_vendors_tables(
    in_dag: Callable[..., Any], sandbox: SandboxServer
) -> None:
    template = {"content": "Grüß {{1}} 🎉 dich", "category": 2, "language": "de", "name": "gruss"}
    in_dag(lambda: create(template))
    (call,) = sandbox.received(endpoint="create")
    assert call.body == (
        '{"tenant_id":123,"name":"gruss","language":"de","category_type":2,"content":"Grüß {{1}} 🎉 dich"}'
    )
    assert call.verified
