"""Applying one spec: absent → create, equal → nothing, different → update where Meta takes one."""

from typing import Any

import pytest

from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.api.errors import NxlinkRequestError
from airflow_provider_nxlink.api.writes import delete_template
from airflow_provider_nxlink.provisioning.apply import Applied, TemplateBlockedError, apply
from airflow_provider_nxlink.provisioning.options import Rules
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.diff import Difference
from airflow_provider_nxlink.specs.model import TemplateSpec

FIELDS: dict[str, Any] = {
    "name": "promo",
    "language": "en_US",
    "category": "MARKETING",
    "content": "Hello {{1}}, welcome.",
}
SEED = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello {{1}}, welcome."}


def spec(**changes: Any) -> TemplateSpec:
    return TemplateSpec(**{**FIELDS, **changes})


def writes(server: SandboxServer) -> int:
    return sum(server.count(endpoint) for endpoint in ("create", "update", "delete", "upload"))


def test_what_is_absent_is_created(server: SandboxServer, client: NxlinkClient) -> None:
    applied = apply(client, spec())
    assert applied.action == "created"
    assert applied.to_dict() | {"action": "created", "differences": [], "drift": []} == applied.to_dict()
    assert (applied["name"], applied["status_name"]) == ("promo", "IN_USE")


def test_what_is_equal_is_left_alone(server: SandboxServer, client: NxlinkClient) -> None:
    apply(client, spec())
    before = writes(server)
    assert apply(client, spec()).action == "unchanged"
    assert writes(server) == before


