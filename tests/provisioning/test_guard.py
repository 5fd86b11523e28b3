"""One update, sent by an operator or a hook: it removes nothing unseen, and its cost is logged."""

import logging
from typing import Any

import pytest

from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.provisioning.apply import TemplateBlockedError, apply
from airflow_provider_nxlink.provisioning.guard import TemplateProtectedError
from airflow_provider_nxlink.provisioning.options import Rules
from airflow_provider_nxlink.provisioning.write import update
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.model import TemplateSpec

SEED: dict[str, Any] = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Before"}
CAROUSEL = [{"type": "BODY", "text": "Before"}, {"type": "CAROUSEL", "cards": []}]


def spec(**fields: Any) -> TemplateSpec:
    return TemplateSpec(
        **{"name": "promo", "language": "en_US", "category": "MARKETING", "content": "After", **fields}
    )


@pytest.mark.parametrize("details", ["A", "B"])
def test_a_spec_with_unconfirmed_fields_updates_nothing(
    details: str, server: SandboxServer, client: NxlinkClient
) -> None:
    server.switch(details=details)
    server.seed([{**SEED, "footerText": "Shop"}])
    wanted = spec(unconfirmed=["footer_text"])
    with pytest.raises(TemplateProtectedError, match="take its name off the list") as refused:
        update(client, wanted)
    assert refused.value.permanent
    assert ('The API now returns footer_text "Shop"' in str(refused.value)) is (details == "A")
    with pytest.raises(TemplateBlockedError, match="take its name off the list") as blocked:
        apply(client, wanted)
    assert not blocked.value.action.awaits_verdict
    assert server.count("update") == 0
    assert update(client, spec(unconfirmed=["footer_text"], footer_text="Shop")).content == "After"


def test_a_spec_with_unconfirmed_fields_creates(server: SandboxServer, client: NxlinkClient) -> None:
    assert apply(client, spec(unconfirmed=["footer_text", "other_components"])).action == "created"


@pytest.mark.parametrize("compare", ["full", "content", "always"])
@pytest.mark.parametrize("status", [1, 2])
def test_what_no_spec_can_express_is_never_updated(
    compare: Any, status: int, server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([{"name": "promo", "language": "en_US", "status": status, "components": CAROUSEL}])
    with pytest.raises(TemplateProtectedError, match="contains CAROUSEL, which this tool cannot preserve"):
        update(client, spec())
    with pytest.raises(
        TemplateBlockedError, match="contains CAROUSEL, which this tool cannot preserve"
    ) as found:
        apply(client, spec(), Rules(compare))
    if (compare, status) != ("content", 1):
        assert not found.value.action.awaits_verdict
    assert server.count("update") == 0


def test_an_update_logs_what_it_costs(
    server: SandboxServer, client: NxlinkClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.switch(details="B", edits_per_day=0)
    caplog.set_level(logging.INFO)
    for send in (update, apply):
        server.seed([SEED], replace=True)
        caplog.clear()
        send(client, spec())
        assert "takes it out of use until Meta has reviewed it" in caplog.text
        assert "1 per 24 hours, 10 per 30 days" in caplog.text
        assert "header_text, header_media, footer_text, other_components" in caplog.text


def test_an_update_of_a_rejected_template_costs_nothing(
    server: SandboxServer, client: NxlinkClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.seed([{**SEED, "status": 0}])
    update(client, spec())
    assert "out of use" not in caplog.text


def test_is_close_auto_flow_is_kept(server: SandboxServer, client: NxlinkClient) -> None:
    server.switch(edits_per_day=0)
    server.seed([{**SEED, "is_close_auto_flow": 1}])
    update(client, spec())
    assert server.template("promo", "en_US").body["is_close_auto_flow"] == 1  # type: ignore[union-attr]
    apply(client, spec(content="Again"))
    assert server.template("promo", "en_US").body["is_close_auto_flow"] == 1  # type: ignore[union-attr]
    apply(client, spec(content="Again", is_close_auto_flow=False))
    assert server.template("promo", "en_US").body["is_close_auto_flow"] == 0  # type: ignore[union-attr]


def test_content_reads_the_details_of_what_it_updates(server: SandboxServer, client: NxlinkClient) -> None:
    """An update replaces the whole template, so all of it is in the differences."""
    server.seed([{**SEED, "footerText": "Shop"}])
    applied = apply(client, spec(), Rules("content"))
    assert [difference.path for difference in applied.differences] == ["content", "footer_text"]


def test_a_rejected_authentication_template_is_not_made_another(
    server: SandboxServer, client: NxlinkClient
) -> None:
    server.seed([{**SEED, "category_type": 3, "status": 0}])
    with pytest.raises(TemplateBlockedError, match="is AUTHENTICATION at NXLink"):
        apply(client, spec())
