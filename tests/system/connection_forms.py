"""Airflow's own pages for connections, as a person uses them: one class for each generation of pages."""

import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect


@dataclass(frozen=True)
class Field:
    """What a person sees of one field."""

    kind: str
    placeholder: str
    help: str
    value: str


class ReactForm:
    """The pages of Airflow 3."""

    shows_placeholders_of_extras = False

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        # The first page takes a token, and leads to the start whatever was asked for.
        page.goto(url)
        page.get_by_role("button", name="Admin").wait_for()
        page.goto(f"{url}/connections")

    @property
    def whole(self) -> Locator:
        return self._page.get_by_role("dialog")

    def new(self, conn_id: str, kind: str) -> None:
        self._page.get_by_role("button", name="Add Connection").click()
        self.whole.get_by_label("Connection ID").fill(conn_id)
        self.whole.get_by_label("Connection Type").fill(kind)
        self._page.keyboard.press("Enter")

    def edit(self, conn_id: str) -> None:
        self._row(conn_id).get_by_role("button", name="Edit Connection").click()
        self.whole.get_by_label("Connection ID").wait_for()

    def kind(self) -> str:
        """Return the type of connection that is chosen."""
        box = self.whole.get_by_label("Connection Type").locator("xpath=../preceding-sibling::*[1]")
        return box.inner_text()

    def labels(self) -> list[str]:
        """Return the names of all fields that belong to this type of connection."""
        found = [text.strip().rstrip("* ") for text in self.whole.locator("label").all_inner_texts()]
        return [text for text in found if text]

    def fill(self, label: str, value: str) -> None:
        self._input(label).fill(value)

    def field(self, label: str) -> Field:
        shown = self._input(label)
        hidden = self._box(label).locator("input[type=hidden]")
        explanation = self._box(label).locator("[data-part=helper-text]")
        return Field(
            kind=shown.get_attribute("role") or shown.get_attribute("type") or "text",
            placeholder=shown.get_attribute("placeholder") or "",
            help=explanation.inner_text() if explanation.count() else "",
            value=_value(hidden.first if hidden.count() else shown),
        )

    def save(self) -> None:
        self.whole.get_by_role("button", name="Save").click()
        self.whole.wait_for(state="hidden")

    def test(self, conn_id: str) -> tuple[bool, str]:
        """Press the test button for what is filled in; return whether it is well, and what is said."""
        self.save()  # the button stands in the list
        with self._page.expect_response("**/connections/test"):
            self._row(conn_id).get_by_role("button", name="Test Connection").click()
        title, _, message = self.answer().inner_text().partition("\n")
        assert title in ("Test Connection Successful", "Test Connection Failed")
        return title.endswith("Successful"), message.strip()

    def answer(self) -> Locator:
        """Return where it stands what a test has said last."""
        return self._page.get_by_role("status").filter(has_text="Test Connection").last

    def unfold(self, part: str) -> None:
        self._open(self.whole.get_by_role("button", name=part, exact=True))

    def _row(self, conn_id: str) -> Locator:
        return self._page.get_by_role("row").filter(has_text=conn_id)

    def _label(self, label: str) -> Locator:
        return self._page.locator("label").filter(has_text=re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$"))

    def _box(self, label: str) -> Locator:
        return self.whole.locator("[data-scope=field][data-part=root]").filter(has=self._label(label))

    def _input(self, label: str) -> Locator:
        # A folded part is there, and still to be seen while it folds: its button tells which it is.
        part = self.whole.locator("[data-scope=accordion][data-part=item]").filter(has=self._label(label))
        if part.count():
            self._open(part.locator("[data-part=item-trigger]"))
        # A choice is a box to type into on some versions, and a button on others.
        shown = self._box(label).locator("input:not([type=hidden]), textarea, [role=combobox]")
        return shown.filter(visible=True).first

    @staticmethod
    def _open(button: Locator) -> None:
        if button.get_attribute("aria-expanded") == "false":
            button.click()
            expect(button).to_have_attribute("aria-expanded", "true")


def _value(shown: Locator) -> str:
    """Return what an input holds, or what a button with a choice says."""
    is_button = shown.evaluate("element => element.tagName === 'BUTTON'")
    return shown.inner_text().strip() if is_button else shown.input_value()


class FabForm:
    """The pages of Airflow 2, made with Flask-AppBuilder."""

    shows_placeholders_of_extras = True

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self._url = url

    @property
    def whole(self) -> Locator:
        return self._page.locator("#model_form")

    def new(self, conn_id: str, kind: str) -> None:
        self._page.goto(f"{self._url}/connection/add")
        self._page.wait_for_load_state("networkidle")
        self._page.locator("#conn_id").fill(conn_id)
        self._page.locator("#conn_type").select_option(label=kind)
        # What a choice in the list that the page draws over it does.
        self._page.evaluate("jQuery('#conn_type').trigger('change')")

    def edit(self, conn_id: str) -> None:
        self._page.goto(f"{self._url}/connection/list/")
        self._page.locator("tr").filter(has_text=conn_id).locator("a[href*='/connection/edit/']").click()
        self._page.wait_for_load_state("networkidle")

    def kind(self) -> str:
        return self._page.locator("#conn_type option:checked").inner_text()

    def labels(self) -> list[str]:
        rows = self.whole.locator("tr").filter(visible=True)
        return [row.locator("label").first.inner_text().strip().rstrip(" *") for row in rows.all()]

    def fill(self, label: str, value: str) -> None:
        self._input(label).fill(value)

    def field(self, label: str) -> Field:
        shown = self._input(label)
        explanation = self._row(label).locator(".help-block")
        return Field(
            kind=shown.get_attribute("type") or "text",
            placeholder=shown.get_attribute("placeholder") or "",
            help=explanation.inner_text().strip() if explanation.count() else "",
            value=shown.input_value(),
        )

    def save(self) -> None:
        self._page.get_by_role("button", name="Save").click()
        self._page.get_by_text(re.compile("Added Row|Changed Row")).wait_for()

    def test(self, conn_id: str) -> tuple[bool, str]:
        with self._page.expect_response("**/connections/test") as answer:
            self._page.get_by_role("button", name="Test").click()
        said = self.answer().filter(has_text=answer.value.json()["message"][:20])
        return answer.value.json()["status"], said.inner_text().strip()

    def answer(self) -> Locator:
        return self._page.locator(".alert")

    def unfold(self, part: str) -> None:
        """Do nothing: this page shows all."""

    def _row(self, label: str) -> Locator:
        exact = self._page.locator("label").filter(has_text=re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$"))
        return self.whole.locator("tr").filter(has=exact, visible=True)

    def _input(self, label: str) -> Locator:
        return self._row(label).locator("input, textarea").first


ConnectionForm: Any = ReactForm if importlib.util.find_spec("airflow.api_fastapi") else FabForm


def photograph(shown: Locator, path: Path, page: Page) -> None:
    """Keep a picture of a part of the page."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)  # what is folded out is still moving
    shown.screenshot(path=path, animations="disabled", caret="hide")


def saved(text: str) -> dict[str, Any]:
    """Return the one connection that ``airflow connections get --output json`` told of."""
    (connection,) = json.loads(text[text.index("[") :])
    return dict(connection)
