"""``preview`` of folders and with ``--param``, and the pages that ``preview`` and ``plan`` write."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_provider_nxlink.cli.main import main
from airflow_provider_nxlink.sandbox.server import SandboxServer
from tests.preview.html import assert_harmless

Out = pytest.CaptureFixture[str]

PROMO = """\
name: promo
category: MARKETING
languages:
  en_US: {content: "Hello {{1}} from {{ params.shop }}."}
  de: {content: "Hallo {{1}} von {{ params.shop }}."}
"""
LONG = "name: long\nlanguage: en\ncategory: UTILITY\ncontent: Hi\nfooter_text: {}\n".format("x" * 61)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "promo.yaml").write_text(PROMO)
    (tmp_path / "specs" / "long.yaml").write_text(LONG)
    return tmp_path / "specs"


def test_preview_of_a_folder_with_params(folder: Path, capsys: Out) -> None:
    assert main(["preview", "specs", "--param", "shop=Acme", "--example", "1=Ada"]) == 0
    out = capsys.readouterr().out
    assert "│ Hello Ada from Acme." in out
    assert "│ Hallo Ada von Acme." in out
    assert "╭─ long · en" in out


def test_without_params_jinja_stays(folder: Path, capsys: Out) -> None:
    assert main(["preview", "specs/promo.yaml"]) == 0
    assert "{{ params.shop }}" in capsys.readouterr().out


def test_a_param_that_is_missing_is_named_with_its_place(folder: Path, capsys: Out) -> None:
    assert main(["preview", "specs/promo.yaml#de", "--param", "other=1"]) == 1
    out, err = capsys.readouterr()
    assert "{{ params.shop }}" in out
    assert "specs/promo.yaml:5:" in err
    assert "content" in err


def test_a_gallery_of_a_folder(folder: Path, capsys: Out) -> None:
    arguments = ["preview", "specs", "--html", "out.html", "--param", "shop=Acme", "--example", "1=Ada"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == ""
    page = assert_harmless(Path("out.html").read_text(encoding="utf-8"))
    assert "3 templates, 1 error, 0 warnings" in page.text
    assert "Hello Ada from Acme." in page.text
    assert "footer.length" in page.text
    assert "specs/long.yaml:5:1" in page.text
    assert not page.of_class("nx-jinja")


def test_what_cannot_be_read_stands_in_the_gallery_beside_the_rest(folder: Path, capsys: Out) -> None:
    (folder / "broken.json").write_text('{"name" "a"}')
    (folder / "empty.yaml").write_text("name: nothing\n")
    assert main(["preview", "specs", "--html", "out.html"]) == 1
    err = capsys.readouterr().err
    assert "file.syntax" in err
    assert "content: is missing" in err
    page = assert_harmless(Path("out.html").read_text(encoding="utf-8"))
    assert "file.syntax" in page.text
    assert "content: is missing" in page.text
    assert "{{ params.shop }}" in page.text


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["--param", "shop"], 2), (["--example", "1"], 2), (["--html", "no/out.html"], 1)],
)
def test_wrong_usage(folder: Path, capsys: Out, arguments: list[str], status: int) -> None:
    assert main(["preview", "specs", *arguments]) == status
    assert arguments[0] in capsys.readouterr().err


def test_pictures_are_linked_only_on_request(folder: Path) -> None:
    media = "name: a\nlanguage: en\ncategory: UTILITY\ncontent: Hi\nheader_media:\n  media_type: IMAGE\n"
    (folder / "media.yaml").write_text(media + "  url: https://a.example/b.png\n")
    assert main(["preview", "specs/media.yaml", "--html", "out.html"]) == 0
    assert "<img" not in Path("out.html").read_text(encoding="utf-8")
    assert main(["preview", "specs/media.yaml", "--html", "out.html", "--show-media"]) == 0
    assert 'src="https://a.example/b.png"' in Path("out.html").read_text(encoding="utf-8")


def test_the_report_of_a_plan(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    (folder / "long.yaml").unlink()
    before = {"language": "en_US", "category_type": 1, "content": "Before"}
    sandbox.seed([{"name": "promo", **before}, {"name": "old", "status": 0, **before}])
    arguments = ["plan", "specs", "--param", "shop=Acme", "--prune", "o*", "--html", "report.html"]
    assert main([*arguments, "--format", "json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["plan"]) == 3
    page = assert_harmless(Path("report.html").read_text(encoding="utf-8"))
    for text in ("1 to delete", "1 to update", "1 to create", "Before", "Acme", "out of use until"):
        assert text in page.text
    assert next(attrs["class"] for attrs in page.of_class("nx-change")) == "nx-change nx-change-delete"


def test_a_report_that_cannot_be_written(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    (folder / "long.yaml").unlink()
    assert main(["plan", "specs", "--param", "shop=Acme", "--html", "no/report.html"]) == 1
    assert "no/report.html cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("part", ["operators.template", "sensors.template", "hooks.nxlink", "operators.sync"])
def test_a_dag_file_loads_no_pages(part: str) -> None:
    code = (
        f"import sys, airflow_provider_nxlink.{part}\n"
        "print([name for name in sys.modules if name.startswith('airflow_provider_nxlink.preview')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
