"""The pages in a real Chromium: nothing is fetched, nothing is wider than a phone, and axe finds nothing."""
# ruff: noqa: E402 - without a browser there is nothing to import the rest for

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make browser")
axe_api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("there is no Chromium on this machine: make browser", allow_module_level=True)

from airflow_provider_nxlink.api.models import TemplateRef
from airflow_provider_nxlink.preview.gallery import Entry, gallery_html
from airflow_provider_nxlink.preview.report import report_html
from airflow_provider_nxlink.preview.sources import message_of
from airflow_provider_nxlink.provisioning.options import Rules
from airflow_provider_nxlink.provisioning.plan import Action, plan_template
from airflow_provider_nxlink.provisioning.report import Plan
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.rules import problems
from tests.preview.conftest import ARABIC, HOSTILE, SPEC, hostile_fields, hostile_template, live

# Where pictures of the pages go, when they are asked for.
PICTURES = os.environ.get("NXLINK_SCREENSHOTS")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
AA = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
PHONE, DESKTOP = {"width": 320, "height": 640}, {"width": 1100, "height": 800}

GERMAN = {
    **SPEC,
    "language": "de",
    "header_text": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk",
    "content": "x" * 300 + " {{1}} {{ params.city }}",
    "footer_text": "y" * 70,
    "unknown_field": "z",
}
VIDEO = {
    **{key: value for key, value in SPEC.items() if key != "header_text"},
    "name": "video",
    "header_media": {"media_type": "VIDEO", "original_filename": "spring" * 20 + ".mp4", "media_id": "1"},
}


def gallery() -> str:
    specs = [SPEC, ARABIC, GERMAN, VIDEO, {**VIDEO, "language": "he"}]
    entries = [Entry(message_of(spec), problems(spec, rendered=False)) for spec in specs]
    return gallery_html(entries, {"2": "4711"})


def hostile() -> str:
    sources = [make(text) for text in HOSTILE for make in (hostile_fields, hostile_template)]
    return gallery_html([Entry(message_of(source)) for source in sources], {"1": HOSTILE[0]})


def report() -> str:
    before = [{"type": "BODY", "text": "Hello {{1}}, save *20 %* until Monday."}, {"type": "CAROUSEL"}]
    wanted = {
        "category": "MARKETING",
        "language": "en_US",
        "content": "Hello {{1}}, save *25 %* until Sunday.",
    }
    old = live(name="old", content="Old")
    actions = [
        plan_template(TemplateSpec(name="sale", **wanted), live(name="sale", components=before), Rules()),
        plan_template(TemplateSpec(**SPEC), None, Rules()),
        plan_template(
            TemplateSpec(name="wait", **wanted), live(name="wait", status=1, content="Hi"), Rules()
        ),
        plan_template(TemplateSpec(name="same", **wanted), live(name="same", **wanted), Rules()),
        Action("delete", TemplateRef.of(old), None, old, reason="is not among the specs"),
    ]
    return report_html(Plan(tuple(actions), "more deletions than allowed"))


PAGES: dict[str, Callable[[], str]] = {"gallery": gallery, "hostile": hostile, "report": report}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser
        browser.close()


def opened(browser: Any, file: Path, size: dict[str, int], theme: str) -> tuple[Any, list[str], list[str]]:
    """Return a page, the addresses it asked for, and what the console and dialogs said."""
    # axe is injected, which the page's own policy forbids; another test loads the page with the policy.
    context = browser.new_context(viewport=size, color_scheme=theme, bypass_csp=True)
    return watched(context, file)


def watched(context: Any, file: Path) -> tuple[Any, list[str], list[str]]:
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.goto(file.as_uri(), wait_until="networkidle")
    return page, asked, said


@pytest.fixture(params=PAGES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"{request.param}.html"
    path.write_text(PAGES[request.param](), encoding="utf-8")
    return path


def test_a_page_fetches_nothing_and_says_nothing(browser: Any, file: Path) -> None:
    page, asked, said = watched(browser.new_context(), file)
    assert [url for url in asked if url not in (file.as_uri(), "data:,")] == []
    assert said == []
    # The stylesheet is the one that the policy allows.
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"
    assert page.evaluate("document.scripts.length") == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_page_fits_and_is_accessible(browser: Any, file: Path, theme: str, size: dict[str, int]) -> None:
    page, _, _ = opened(browser, file, size, theme)
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    found = axe_api.Axe().run(page, options=AA).response["violations"]
    seen = [
        (item["id"], node["target"], node.get("failureSummary")) for item in found for node in item["nodes"]
    ]
    assert seen == [], json.dumps(seen, indent=1)
    if PICTURES and size is DESKTOP and file.stem != "hostile":
        page.screenshot(path=Path(PICTURES) / f"{file.stem}-{theme}.png", full_page=True)


def test_the_themes_differ(browser: Any, file: Path) -> None:
    colours = {
        theme: opened(browser, file, PHONE, theme)[0].evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for theme in ("light", "dark")
    }
    assert colours["light"] != colours["dark"]


def test_links_lead_within_the_page_by_keyboard(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "gallery.html"
    file.write_text(gallery(), encoding="utf-8")
    page, _, _ = opened(browser, file, PHONE, "light")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url == f"{file.as_uri()}#t1"


def test_arabic_stands_on_the_right(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "gallery.html"
    file.write_text(gallery(), encoding="utf-8")
    page, _, _ = opened(browser, file, DESKTOP, "light")
    box = page.locator('.nx-bubble[lang="ar"]').bounding_box()
    item = page.locator('.nx-bubble[lang="ar"] li').first
    assert (
        page.locator('.nx-bubble[lang="ar"] p').first.evaluate("e => getComputedStyle(e).direction") == "rtl"
    )
    padding = item.evaluate("e => parseFloat(getComputedStyle(e.parentElement).paddingRight)")
    assert padding > 0
    assert box["width"] > 0
