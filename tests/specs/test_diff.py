"""A live template differs from a spec in what the user owns, and in nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.diff import Difference, diff, not_told
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.rules import load

FULL: dict[str, Any] = {
    "name": "order",
    "language": "en",
    "category": "UTILITY",
    "content": "Hello {{1}}.\nYour order is on its way.",
    "header_text": "Good news",
    "footer_text": "Shop",
    "buttons": [
        {"type": "URL", "text": "Track", "url": "https://x.example/{{1}}", "example": "https://x.example/1"},
        {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+49 1234567"},
        {"type": "COPY_CODE", "text": "Copy offer code", "example": "SPRING"},
        {"type": "FLOW", "text": "Rate", "flow_id": "42"},
        {
            "type": "QUICK_REPLY",
            "text": "Yes",
            "events": [
                {"event": "tag", "tag_name": "keen"},
                {"event": "template", "template_id": 314, "template_name": "more"},
            ],
        },
        {"type": "QUICK_REPLY", "text": "Stop", "customize_type": "unsubscribe"},
    ],
}
MEDIA = {"media_id": "1", "media_type": "IMAGE", "original_filename": "a.jpg"}


def spec(**changes: Any) -> TemplateSpec:
    return TemplateSpec(**{**FULL, **changes})


def button(index: int, **changes: Any) -> dict[str, Any]:
    buttons = [dict(item) for item in FULL["buttons"]]
    buttons[index] |= changes
    return {"buttons": buttons}


def shape_a(of: TemplateSpec, **changes: Any) -> Template:
    """Details like Meta's, with everything the service adds of its own."""
    body = of.to_wire(1)
    header = {"type": "HEADER", "format": "TEXT", "text": body.get("headerText")}
    if "mediaId" in body:
        header = {
            "type": "HEADER",
            "format": body["mediaType"],
            "text": None,
            "h": "4:other",
            "media_id": "9",
        }
    components = [
        header if header["text"] or "h" in header else None,
        {"type": "BODY", "text": body["content"] + "\r\n", "example": {"body_text": [["a"]]}},
        {"type": "FOOTER", "text": body["footerText"]} if "footerText" in body else None,
        {"type": "BUTTONS", "buttons": [component(item) for item in body.get("buttonComponents", [])]},
    ]
    answer = {"category": body["category_type"], "components": [part for part in components if part]}
    return Template.model_validate({**answer, "category": of.category, **changes})


def component(sent: dict[str, Any]) -> dict[str, Any]:
    events = [
        {"tagId": 7, "tagName": None, "templateId": None, "text": "", **event}
        for event in sent.get("buttonEvents", [])
    ]
    kept = {**sent, "payload": "305", "buttonEvents": events or None}
    return {"type": sent["type"], "text": sent["text"], "payload": None, "url": None, "buttonReqs": kept}


def shape_b(of: TemplateSpec, **changes: Any) -> Template:
    body = of.to_wire(1)
    answer = {
        key: body.get(key) for key in ("name", "language", "category_type", "content", "buttonComponents")
    }
    return Template.model_validate({"id": 1, "status": 2, **answer, **changes})


CHANGES = [
    ({"category": "MARKETING"}, "category", "MARKETING", "UTILITY"),
    ({"header_text": "News"}, "header_text", "News", "Good news"),
    ({"header_text": None}, "header_text", None, "Good news"),
    ({"content": "Bye {{1}}."}, "content", "Bye {{1}}.", FULL["content"]),
    ({"footer_text": None}, "footer_text", None, "Shop"),
    (button(0, text="Follow"), "buttons[0].text", "Follow", "Track"),
    (button(0, url="https://y.example/{{1}}"), "buttons[0].url", "https://y.example/{{1}}", "https://x.example/{{1}}"),
    (button(1, phone_number="+49 999"), "buttons[1].phone_number", "49999", "491234567"),
    (button(2, example="AUTUMN"), "buttons[2].example", "AUTUMN", "SPRING"),
    (button(3, flow_id=43), "buttons[3].flow_id", "43", "42"),
    (button(4, customize_type="unsubscribe"), "buttons[4].customize_type", "unsubscribe", "conventional"),
    (
        button(5, events=[{"event": "text", "text": "Bye"}]),
        "buttons[5].events",
        [{"event": "text", "text": "Bye"}],
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "path", "live", "wanted"), CHANGES)
def test_what_the_user_owns_is_compared(change: dict[str, Any], path: str, live: Any, wanted: Any) -> None:
    assert diff(spec(), shape_a(spec(**change))) == [Difference(path, live, wanted)]


@pytest.mark.parametrize("told", [shape_a, shape_b])
def test_a_button_more_less_or_elsewhere_is_a_difference(told: Any) -> None:
    buttons = FULL["buttons"]
    fewer = diff(spec(), told(spec(buttons=buttons[:-1])))
    assert [(item.path, item.live, item.wanted["text"]) for item in fewer] == [("buttons[5]", None, "Stop")]
    more = diff(spec(buttons=buttons[:-1]), told(spec()))
    assert [(item.path, item.live["text"], item.wanted) for item in more] == [("buttons[5]", "Stop", None)]
    swapped = diff(spec(), told(spec(buttons=[*buttons[:4], buttons[5], buttons[4]])))
    assert {item.path.partition(".")[0] for item in swapped} == {"buttons[4]", "buttons[5]"}
    assert diff(spec(), told(spec(buttons=[])))[0].path == "buttons[0]"


