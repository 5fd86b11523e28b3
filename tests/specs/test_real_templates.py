"""
How the rules judge templates that WhatsApp is known to have approved or rejected.

``tests/data/real_templates.json`` holds them, each with its source. An entry has the parts that its source
shows; what a template needs beside them is filled with neutral text.
``python tests/specs/test_real_templates.py`` prints what is judged otherwise than WhatsApp did.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_nxlink.specs.rules import problems

FILE = Path(__file__).resolve().parent.parent / "data" / "real_templates.json"
TEMPLATES: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
ABOUT = ("status", "source", "reason")


def found(template: dict[str, Any], level: str | None = None) -> list[str]:
    """Return the rules that a template breaks as it stands, after any rendering."""
    fields = {key: value for key, value in template.items() if key not in ABOUT}
    violations = problems({"content": "Hello there, how are you?", **fields})
    return [item.rule for item in violations if level in (None, item.level)]


def of(status: str) -> list[dict[str, Any]]:
    return [template for template in TEMPLATES if template["status"] == status]


def share(templates: list[dict[str, Any]], level: str | None = None) -> float:
    """Return how many percent of the templates break a rule."""
    return 100 * sum(bool(found(template, level)) for template in templates) / len(templates)


def test_every_template_names_its_source() -> None:
    assert len(of("approved")) >= 100
    assert len(of("rejected")) >= 25
    assert all(template["source"] for template in TEMPLATES)
    assert all(template["reason"] for template in of("rejected"))


def test_strict_validation_passes_what_whatsapp_approved() -> None:
    assert share(of("approved"), "error") <= 1


def test_few_approved_templates_are_warned_of() -> None:
    assert share(of("approved")) <= 15


def test_most_rejected_templates_are_found() -> None:
    assert share(of("rejected")) >= 75


@pytest.mark.parametrize("code", ["2388293", "2388299", "2388060", "2388072", "2388073", "2388081"])
def test_what_meta_refuses_with_a_code_is_found(code: str) -> None:
    refused = [template for template in of("rejected") if code in template["reason"]]
    assert refused
    assert all(found(template) for template in refused)


if __name__ == "__main__":
    for template in TEMPLATES:
        rules = found(template)
        if bool(rules) == (template["status"] == "approved"):
            print(
                template["status"], template["name"], template["language"], rules, template.get("reason", "")
            )
    print(f"approved refused: {share(of('approved'), 'error'):.1f} %")
    print(f"approved warned of: {share(of('approved')):.1f} %")
    print(f"rejected found: {share(of('rejected')):.1f} %")
