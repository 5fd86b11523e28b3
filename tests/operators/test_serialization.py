"""The serialised DAG: complete, the same at each parse, and without what is secret."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.providers.common.compat.sdk import DAG, task
from airflow.utils.session import create_session
from sqlalchemy import select

from airflow_provider_nxlink.operators.media import NxlinkUploadMediaOperator
from airflow_provider_nxlink.operators.template import (
    NxlinkCreateTemplateOperator,
    NxlinkDeleteTemplateOperator,
    NxlinkGetTemplateOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor
from airflow_provider_nxlink.specs.model import HeaderMedia, QuickReply, TemplateSpec
from tests.inside_airflow import DagSerialization, bagged

SIGNED = "https://shop.example/a.jpg?OSSAccessKeyId=LTAI&Signature=c2VjcmV0LXBhcnQ"
SECRET = "c2VjcmV0LXBhcnQ"
TEMPLATE = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hi {{1}}, you"}
SPEC = TemplateSpec(**TEMPLATE, header_media={"url": SIGNED}, buttons=[QuickReply("Stop")])
YAML = f"""
name: promo
category: MARKETING
languages:
  en_US: {{content: "Hi {{{{1}}}}, you"}}
  de: {{content: Hallo, header_media: {{url: "{SIGNED}"}}}}
