"""The report of a plan: everything that the plan says, as words and as pictures."""

import time
from dataclasses import dataclass
from typing import Any

import pytest

from airflow_provider_nxlink.api.models import TemplateRef
from airflow_provider_nxlink.preview.report import as_text, report_html, word_diff
from airflow_provider_nxlink.provisioning.options import Rules
from airflow_provider_nxlink.provisioning.plan import Action, plan_template
from airflow_provider_nxlink.provisioning.report import Plan
from airflow_provider_nxlink.specs.diff import Difference
from airflow_provider_nxlink.specs.model import TemplateSpec
from tests.preview.conftest import HOSTILE, SPEC, hostile_template, live
from tests.preview.html import assert_harmless


def planned(content: str, **fields: Any) -> Action:
    spec = TemplateSpec(name="promo", language="en_US", category="MARKETING", content=content)
    return plan_template(spec, live(**fields), Rules())


def body(text: str) -> list[dict[str, str]]:
    return [{"type": "BODY", "text": text}]


def deletion(**fields: Any) -> Action:
    template = live(**fields)
    return Action("delete", TemplateRef.of(template), None, template, reason="is not among the specs")


def test_an_update_shows_difference_cost_and_both_messages() -> None:
    page = assert_harmless(report_html(Plan((planned("Save *25* now", components=body("Save *20* now")),))))
    for text in ("1 to update", "promo (en_US)", "IN_USE", "Save 20 now", "Save 25 now", "Now", "After"):
        assert text in page.text
    assert "Save *removed: 20added: 25* now" in page.text
    assert "takes it out of use until Meta has reviewed it" in page.text
    assert "1 per 24 hours, 10 per 30 days" in page.text


def test_an_update_of_a_rejected_template_interrupts_nothing() -> None:
    action = planned("Save", status=0, rejected_reason="PROMOTIONAL", components=body("Old"))
    page = assert_harmless(report_html(Plan((action,))))
    assert "out of use" not in page.text
    assert "Rejected: PROMOTIONAL" in page.text


def test_deletions_come_first_and_in_red() -> None:
    plan = Plan((planned("b", components=body("a")), deletion(name="old", content="Old text")))
    page = assert_harmless(report_html(plan))
    changes = [attrs["class"] for attrs in page.of_class("nx-change")]
    assert changes == ["nx-change nx-change-delete", "nx-change nx-change-update"]
    assert "is not among the specs" in page.text
    assert "Old text" in page.text
    assert "locks the name" in page.text


def test_a_creation_shows_the_message() -> None:
    action = plan_template(TemplateSpec(**SPEC), None, Rules())
    page = assert_harmless(report_html(Plan((action,)), examples={"1": "Ada"}))
    assert "Hello Ada" in page.text
    assert "100 creations" in page.text


def test_blocked_and_refused_say_why() -> None:
    action = planned("new", status=1, components=body("old"))
    page = assert_harmless(report_html(Plan((action,), "too many deletions")))
    assert action.reason in page.text
    assert "too many deletions" in page.text


def test_drift_and_what_is_not_compared() -> None:
    spec = TemplateSpec(**{**SPEC, "name": "promo", "buttons": []})
    action = plan_template(spec, live(content=spec.content, buttons=[]), Rules())
    page = assert_harmless(report_html(Plan((action,))))
    assert "MARKETING at NXLink, UTILITY in its spec" in page.text
    assert "header_text; footer_text" in page.text


def test_what_is_unchanged_is_listed_by_name() -> None:
    page = assert_harmless(report_html(Plan((planned("a", components=body("a")),))))
    assert "1 unchanged" in page.text
    assert "promo (en_US)" in page.text
    assert not page.of_class("nx-change")


def test_an_empty_plan_says_so() -> None:
    assert "Nothing to do" in assert_harmless(report_html(Plan(()))).text


@dataclass(frozen=True)
class LaterAction(Action):
    """An action that says more than this page knows of."""

    def to_dict(self) -> dict[str, Any]:
        return {
            **super().to_dict(),
            "may_be_removed": ["footer_text"],
            "odd_fact": "4 <b>",
            "none": [],
            "preview": "╭─",
        }


def test_whatever_else_an_action_says_is_shown() -> None:
    action = planned("a", components=body("a"))
    later = LaterAction("postponed", action.ref, action.spec, action.live)  # type: ignore[arg-type]
    page = assert_harmless(report_html(Plan((later,))))
    assert "1 to delete later" in page.text
    assert "footer_text" in page.text
    assert "Odd fact: 4 <b>" in page.text
    assert "None" not in page.text
    assert "╭─" not in page.text, "the bubble shows it"


class Words:
    def __str__(self) -> str:
        return "300 to create: 100 now"

    def to_dict(self) -> dict[str, int]:
        return {"to_create": 300, "now": 100}


@dataclass(frozen=True)
class LaterPlan(Plan):
    """A plan that says more than this page knows of."""

    creations: Words | None = None

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "creations": self.creations and self.creations.to_dict()}


def test_whatever_else_a_plan_says_is_shown_in_its_own_words() -> None:
    page = assert_harmless(report_html(LaterPlan((), creations=Words())))
    assert "300 to create: 100 now." in page.text
    assert "to create" not in assert_harmless(report_html(LaterPlan(()))).text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts(text: str) -> None:
    template = hostile_template(text)
    ref = TemplateRef(name=text, language=text)
    differences = (Difference(text, text, {text: [text]}), Difference("content", None, text))
    # A spec holds no half of a character.
    spec = TemplateSpec(**{**SPEC, "content": text.replace("\ud800", "")})
    actions = (
        Action("update", ref, spec, template, differences, differences, (text,), text),
        Action("delete", ref, None, template, reason=text),
        Action("unchanged", ref, spec, template),
    )
    assert_harmless(report_html(Plan(actions, text), title=text))


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("20 % off", "25 % off", [("delete", "20"), ("insert", "25"), ("equal", " % off")]),
        ("a b", "a b", [("equal", "a b")]),
        ("", "new", [("insert", "new")]),
        ("old", "", [("delete", "old")]),
        ("Hi {{1}}", "Hi {{2}}", [("equal", "Hi "), ("delete", "{{1}}"), ("insert", "{{2}}")]),
        ("春天来了", "夏天来了", [("delete", "春"), ("insert", "夏"), ("equal", "天来了")]),
        ("", "", []),
    ],
)
def test_differences_word_by_word(before: str, after: str, pieces: list[tuple[str, str]]) -> None:
    assert word_diff(before, after) == pieces


@pytest.mark.parametrize("pattern", ["a b ", "a\n", "a"])
def test_long_texts_take_no_time_and_nothing_is_lost(pattern: str) -> None:
    before, after = pattern * 100_000, "x " + pattern.replace("a", "c") * 100_000
    start = time.monotonic()
    pieces = word_diff(before, after)
    assert time.monotonic() - start < 15
    assert "".join(text for kind, text in pieces if kind != "insert") == before
    assert "".join(text for kind, text in pieces if kind != "delete") == after


def test_both_sides_of_a_button() -> None:
    assert as_text({"type": "URL", "events": [], "text": "Go", "url": None}) == "type: URL\ntext: Go"