def test_what_differs_is_updated_and_told(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([SEED])
    applied = apply(client, spec(content="Hi {{1}}, welcome.", footer_text="Shop"))
    assert applied.action == "updated"
    assert applied.differences == (
        Difference("content", "Hello {{1}}, welcome.", "Hi {{1}}, welcome."),
        Difference("footer_text", None, "Shop"),
    )
    assert applied.template.content == "Hi {{1}}, welcome."
    assert server.count("update") == 1


@pytest.mark.parametrize("status", [0, 2, 11])
def test_meta_takes_edits_of_approved_rejected_and_paused_templates(
    status: int, server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([{**SEED, "status": status}])
    assert apply(client, spec(content="Hi")).action == "updated"


@pytest.mark.parametrize(
    ("status", "way_out", "waits"),
    [
        (1, "PENDING.*apply again after the verdict", True),
        (3, "APPEALED.*within 24 hours", True),
        (6, "UNAVAILABLE.*another name", False),
        (9, "PENDING_DELETION.*another name.*30 days", False),
        (12, "EXCEEDED_LIMIT.*delete some", False),
    ],
)
def test_where_meta_takes_no_edit_the_way_out_is_told_and_nothing_sent(
    status: int, way_out: str, waits: bool, server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([{**SEED, "status": status}])
    with pytest.raises(
        TemplateBlockedError, match=rf"(?s)promo \(en_US\) differs, but is {way_out}"
    ) as blocked:
        apply(client, spec(content="Hi"))
    assert blocked.value.action.awaits_verdict is waits
    assert 'content: "Hello {{1}}, welcome." → "Hi"' in str(blocked.value)
    assert writes(server) == 0


@pytest.mark.parametrize("status", [0, 1, 3, 6, 9, 12])
def test_an_equal_template_is_left_alone_in_any_status(
    status: int, server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([{**SEED, "status": status}])
    assert apply(client, spec()).action == "unchanged"
    assert writes(server) == 0


def test_a_deleted_template_is_created_anew(server: SandboxServer, client: NxlinkClient) -> None:
    server.switch(keep_deleted=True)
    server.seed([{**SEED, "status": 14}])
    assert apply(client, spec()).action == "created"


def test_a_locked_name_is_refused_and_the_lock_explained(server: SandboxServer, client: NxlinkClient) -> None:
    created = apply(client, spec())
    delete_template(client, created.template)
    with pytest.raises(NxlinkRequestError, match=r"create template promo \(en_US\).*locks the name.*30 days"):
        apply(client, spec())


def test_a_second_edit_within_a_day_is_refused_and_the_limit_explained(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([SEED])
    apply(client, spec(content="One"))
    with pytest.raises(NxlinkRequestError, match=r"which was IN_USE.*one edit of an approved template"):
        apply(client, spec(content="Two"))


def test_meta_s_category_is_told_and_not_fought_over(
    server: SandboxServer, client: NxlinkClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.seed([{**SEED, "category_type": 2}])
    applied = apply(client, spec())
    assert (applied.action, applied.differences) == ("unchanged", ())
    assert applied.drift == (Difference("category", "UTILITY", "MARKETING"),)
    assert "promo (en_US) is UTILITY at NXLink and MARKETING in its spec" in caplog.text
    assert writes(server) == 0


def test_an_update_of_a_recategorised_template_keeps_meta_s_category(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([{**SEED, "category_type": 2}])
    assert apply(client, spec(content="Hi")).action == "updated"
    assert server.received(endpoint="update")[0].json["category_type"] == 2


def test_a_rejected_template_may_be_sent_in_under_another_category(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([{**SEED, "category_type": 2, "status": 0}])
    applied = apply(client, spec())
    assert (applied.action, applied.template.category) == ("updated", "MARKETING")


def test_a_changed_category_can_be_made_a_failure(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([{**SEED, "category_type": 2}])
    with pytest.raises(
        TemplateBlockedError, match=r"is UTILITY at NXLink and MARKETING in its spec.*write UTILITY"
    ):
        apply(client, spec(content="Hi"), Rules(on_category_change="fail"))
    assert writes(server) == 0


def test_an_authentication_template_is_not_edited(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([{**SEED, "category_type": 3}])
    with pytest.raises(TemplateBlockedError, match="is AUTHENTICATION at NXLink"):
        apply(client, spec(content="Hi"))


def test_content_alone_asks_for_no_details(server: SandboxServer, client: NxlinkClient) -> None:
    server.seed([{**SEED, "footerText": "Old"}])
    assert apply(client, spec(), Rules(compare="content")).action == "unchanged"
    assert server.count("details") == 0
    assert apply(client, spec(), Rules(compare="full")).action == "updated"


def test_always_sends_what_looks_equal(server: SandboxServer, client: NxlinkClient) -> None:
    """Another picture under the same kind of header is nothing that NXLink shows."""
    server.seed([{**SEED, "mediaId": "1", "mediaType": "IMAGE", "mediaName": "a.jpg"}])
    picture = spec(header_media={"url": "https://shop.example/b.jpg", "media_type": "IMAGE"})
    assert apply(client, picture).action == "unchanged"
    assert apply(client, picture, Rules(compare="always")).action == "updated"
    assert (server.count("upload"), server.count("update")) == (1, 1)


def test_always_repeats_nothing_that_an_earlier_try_has_sent(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([SEED])
    server.switch(approve_after=60)
    apply(client, spec(), Rules(compare="always"))
    assert apply(client, spec(), Rules(compare="always", resuming=True)).action == "unchanged"
    assert server.count("update") == 1


def test_what_nxlink_does_not_show_is_told(
    server: SandboxServer, client: NxlinkClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.switch(details="B")
    server.seed([SEED])
    assert apply(client, spec(header_text="News", footer_text="Shop")).action == "unchanged"
    assert "the API does not return header_text, footer_text, so they are not compared" in caplog.text


def test_one_that_appears_in_the_meantime_is_compared_like_any_other(
    server: SandboxServer, client: NxlinkClient
) -> None:
    """The list shows a new template late, so that the first look does not see it."""
    server.switch(visible_after=1)
    server.seed([{**SEED}])
    applied: list[Applied] = []
    server.inject("status", endpoint="list", status=200, body='{"code": 0, "data": []}')
    applied.append(apply(client, spec()))
    assert [item.action for item in applied] == ["unchanged"]
    assert server.count("create") == 1


def test_a_template_kept_from_meta_may_be_changed_while_it_looks_pending(
    server: SandboxServer, client: NxlinkClient
) -> None:
    apply(client, spec(syn_meta=False))
    assert apply(client, spec(syn_meta=False, content="Hi")).action == "updated"


def test_a_choice_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"compare: 'fast' is none of full.*on_category_change: 'ignore'"):
        Rules(compare="fast", on_category_change="ignore")  # type: ignore[arg-type]
