"""Jinja on the command line: pulled templates stay text, and errors name file, line and field."""

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.cli.main import main
from airflow_provider_nxlink.cli.templates import rendered
from airflow_provider_nxlink.provisioning.pull import spec_fields
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.files import load_file
from airflow_provider_nxlink.specs.rules import load

Out = pytest.CaptureFixture[str]
EVIL = "{{ conn.nxlink_default.password }}"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def live(**changes: Any) -> Template:
    return Template.model_validate(
        {"id": 1, "name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hi", **changes}
    )


def components(**header: Any) -> list[dict[str, Any]]:
    return [{"type": "HEADER", "format": "IMAGE", **header}, {"type": "BODY", "text": "Hello there"}]


def button(**fields: Any) -> dict[str, Any]:
    return {"buttons": [{"text": "Press", **fields}]}


HOSTILE = {
    "content": {"content": f"Hi {EVIL} there"},
    "endraw": {"content": f"{{% endraw %}}{EVIL}{{% raw %}}"},
    "name": {"name": EVIL},
    "language": {"language": EVIL},
    "original_filename": {"components": components(filename=EVIL, media_id="1")},
    "media_id": {"components": components(media_id=EVIL)},
    "h": {"components": components(h=EVIL)},
    "phone_number": button(type="PHONE_NUMBER", phoneNumber=EVIL),
    "url": button(type="URL", url=f"https://x.example/{EVIL}"),
    "example": button(type="COPY_CODE", example=[EVIL]),
    "flow_id": button(type="FLOW", flow_id=EVIL),
    "event tag": button(type="QUICK_REPLY", buttonEvents=[{"event": "tag", "tagName": EVIL}]),
    "event template": button(
        type="QUICK_REPLY", buttonEvents=[{"event": "template", "templateId": EVIL, "templateName": EVIL}]
    ),
    "event text": button(type="QUICK_REPLY", buttonEvents=[{"event": "text", "text": EVIL}]),
    "comment": {"content": "{# a comment #} here"},
    "block": {"content": "50 {% off"},
}


@pytest.mark.parametrize("field", HOSTILE)
def test_a_pulled_field_is_never_evaluated(field: str) -> None:
    fields = spec_fields(live(**HOSTILE[field]))
    assert fields["render"] is False
    assert rendered(fields, {}) == fields
    spec, _ = load(rendered(fields, {}), validation="warn")
    assert any(mark in str(spec.to_wire(1)) for mark in ("{{", "{%", "{#"))


@pytest.mark.parametrize("content", ["Hello {{1}}", "Hi {{WhatsApp}}, 100 {%", "a {b} }} c"])
def test_the_marker_is_written_only_where_it_is_needed(content: str) -> None:
    fields = spec_fields(live(content=content, **button(type="PHONE_NUMBER", phoneNumber="+491")))
    assert ("render" in fields) is ("{%" in content)


@pytest.mark.parametrize("languages", [["en_US"], ["en_US", "de"]])
@pytest.mark.parametrize(
    "content",
    [
        "Olá {{ $json.Nome }}, tudo bem?",
        f"{{% endraw %}}{EVIL}{{% raw %}} there",
        "Hi {{1}}, {{{x}}} %} it is",
    ],
)
def test_foreign_text_comes_back_through_pull_and_apply(
    content: str, languages: list[str], sandbox: SandboxServer
) -> None:
    row = {"name": "promo", "category_type": 1}
    sandbox.seed([{**row, "language": code, "content": f"{content} {code}"} for code in languages])
    assert main(["pull", "pulled"]) == 0
    assert [one["render"] for one in load_file("pulled/promo.yaml")] == [False] * len(languages)
    assert main(["lint", "pulled"]) == 0
    assert main(["plan", "pulled"]) == 0
    assert main(["apply", "pulled", "--compare", "always"]) == 0
    sent = {call.json["language"]: call.json["content"] for call in sandbox.received(endpoint="update")}
    assert sent == {code: f"{content} {code}" for code in languages}


def test_a_file_with_raw_blocks_still_works(sandbox: SandboxServer) -> None:
    sandbox.seed(
        [{"name": "promo", "language": "en_US", "category_type": 1, "content": "Hi {{ a.b }} there"}]
    )
    Path("promo.yaml").write_text(
        "name: promo\nlanguage: en_US\ncategory: MARKETING\n"
        "content: '{% raw %}Hi {{ a.b }} there{% endraw %}'\n"
    )
    assert main(["plan", "promo.yaml"]) == 0


FAULTS = {
    "{{ params.price + 1 }}": "TypeError: can only concatenate str",
    "{{ 1/0 }}": "ZeroDivisionError",
    "{% include 'nope.txt' %}": "there is no file 'nope.txt'",
    "{{ params.price | nope }}": "No filter named 'nope'",
    "{{ nope.x }}": "'nope' is undefined",
    "{{ params.nope }}": "has no attribute 'nope'",
    "{{ range(10**9) | list }}": "Range too big",
    "{{ ''.__class__.__mro__ }}": "unsafe",
}


@pytest.mark.parametrize("command", ["plan", "apply", "status"])
@pytest.mark.parametrize("field", ["content", "name", "tag_name", "text"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_by_file_line_and_field(
    fault: str, field: str, command: str, sandbox: SandboxServer, capsys: Out
) -> None:
    fields = {"name": "promo", "content": "Hello there", "tag_name": "vip"}
    if field in fields:
        fields[field] = f"Hi {{{{1}}}}, {fault} there"
    text = fault if field == "text" else "Stop"
    button = f'buttons:\n  - type: QUICK_REPLY\n    text: "{text}"\n'
    lines = [f'{name}: "{value}"\n' for name, value in fields.items()]
    Path("promo.yaml").write_text("".join(lines) + "language: en_US\ncategory: MARKETING\n" + button)
    line = {"name": 1, "content": 2, "tag_name": 3, "text": 8}[field]
    path = "buttons[0].text" if field == "text" else field
    assert main([command, "promo.yaml", "--param", "price=5"]) == 1
    err = capsys.readouterr().err
    assert f"promo.yaml:{line}:" in err
    assert f"{path}: cannot be rendered: " in err
    assert FAULTS[fault] in err
    assert fault[:30] in err
    assert "Traceback" not in err
    assert "\ue000" not in err
    assert sandbox.received() == []