"""

Build = Callable[[], object]


@task
def upstream() -> Any:
    return TEMPLATE


def create(template: Any) -> Build:
    return lambda: NxlinkCreateTemplateOperator(task_id="task", template=template)


def mapped(templates: Any) -> Build:
    return lambda: NxlinkCreateTemplateOperator.partial(task_id="task").expand(template=templates)


FORMS: dict[str, Build] = {
    "mapping": create(TEMPLATE),
    "spec": create(SPEC),
    "spec parts in a mapping": create(
        {**TEMPLATE, "header_media": HeaderMedia(url=SIGNED), "buttons": [QuickReply("Stop")]}
    ),
    "file": create("promo.yaml#en_US"),
    "output": lambda: NxlinkCreateTemplateOperator(task_id="task", template=upstream()),
    "output in a mapping": lambda: NxlinkCreateTemplateOperator(
        task_id="task", template={**TEMPLATE, "content": upstream()}
    ),
    "mapped literals": mapped([TEMPLATE, SPEC]),
    "mapped files": mapped(["promo.yaml#en_US", "promo.yaml#de"]),
    "mapped output": lambda: NxlinkCreateTemplateOperator.partial(task_id="task").expand(template=upstream()),
    "mapped kwargs": lambda: NxlinkCreateTemplateOperator.partial(task_id="task").expand_kwargs(
        [{"template": SPEC}]
    ),
    "partial": lambda: NxlinkCreateTemplateOperator.partial(task_id="task", template=SPEC).expand(
        phone=["1"]
    ),
    "sensor": lambda: NxlinkTemplateSensor(task_id="task", template=SPEC),
    "get": lambda: NxlinkGetTemplateOperator(task_id="task", template=314),
    "delete": lambda: NxlinkDeleteTemplateOperator(task_id="task", template={"id": 314}),
    "upload": lambda: NxlinkUploadMediaOperator(task_id="task", media_url="https://shop.example/a.jpg"),
}


@pytest.fixture
def parse(tmp_path: Path) -> Callable[[Build], Any]:
    """Return what serialises a DAG as the DAG processor does, files found."""
    (tmp_path / "promo.yaml").write_text(YAML)

    def serialised(build: Build) -> Any:
        with DAG("serialised", schedule=None, template_searchpath=[str(tmp_path)]) as dag:
            build()
        bagged(dag, nowhere=tmp_path / "none")
        return DagSerialization.to_dict(dag)

    return serialised


@pytest.mark.parametrize("form", FORMS)
def test_comes_back(form: str, parse: Callable[[Build], Any]) -> None:
    serialised = json.loads(json.dumps(parse(FORMS[form])))
    (fields,) = (task["__var"] for task in serialised["dag"]["tasks"] if task["__var"]["task_id"] == "task")
    back = DagSerialization.from_dict(serialised).get_task("task")
    # Airflow 2 writes it with an underscore.
    assert back.task_type == fields.get("task_type", fields.get("_task_type"))
    assert set(back.template_fields) == set(fields["template_fields"])
    for name in {"template", "media_url"} & set(fields):
        assert getattr(back, name) == fields[name]


@pytest.mark.parametrize("form", FORMS)
def test_is_the_same_at_each_parse_and_shows_no_address(form: str, parse: Callable[[Build], Any]) -> None:
    first, second = (json.dumps(parse(FORMS[form]), sort_keys=True) for _ in range(2))
    assert first == second
    assert " at 0x" not in first


@pytest.mark.parametrize("form", FORMS)
def test_shows_no_signed_query(form: str, parse: Callable[[Build], Any]) -> None:
    assert SECRET not in json.dumps(parse(FORMS[form]))


def test_a_file_is_shown_as_the_template_it_holds(parse: Callable[[Build], Any]) -> None:
    (task,) = parse(FORMS["file"])["dag"]["tasks"]
    assert task["__var"]["template"] == TEMPLATE


def signed(secret: str) -> str:
    """Return a link with a secret of its own: what Airflow has masked once it masks from then on."""
    return f"https://shop.example/a.jpg?OSSAccessKeyId=LTAI&Signature={secret}"


@task(task_id="upstream")
def produce(value: Any) -> Any:
    return value


def hidden(secret: str) -> Any:
    return {**TEMPLATE, "header_media": {"url": signed(secret)}}


def create_from_output(secret: str) -> None:
    create(produce(hidden(secret)))()


def create_mapped(secret: str) -> None:
    arguments = produce([{"template": hidden(secret)}])
    NxlinkCreateTemplateOperator.partial(task_id="task").expand_kwargs(arguments)


RENDERED: dict[str, tuple[str, Build]] = {
    "spec": (
        "c3BlYy1zZWNyZXQ",
        create(TemplateSpec(**TEMPLATE, header_media={"url": signed("c3BlYy1zZWNyZXQ")})),
    ),
    "mapping": ("bWFwLXNlY3JldA", create({**TEMPLATE, "header_media": {"url": signed("bWFwLXNlY3JldA")}})),
    "vendor's": ("dmVuLXNlY3JldA", create({**TEMPLATE, "headerMedia": {"url": signed("dmVuLXNlY3JldA")}})),
    "output": ("b3V0LXNlY3JldA", lambda: create_from_output("b3V0LXNlY3JldA")),
    "mapped kwargs": ("a3dhLXNlY3JldA", lambda: create_mapped("a3dhLXNlY3JldA")),
    "upload": (
        "dXBsLXNlY3JldA",
        lambda: NxlinkUploadMediaOperator(task_id="task", media_url=signed("dXBsLXNlY3JldA")),
    ),
}


@pytest.mark.parametrize("form", RENDERED)
def test_rendered_fields_and_the_log_show_no_signed_query(
    form: str, sandbox: SandboxServer, run_dag: Callable[..., Any], new_dag: Callable[..., Any]
) -> None:
    secret, build = RENDERED[form]
    with new_dag() as dag:
        build()
    run = run_dag(dag)
    assert run.state() == "success"
    # What the upstream task itself logs is the DAG author's.
    log = "".join(line for line in run.log.splitlines(keepends=True) if "Returned value was" not in line)
    with create_session() as session:
        rows = session.scalars(
            select(RenderedTaskInstanceFields).where(
                RenderedTaskInstanceFields.dag_id == dag.dag_id, RenderedTaskInstanceFields.task_id == "task"
            )
        )
        (fields,) = [row.rendered_fields for row in rows]
    assert secret in sandbox.received(endpoint="upload")[0].body
    assert secret not in json.dumps(fields) + log + json.dumps(run.value())
    assert "https://shop.example/a.jpg" in json.dumps(fields)
