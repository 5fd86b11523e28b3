"""Whatever applying changes on the server was in the plan before it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.cli.main import main
from airflow_provider_nxlink.provisioning.options import Options, Rules
from airflow_provider_nxlink.provisioning.plan import Action
from airflow_provider_nxlink.provisioning.pull import spec_fields
from airflow_provider_nxlink.provisioning.sync import sync
from airflow_provider_nxlink.provisioning.write import update, with_details
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sandbox.settings import FORMS
from airflow_provider_nxlink.specs.live import NEVER_RETURNED, text_of, unmodelled
from airflow_provider_nxlink.specs.model import TemplateSpec

FIELDS = {
    "category_type": "category",
    "content": "content",
    "headerText": "header_text",
    "mediaType": "header_media",
    "footerText": "footer_text",
    "tag_name": "tag_name",
    "syn_meta": "syn_meta",
    "is_close_auto_flow": "is_close_auto_flow",
}
ODD_COMPONENTS: list[dict[str, Any]] = [
    {"type": "CAROUSEL", "cards": []},
    {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Today"}},
    {"type": "FUTURE"},
    {"type": "HEADER", "format": "LOCATION"},
    {"type": "FOOTER", "text": "One"},
    {"type": "BUTTONS", "buttons": [{"type": "CATALOG", "text": "Look"}]},
    {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}]},
]
SHAPE = st.fixed_dictionaries({key: st.sampled_from(forms) for key, forms in FORMS.items()})
EDITS = st.fixed_dictionaries(
    {},
    optional={
        "content": st.just("Something else."),
        "category": st.sampled_from(["MARKETING", "UTILITY"]),
        "header": st.sampled_from(["none", "text", "media"]),
        "footer_text": st.sampled_from([None, "Another footer"]),
        "buttons": st.sampled_from(
            [
                [],
                [{"type": "QUICK_REPLY", "text": "No", "events": [{"event": "tag", "tag_name": "t"}]}],
                [{"type": "URL", "text": "Go", "url": "https://x.example/{{1}}", "example": "https://x.example/1"}],
                [{"type": "FLOW", "text": "Rate", "flow_id": "7"}],
            ]
        ),
        "is_close_auto_flow": st.sampled_from([None, True, False]),
        "tag_name": st.sampled_from([None, "other"]),
        "unconfirmed": st.lists(
            st.sampled_from(["header_text", "header_media", "footer_text", "other_components"]), unique=True
        ),
    },
)  # fmt: skip
HEADERS: dict[str, dict[str, Any]] = {
    "none": {"header_text": None, "header_media": None},
    "text": {"header_text": "Another header", "header_media": None},
    "media": {"header_text": None, "header_media": {"media_id": "9", "media_type": "VIDEO"}},
}


@pytest.fixture(scope="module")
def lenient() -> Iterator[SandboxServer]:
    """A sandbox that takes any reference, and any number of edits."""
    with SandboxServer(approve_after=0, strict_references=False, edits_per_day=0) as sandbox:
        yield sandbox


@st.composite
def accounts(draw: st.DrawFn, specs: st.SearchStrategy[TemplateSpec]) -> dict[str, Any]:
    """Return a template as an account may have it: any parts, category and status."""
    spec = draw(specs)
    seed = spec.to_wire(1) | {"status": draw(st.sampled_from([0, 1, 2, 3, 6, 9, 11, 12, 77]))}
    seed["category_type"] = draw(st.sampled_from([1, 2, 3]))
    if draw(st.booleans()) and "mediaType" not in seed:
        parts: list[dict[str, Any]] = [{"type": "BODY", "text": spec.content}]
        parts += draw(st.lists(st.sampled_from(ODD_COMPONENTS), max_size=2))
        seed = {key: seed[key] for key in ("name", "language", "status", "category_type")}
        seed["components"] = parts
    return seed


@st.composite
def edited(draw: st.DrawFn, seed: dict[str, Any], base: dict[str, Any] | None) -> TemplateSpec:
    """Return the spec of a template, as pulled or written by hand, with some fields edited."""
    fields = dict(base or {"content": "By hand."})
    fields |= {"name": seed["name"], "language": seed["language"]}
    if fields.get("category") not in ("MARKETING", "UTILITY"):
        fields["category"] = "UTILITY"
    edits = draw(EDITS)
    fields |= HEADERS.get(edits.pop("header", ""), {})
    return TemplateSpec(**(fields | edits))


def pulled(live: Template) -> dict[str, Any]:
    """Return the fields of the pulled spec, without the parts that no spec can express."""
    fields = spec_fields(live)
    left_out = ("buttons", "header_media") if unmodelled(live) else ()
    return {key: value for key, value in fields.items() if key not in left_out}


def state(server: SandboxServer, name: str, language: str) -> dict[str, Any] | None:
    """Return what the server has, in our names and without what a comparison leaves out."""
    template = server.template(name, language)
    if template is None:
        return None
    body = template.body
    texts = ("content", "headerText", "footerText")
    found = {ours: text_of(body.get(key)) if key in texts else body.get(key) for key, ours in FIELDS.items()}
    found["category"] = template.category_type
    found["is_close_auto_flow"] = bool(body.get("is_close_auto_flow"))
    found["buttons"] = [_owned(button) for button in body.get("buttonComponents") or []]
    found["other_components"] = [
        part for part in template.components or [] if part in ODD_COMPONENTS and part["type"] != "FOOTER"
    ]
    return found


def _owned(button: dict[str, Any]) -> dict[str, Any]:
    """Return a button without nulls and defaults, which mean the same."""
    texts = ("text", "url")
    plain = {key: text_of(value) if key in texts else value for key, value in button.items()}
    if plain.get("customizeType") == "conventional":
        del plain["customizeType"]
    if isinstance(plain.get("phoneNumber"), str):
        plain["phoneNumber"] = plain["phoneNumber"].removeprefix("+")
    plain["example"] = [text_of(item) for item in plain.get("example") or []]
    plain["buttonEvents"] = [
        {key: text_of(value) for key, value in event.items() if value}
        for event in plain.get("buttonEvents") or []
    ]
    return {key: value for key, value in plain.items() if value not in (None, "", []) and key != "payload"}


def announced(action: Action) -> set[str]:
    """Return the fields that a plan says an update changes, or may change."""
    paths = {difference.path.partition("[")[0] for difference in action.differences}
    paths |= {*action.not_compared, *action.may_be_removed, *NEVER_RETURNED}
    if "button_events" in paths:
        paths.add("buttons")
    if any("header_media" in note or "header sample" in note for note in action.notes):
        paths.add("header_media")
    return paths


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_changes_was_planned(
    valid_specs: st.SearchStrategy[TemplateSpec], lenient: SandboxServer, connect: Any, data: st.DataObject
) -> None:
    lenient.reset()
    seed = data.draw(accounts(valid_specs))
    lenient.seed([seed])
    shape = data.draw(SHAPE | SHAPE.map(lambda shape: shape | AS_USUAL))
    lenient.switch(**shape)
    rules = Rules(compare=data.draw(st.sampled_from(["full", "full", "content", "always"])))
    client: NxlinkClient
    with connect(lenient) as client:
        (listed,) = client.templates()
        live = with_details(client, listed)
        spec = data.draw(edited(seed, pulled(live) if data.draw(st.booleans()) else None))
        before = state(lenient, spec.name, spec.language)
        (action,) = sync(client, [spec], Options(rules), dry_run=True).plan.actions
        assert state(lenient, spec.name, spec.language) == before
        sync(client, [spec], Options(rules))
    after = state(lenient, spec.name, spec.language)
    assert before is not None
    assert after is not None
    changed = {name for name in before if before[name] != after[name]}
    event(f"{action.kind} {action.blocked_by}, sent: {bool(lenient.count('update'))}")
    if lenient.count("update"):
        assert action.kind == "update"
        if listed.status == 2:
            assert any("out of use" in note for note in action.notes)
    if action.kind != "update":
        assert not changed
    # What the server makes of a text by itself is reported after the write.
    by_itself = {"content", "header_text", "footer_text"} if shape["stored"] != "as_sent" else set()
    assert changed - by_itself <= announced(action)
    hidden = {"other_components"} & set(action.may_be_removed)
    assert not action.unmodelled or hidden or action.kind == "blocked"


AS_USUAL = {"extra_component": "none", "extra_button": "none", "button_reqs": "given", "stored": "as_sent"}


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_update_call_never_removes_what_it_can_see_no_spec_expresses(
    valid_specs: st.SearchStrategy[TemplateSpec], lenient: SandboxServer, connect: Any, data: st.DataObject
) -> None:
    """What the operator and the hook send: a single update, planned by nobody."""
    lenient.reset()
    spec = data.draw(valid_specs)
    part = data.draw(st.sampled_from(ODD_COMPONENTS))
    parts = [{"type": "BODY", "text": "Before"}, *([{"type": "FOOTER", "text": "x"}] * 2), part]
    lenient.seed([{"name": spec.name, "language": spec.language, "components": parts}])
    with connect(lenient) as client, pytest.raises(Exception, match="cannot preserve"):
        update(client, spec, resuming=data.draw(st.booleans()))
    assert lenient.count("update") == 0


def varied() -> list[dict[str, Any]]:
    """Return 80 templates of all kinds of parts."""
    texts = [
        "Hello there",
        "Hello {{1}}, it is {{2}} today.",
        "50 {% off\n\n*Now*",
        "Tabs\there  and  blanks ",
        "{{WhatsApp}} hi",
    ]
    heads: list[dict[str, Any]] = [
        {},
        {"headerText": "News"},
        {"headerText": "Hi {{1}}"},
        {"mediaType": "IMAGE", "mediaId": "1", "mediaName": "a.png"},
    ]
    reply = {"type": "QUICK_REPLY", "text": "Stop", "customizeType": "unsubscribe"}
    link = {
        "type": "URL",
        "text": "Track",
        "url": "https://x.example/{{1}}",
        "example": ["https://x.example/1"],
    }
    flow = {"type": "FLOW", "text": "Rate", "flow_id": "7", "navigate_screen": "A", "flow_action": "navigate"}
    phone = {"type": "PHONE_NUMBER", "text": "Call", "phoneNumber": "+4912345678"}
    code = {"type": "COPY_CODE", "text": "Copy offer code", "example": ["SPRING"]}
    tail: list[dict[str, Any]] = [
        {},
        {"footerText": "Shop", "is_close_auto_flow": 1, "tag_name": "t"},
        {"buttonComponents": [{**reply, "buttonEvents": [{"event": "tag", "tagName": "t"}]}, link]},
        {"buttonComponents": [flow, phone, code], "footerText": "x"},
    ]
    combined = [(text, head, end) for text in texts for head in heads for end in tail]
    return [
        {"name": f"t{index // 2}", "language": ["en_US", "de"][index % 2], "category_type": 1 + index % 2,
         "status": [2, 0, 11, 1][index % 4], "content": text, **head, **end}
        for index, (text, head, end) in enumerate(combined)
    ]  # fmt: skip


@pytest.mark.parametrize("whitespace", ["kept", "all", "loose", "nel"])
def test_80_templates_pulled_and_planned_differ_in_nothing(
    whitespace: str, lenient: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", lenient.connection_json)
    seeds = varied()
    lenient.reset()
    lenient.switch(**AS_USUAL, details="A", whitespace=whitespace)
    assert len(seeds) == len(lenient.seed(seeds)) == 80
    assert main(["pull", str(tmp_path / "pulled")]) == 0
    assert "skipped" not in capsys.readouterr().err
    assert main(["plan", str(tmp_path / "pulled"), "--validation", "warn"]) == 0, capsys.readouterr()
    pulled = {}
    for file in (tmp_path / "pulled").iterdir():
        document = yaml.safe_load(file.read_text())
        assert "unconfirmed" not in file.read_text()
        languages = document.pop("languages", None) or {document["language"]: {}}
        for language, own in languages.items():
            pulled[document["name"], language] = TemplateSpec(**{**document, **own, "language": language})
    assert len(pulled) == 80
    for seed in seeds:
        wire = pulled[seed["name"], seed["language"]].to_wire(1)
        for key in ("category_type", "mediaType", "is_close_auto_flow"):
            assert wire.get(key) == seed.get(key)
        for key in ("content", "headerText", "footerText"):
            assert text_of(wire.get(key)) == text_of(seed.get(key))
        buttons = seed.get("buttonComponents", [])
        assert [_owned(button) for button in wire.get("buttonComponents", [])] == list(map(_owned, buttons))
