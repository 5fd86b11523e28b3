"""The request bodies of the vendor's page load unchanged and are sent as they stand there."""

from typing import Any

import pytest

from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.rules import check, load

# Where the page's own bodies leave its own tables: a stray blank in the key, and "" for "none".
TYPO = "tenant_id "


def as_the_tables_say(body: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in body.items() if value != "" and key.strip() != "tenant_id"}
    return {**kept, "tenant_id": 7}


def test_each_passes_in_strict_mode(vendor_body: dict[str, Any]) -> None:
    spec, violations = load(vendor_body, validation="strict")
    assert spec is not None
    assert [v for v in violations if v.level == "error"] == []


def test_what_is_sent_is_what_the_page_shows(vendor_body: dict[str, Any]) -> None:
    spec, _ = load(vendor_body)
    assert spec is not None
    assert spec.to_wire(7) == as_the_tables_say(vendor_body)


def test_their_tenant_is_ignored_with_a_warning(vendor_body: dict[str, Any]) -> None:
    with pytest.warns(UserWarning, match="tenant_id is ignored"):
        spec = TemplateSpec.from_mapping(vendor_body)
    assert spec.to_wire(99)["tenant_id"] == 99
    _, violations = load(vendor_body)
    assert "tenant.ignored" in [v.rule for v in violations]
    assert "tenant.ignored" not in [v.rule for v in check(spec)]


def test_each_is_the_same_in_our_spelling(vendor_body: dict[str, Any]) -> None:
    spec, _ = load(vendor_body)
    assert spec is not None
    plain = spec.to_dict()
    assert {"content", "category"} <= set(plain)
    assert not {"category_type", "headerText", "buttonComponents", "mediaId"} & set(plain)
    assert TemplateSpec(**plain) == spec
