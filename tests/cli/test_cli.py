"""The command line: what it prints, how it exits, and what it loads."""

import argparse
import io
import json
import resource
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
import yaml

from airflow_provider_nxlink.cli.commands import COMMANDS
from airflow_provider_nxlink.cli.definition import get_nxlink_cli_commands
from airflow_provider_nxlink.cli.main import main
from airflow_provider_nxlink.specs.schema import schema

GOOD = "name: order\nlanguage: en\ncategory: UTILITY\ncontent: Hello {{1}} from {{ params.shop }}.\n"
BAD = "name: Order\nlanguage: en-US\ncategory: UTILITY\ncontent: Hello\nfooter_txt: x\n"

Out = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    return tmp_path / "specs"


def test_lint_is_content_with_sound_files(folder: Path, capsys: Out) -> None:
    (folder / "order.yaml").write_text(GOOD)
    assert main(["lint", "specs"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "1 template in 1 file: 0 errors, 0 warnings\n"


def test_lint_prints_one_line_for_each_violation(folder: Path, capsys: Out) -> None:
    (folder / "bad.yaml").write_text(BAD)
    (folder / "order.yaml").write_text(GOOD)
    (folder / "broken.json").write_text('{"name" "a"}')
    assert main(["lint", "specs"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        'specs/bad.yaml:1:1: name.pattern: name: is not a template name (got "Order").'
        " Use 1 to 512 of a-z, 0-9 and _: 'order' would do.",
        'specs/bad.yaml:2:1: language.malformed: language: is not a language code (got "en-US").'
        " Did you mean 'en_US'?",
        "specs/bad.yaml:5:1: field.unknown: footer_txt: is not a field of this part."
        " Did you mean 'footer_text'?",
        "specs/broken.json:1:9: file.syntax: file: is not valid JSON: Expecting ':' delimiter."
        " Correct it; JSON has no comments and no comma behind the last item.",
    ]
    assert err == "2 templates in 3 files: 4 errors, 0 warnings\n"


def test_warnings_are_printed_and_are_no_failure(folder: Path, capsys: Out) -> None:
    (folder / "a.yaml").write_text(GOOD.replace("language: en", 'language: "no"'))
    assert main(["lint", "specs/a.yaml"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("specs/a.yaml:2:1: language.unknown: warning: language: is not among")
    assert err.endswith("0 errors, 1 warning\n")


def test_a_broken_file_still_shows_its_warnings(folder: Path, capsys: Out) -> None:
    (folder / "a.yaml").write_text(BAD.replace("content: Hello", "content: '{{1}} hello'"))
    assert main(["lint", "specs"]) == 1
    assert "body.edge-variable: warning:" in capsys.readouterr().out


def test_lint_finds_the_same_template_in_two_files(folder: Path, capsys: Out) -> None:
    (folder / "a.yaml").write_text(GOOD)
    (folder / "b.yaml").write_text(GOOD)
    assert main(["lint", "specs"]) == 1
    assert (
        "specs/b.yaml:1:1: file.twins: name: order/en stands in specs/a.yaml:1:1 too"
        in capsys.readouterr().out
    )
    assert main(["lint", "specs/a.yaml", "specs"]) == 1, "a file named twice is read once"
    assert capsys.readouterr().out.count("file.twins") == 1


def test_json_is_a_list_also_when_it_is_empty(folder: Path, capsys: Out) -> None:
    (folder / "order.yaml").write_text(GOOD)
    assert main(["lint", "--format", "json", "specs"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    (folder / "order.yaml").write_text(GOOD + "footer_text: '{{1}}'\n")
    assert main(["lint", "--format", "json", "specs"]) == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "file": "specs/order.yaml",
            "line": 5,
            "column": 1,
            "rule": "footer.variables",
            "level": "error",
            "path": "footer_text",
            "value": '"{{1}}"',
            "message": "has a variable",
            "fix": "Write the footer without variables.",
        }
    ]


def test_github_annotations_are_escaped(folder: Path, capsys: Out) -> None:
    (folder / "a,b.yaml").write_text(GOOD + 'footer_text: "50% {{1}}"\n')
    assert main(["lint", "--format", "github", "specs"]) == 1
    assert capsys.readouterr().out == (
        "::error file=specs/a%2Cb.yaml,line=5,col=1,title=footer.variables::"
        'footer_text: has a variable (got "50%25 {{1}}"). Write the footer without variables.\n'
    )


@pytest.mark.parametrize("path", ["absent.yaml", "specs/readme.md"])
def test_a_path_that_is_no_spec_file_is_wrong_usage(folder: Path, capsys: Out, path: str) -> None:
    (folder / "readme.md").write_text("x")
    assert main(["lint", path]) == 2
    assert path in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["lint"], ["lint", "--format", "xml", "a.yaml"], ["shout"]])
def test_wrong_arguments_exit_with_2(arguments: list[str], capsys: Out) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m airflow_provider_nxlink" in capsys.readouterr().err


LANGUAGES = "name: a\ncategory: 1\nlanguages: {en: {content: 'Hi {{1}}!'}, de: {content: Hallo}}\n"


def test_preview_shows_every_template_of_a_file(folder: Path, capsys: Out) -> None:
    (folder / "a.yaml").write_text(LANGUAGES)
    assert main(["preview", "specs/a.yaml", "--example", "1=Ada"]) == 0
    assert capsys.readouterr().out == (
        "╭─ a · en · MARKETING\n│ Hi Ada!\n╰─\n\n╭─ a · de · MARKETING\n│ Hallo\n╰─\n"
    )


def test_preview_shows_the_one_that_is_named(folder: Path, capsys: Out) -> None:
    (folder / "a.yaml").write_text(LANGUAGES)
    assert main(["preview", "specs/a.yaml#de"]) == 0
    assert capsys.readouterr().out == "╭─ a · de · MARKETING\n│ Hallo\n╰─\n"


def test_preview_of_a_broken_file_says_what_is_wrong(folder: Path, capsys: Out) -> None:
    (folder / "a.yaml").write_text("name: a\n")
    assert main(["preview", "specs/a.yaml"]) == 1
    assert "content: is missing" in capsys.readouterr().err
    assert main(["preview", "specs/a.yaml", "--example", "Ada"]) == 2


def test_schema_prints_the_committed_schema(capsys: Out) -> None:
    assert main(["schema"]) == 0
    file = resources.files("airflow_provider_nxlink.specs").joinpath("template-spec.schema.json")
    assert capsys.readouterr().out == file.read_text(encoding="utf-8")


def test_a_terminal_without_unicode_gets_escapes_and_no_traceback(folder: Path) -> None:
    (folder / "a.yaml").write_text(LANGUAGES)
    done = subprocess.run(
        [sys.executable, "-m", "airflow_provider_nxlink", "preview", "specs/a.yaml"],
        capture_output=True,
        check=True,
        env={"PYTHONIOENCODING": "ascii"},
    )
    assert b"\\u256d\\u2500 a" in done.stdout


def test_it_starts_in_under_a_second_and_loads_no_airflow(folder: Path) -> None:
    (folder / "a.yaml").write_text(GOOD)
    command = [sys.executable, "-X", "importtime", "-m", "airflow_provider_nxlink", "lint", "specs"]
    best = 60.0
    for _ in range(3):  # the first start may compile
        # Of the processor: others may use it too, and a start has nothing to wait for.
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "airflow_provider_nxlink" in loaded
    assert not loaded & {"airflow", "requests", "httpx", "fastapi", "sqlalchemy"}
    assert best < 1


def test_airflows_command_line_offers_the_same_commands(folder: Path, capsys: Out) -> None:
    (group,) = get_nxlink_cli_commands()
    assert group.name == "nxlink"
    assert [command.name for command in group.subcommands] == [command.name for command in COMMANDS]
    lint = group.subcommands[0]
    parser = argparse.ArgumentParser()
    for argument in lint.args:
        argument.add_to_parser(parser)
    (folder / "bad.yaml").write_text(BAD)
    with pytest.raises(SystemExit) as caught:
        lint.func(parser.parse_args(["specs", "--format", "json"]))
    assert caught.value.code == 1
    assert len(json.loads(capsys.readouterr().out)) == 3


def test_the_pre_commit_hook_runs_what_there_is() -> None:
    root = Path(__file__).parents[2]
    (hook,) = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())
    python, flag, module, command = hook["entry"].split()
    assert (python, flag, module) == ("python", "-m", "airflow_provider_nxlink")
    assert command in [known.name for known in COMMANDS]
    assert {"id", "name", "language", "files", "types_or"} <= set(hook)


def test_lint_of_a_folder_without_spec_files_fails_as_plan_does(tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "README.md").write_text("a")
    assert main(["lint", str(tmp_path)]) == main(["plan", str(tmp_path)]) == 1
    lint, plan = capsys.readouterr().err.splitlines()
    assert lint.removeprefix("lint: ") == plan.removeprefix("plan: ")
    assert "holds no .yaml, .yml, .json file" in lint


def test_lint_reads_a_suffix_in_other_case(tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "b.YAML").write_text("name: A b\n")
    assert main(["lint", str(tmp_path)]) == main(["lint", str(tmp_path / "b.YAML")]) == 1
    assert "name.pattern" in capsys.readouterr().out


def test_lint_parses_jinja(tmp_path: Path, capsys: Out) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: a\nlanguage: en\ncategory: UTILITY\ncontent: |\n  a\n  {% if params.x %}\n")
    assert main(["lint", str(path)]) == 1
    assert capsys.readouterr().out.startswith(f"{path}:4:1: jinja.syntax: content: has Jinja that cannot")


@pytest.mark.parametrize("command", ["lint", "preview"])
@pytest.mark.parametrize("name", ["x" * 300 + ".yaml", "folder.yaml", "utf16.yaml", "a\0.yaml"])
def test_what_cannot_be_read_is_an_error_and_no_traceback(
    tmp_path: Path, capsys: Out, command: str, name: str
) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "utf16.yaml").write_text("name: a", encoding="utf-16")
    assert main([command, str(tmp_path / name)]) in (1, 2)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    assert out + err


def test_schema_is_json_on_a_terminal_without_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["schema"]) == 0
    stream.flush()
    assert json.loads(stream.buffer.getvalue()) == schema()  # type: ignore[attr-defined]
