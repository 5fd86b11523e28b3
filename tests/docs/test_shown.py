"""The output that the documentation shows is what comes out."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_provider_nxlink.api.models import TemplateRef
from airflow_provider_nxlink.api.waiting import Wait
from airflow_provider_nxlink.cli.main import main
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.operators.template import NxlinkCreateTemplateOperator
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.violations import TemplateSpecError
from tests.docs.markdown import ROOT, Block, blocks

SPECS = ROOT / "example_dags" / "nxlink_templates"
PROMO = {"name": "spring_sale", "language": "en_US", "category": "MARKETING", "content": "Spring is here."}
WRONG_SPEC = {
    "name": "Spring Sale",
    "language": "en-US",
    "category": "MARKETING",
    "content": "Spring is here.",
    "footer": "Example Shop",
    "buttons": [{"type": "URL", "text": "Have a look"}],
}
WRONG_FILE = """\
name: Order Shipped
language: en_US
category: UTILITY
content: Hello {{2}}, your order is on its way.
"""


def spec_error(sandbox: SandboxServer, printed: Callable[[], str]) -> str:
    with pytest.raises(TemplateSpecError) as caught:
        NxlinkCreateTemplateOperator(task_id="create", template=WRONG_SPEC)
    return str(caught.value)


def preview_spec(sandbox: SandboxServer, printed: Callable[[], str]) -> str:
    (block,) = [block for block in blocks("python") if "spec.preview(" in block.text]
    exec(block.text, {"__name__": "page"})  # noqa: S102 - it prints
    return printed()


def lint(sandbox: SandboxServer, printed: Callable[[], str]) -> str:
    Path("templates").mkdir()
    Path("templates/order.yaml").write_text(WRONG_FILE, encoding="utf-8")
    assert main(["lint", "templates/"]) == 1
    return printed()


def plan(sandbox: SandboxServer, printed: Callable[[], str]) -> str:
    assert main(["apply", str(SPECS), "--param", "discount=20"]) == 0
    printed()
    assert main(["plan", str(SPECS), "--param", "discount=25"]) == 2
    return printed()


def rejected(sandbox: SandboxServer, printed: Callable[[], str]) -> str:
    sandbox.switch(review=["*=reject:PROMOTIONAL"])
    hook = NxlinkHook()
    hook.create_template(PROMO)
    ref = TemplateRef(name="spring_sale", language="en_US")
    return Wait().judge(ref, hook.look_up(ref), 0).message


def asked(sandbox: SandboxServer, printed: Callable[[], str]) -> str:
    return NxlinkHook().test_connection()[1]


def asked_with_a_wrong_secret(sandbox: SandboxServer, printed: Callable[[], str]) -> str:
    return asked_with(sandbox, password="not-the-secret")


def asked_with_wrong_fields(sandbox: SandboxServer, printed: Callable[[], str]) -> str:
    return asked_with(sandbox, host="http://nxlink.example", extra={"tenant_id": "one"})


def asked_with(sandbox: SandboxServer, **fields: object) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps({**sandbox.connection, **fields}))
        return NxlinkHook().test_connection()[1]


MADE_BY: dict[str, Callable[[SandboxServer, Callable[[], str]], str]] = {
    "lint": lint,
    "plan": plan,
    "preview-spec": preview_spec,
    "rejected": rejected,
    "spec-error": spec_error,
    "test-connection": asked,
    "test-wrong-secret": asked_with_a_wrong_secret,
    "wrong-connection": asked_with_wrong_fields,
}
# Takes a whole Airflow; tests/system/test_demo.py compares it.
ELSEWHERE = {"demo"}
CHANGES = re.compile(r"\b[0-9a-f]{32}\b")  # a traceId


@pytest.mark.parametrize("block", blocks("text"), ids=str)
def test_what_is_shown_is_what_comes_out(
    block: Block,
    sandbox: SandboxServer,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert block.shown in {*MADE_BY, *ELSEWHERE}, "put <!-- shown: … --> above, and say here what makes it"
    if block.shown in ELSEWHERE:
        return
    monkeypatch.chdir(tmp_path)
    made = MADE_BY[block.shown](sandbox, lambda: capsys.readouterr().out)
    assert CHANGES.sub("…", made.strip()) == CHANGES.sub("…", block.text.strip())