def test_a_header_is_compared_by_its_kind() -> None:
    media = {"header_text": None, "header_media": MEDIA}
    video = {"header_text": None, "header_media": {**MEDIA, "media_type": "VIDEO"}}
    assert diff(spec(**media), shape_a(spec(**media))) == []
    assert diff(spec(**media), shape_a(spec(**video))) == [Difference("header_media", "VIDEO", "IMAGE")]
    assert diff(spec(**media), shape_a(spec())) == [
        Difference("header_text", "Good news", None),
        Difference("header_media", None, "IMAGE"),
    ]


def test_a_header_that_is_not_uploaded_yet_equals_media_of_any_kind() -> None:
    only_url = spec(header_text=None, header_media={"url": "https://x.example/a"})
    assert diff(only_url, shape_a(spec(header_text=None, header_media=MEDIA))) == []
    assert diff(only_url, shape_a(spec(header_text=None))) == [Difference("header_media", None, "MEDIA")]


def test_what_the_service_changes_by_itself_is_no_difference() -> None:
    assert diff(spec(), shape_a(spec())) == []
    assert diff(spec(**button(1, phone_number="491234567")), shape_a(spec())) == []
    assert diff(spec(**button(4, customize_type="conventional")), shape_a(spec())) == []
    assert diff(spec(**button(0, example="https://x.example/2")), shape_a(spec())) == []
    assert diff(spec(content=f" {FULL['content']}\n"), shape_b(spec())) == []
    assert diff(spec(is_close_auto_flow=1, syn_meta=True, tag_name="x"), shape_a(spec())) == []


def test_flat_details_do_not_tell_header_and_footer() -> None:
    live = shape_b(spec(header_text=None, footer_text="Other"))
    assert diff(spec(), live) == []
    assert not_told(spec(), live) == ["header_text", "footer_text"]
    assert not_told(spec(), shape_a(spec())) == []
    assert not_told(spec(header_text=None, footer_text=None), live) == []


def test_content_compares_what_the_list_tells() -> None:
    row = Template.model_validate({"category": "UTILITY", "content": FULL["content"]})
    assert diff(spec(), row, compare="content") == []
    assert diff(spec(content="x"), row, compare="content") == [Difference("content", FULL["content"], "x")]
    assert not_told(spec(), row, compare="content") == ["header_text", "footer_text", "buttons"]


def test_details_without_what_was_sent_tell_nothing_of_events() -> None:
    plain = [{"type": "QUICK_REPLY", "text": "Yes"}]
    live = Template.model_validate({"components": [{"type": "BUTTONS", "buttons": plain}]})
    wanted = spec(
        header_text=None,
        footer_text=None,
        buttons=[
            {**plain[0], "customize_type": "unsubscribe", "events": [{"event": "tag", "tag_name": "a"}]}
        ],
    )
    assert diff(wanted, live) == []
    assert [item.path for item in diff(spec(header_text=None, footer_text=None, buttons=[]), live)] == [
        "buttons[0]"
    ]


def test_a_difference_reads_as_one_line_and_as_json() -> None:
    (difference,) = diff(spec(footer_text=None), shape_a(spec()))
    assert str(difference) == 'footer_text: "Shop" → nothing'
    assert difference.to_dict() == {"path": "footer_text", "live": "Shop", "wanted": None}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(approve_after=0, strict_references=False, strict_media=False) as server:
        yield server


@pytest.fixture(scope="module")
def client(sandbox: SandboxServer) -> Iterator[NxlinkClient]:
    account = sandbox.account
    checked = Account.checked(
        base_url=sandbox.url,
        access_key=account.access_key,
        access_secret=account.access_secret,
        phone=account.phones[0],
        tenant_id=account.tenant_ids[0],
    )
    with NxlinkClient(checked) as client:
        yield client


def created(sandbox: SandboxServer, client: NxlinkClient, wanted: TemplateSpec) -> Template:
    """Create the template and return its row of the list."""
    sandbox.reset()
    client.send(calls.create_template(client.account, wanted.to_wire(client.account.tenant_id)))
    row = TemplateRef(name=wanted.name, language=wanted.language).find_in(client.templates())
    assert row is not None
    return row


def read_back(sandbox: SandboxServer, client: NxlinkClient, row: Template, details: str) -> Template:
    sandbox.switch(details=details)
    assert row.id is not None
    live = client.send(calls.get_template(client.account, row.id))
    assert live is not None
    return live


@pytest.mark.parametrize("whitespace", ["kept", "changed"])
@pytest.mark.parametrize("ids", ["int", "string"])
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_a_spec_created_and_read_back_differs_in_nothing(
    sandbox: SandboxServer,
    client: NxlinkClient,
    valid_specs: st.SearchStrategy[TemplateSpec],
    whitespace: str,
    ids: str,
    data: st.DataObject,
) -> None:
    wanted = data.draw(valid_specs)
    row = created(sandbox, client, wanted)
    sandbox.switch(whitespace=whitespace, ids=ids)
    assert diff(wanted, row, compare="content") == []
    for details in ("A", "B"):
        assert diff(wanted, read_back(sandbox, client, row, details)) == []


def test_the_vendors_templates_read_back_differ_in_nothing(
    sandbox: SandboxServer, client: NxlinkClient, vendor_body: dict[str, Any]
) -> None:
    wanted, _ = load(vendor_body)
    row = created(sandbox, client, wanted)
    for details in ("A", "B"):
        live = read_back(sandbox, client, row, details)
        assert diff(wanted, live) == []
        other = TemplateSpec(**{**wanted.to_dict(), "content": "Something else"})
        assert [item.path for item in diff(other, live)] == ["content"]
