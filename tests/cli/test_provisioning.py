"""plan, apply, status and pull: what they print, send and write, and how they exit."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.cli import apply
from airflow_provider_nxlink.cli.main import main
from airflow_provider_nxlink.cli.show import show_plan
from airflow_provider_nxlink.cli.templates import rendered
from airflow_provider_nxlink.provisioning.plan import Action
from airflow_provider_nxlink.provisioning.report import Plan
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sandbox.settings import FORMS
from airflow_provider_nxlink.specs.diff import Difference
from airflow_provider_nxlink.specs.files import load_file
from airflow_provider_nxlink.specs.model import TemplateSpec

Out = pytest.CaptureFixture[str]

PROMO = """\
name: promo
category: MARKETING
languages:
  en_US: {content: "Hello {{1}} from {{ params.shop }}."}
  de: {content: "Hallo {{1}} von {{ params.shop }}."}
"""
NAMES = ["--param", "shop=Example"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "promo.yaml").write_text(PROMO)
    return tmp_path / "specs"


def seed(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "language": "en_US", "category_type": 1, "content": "Before", **changes}


def writes(server: SandboxServer) -> int:
    return sum(server.count(endpoint) for endpoint in ("create", "update", "delete", "upload"))


def test_plan_apply_plan(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    sandbox.seed([seed("promo")])
    assert main(["plan", "specs", *NAMES]) == 2
    assert capsys.readouterr().out == (
        "~ promo (en_US), IN_USE\n"
        "    takes it out of use until Meta has reviewed it, and uses one of its edits "
        "(1 per 24 hours, 10 per 30 days)\n"
        "    content:\n"
        "      - Before\n"
        "      + Hello {{1}} from Example.\n"
        "+ promo (de)\n"
        "    ╭─ promo · de · MARKETING\n"
        "    │ Hallo {{1}} von Example.\n"
        "    ╰─\n"
        "The API never returns tag_name and syn_meta: they are not compared, and an update replaces them "
        "with what its spec says.\n"
        "1 to create, 1 to update.\n"
    )
    assert main(["plan", "specs", *NAMES, "--brief"]) == 2
    assert "╭" not in capsys.readouterr().out
    assert writes(sandbox) == 0

    assert main(["apply", "specs", *NAMES]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[:4] for line in out.splitlines()] == [
        ["ACTION", "NAME", "LANGUAGE", "STATUS"],
        ["created", "promo", "de", "IN_USE"],
        ["updated", "promo", "en_US", "IN_USE"],
    ]
    assert "2 of 2: template promo (de) is created" in err

    assert main(["plan", "specs", *NAMES]) == 0
    assert capsys.readouterr().out == (
        "The API never returns tag_name and syn_meta: they are not compared.\n2 unchanged.\n"
    )
    assert writes(sandbox) == 2


def test_json_for_machines(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    assert main(["plan", "specs", *NAMES, "--format", "json"]) == 2
    plan = json.loads(capsys.readouterr().out)
    assert {(row["action"], row["language"]) for row in plan["plan"]} == {
        ("create", "en_US"),
        ("create", "de"),
    }
    assert main(["apply", "specs", *NAMES, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"created": 2}


def test_single_files_and_always(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    assert main(["apply", "specs/promo.yaml#de", *NAMES]) == 0
    assert main(["plan", "specs/promo.yaml#de", *NAMES, "--compare", "always"]) == 2
    assert "1 to update." in capsys.readouterr().out
    assert sandbox.count("create") == 1


PRUNE = ["specs", *NAMES, "--prune", "old_*"]


def in_use(sandbox: SandboxServer) -> None:
    """Have the templates of the specs in use, and two more beside them."""
    assert main(["apply", "specs", *NAMES]) == 0
    sandbox.seed([seed("old_a"), seed("old_b")])
    sandbox.state.counts.clear()


class Terminal(io.StringIO):
    """What a user types."""

    def isatty(self) -> bool:
        return True


def test_prune(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    in_use(sandbox)
    assert main(["plan", *PRUNE, "--max-deletes", "1"]) == 2
    assert "more than --max-deletes 1, so nothing at all is done" in capsys.readouterr().out
    assert main(["apply", *PRUNE, "--max-deletes", "1", "--yes"]) == 1
    assert writes(sandbox) == 0
    assert main(["apply", *PRUNE, "--yes"]) == 0
    assert sandbox.template("old_a", "en_US") is None


def test_deletions_without_a_terminal_need_yes(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    in_use(sandbox)
    (folder / "more.yaml").write_text("name: more\nlanguage: de\ncategory: UTILITY\ncontent: Hello there\n")
    sandbox.seed([seed("old_c", status=0)])
    capsys.readouterr()
    assert main(["apply", *PRUNE]) == 1
    out, err = capsys.readouterr()
    assert "1 template would be deleted, and there is no terminal" in err
    assert "--yes" in err
    assert (out, writes(sandbox)) == ("", 0)


def test_deletions_that_wait_need_no_confirmation(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    sandbox.seed([seed("old_a")])
    assert main(["apply", *PRUNE]) == 0
    assert "postponed  old_a" in capsys.readouterr().out
    assert sandbox.count("create") == 2


@pytest.mark.parametrize(
    ("typed", "status"), [("yes\n", 0), ("YES\n", 1), ("y\n", 1), ("\n", 1), ("", 1), ("yes please\n", 1)]
)
def test_deletions_are_confirmed_with_yes_in_full(
    sandbox: SandboxServer,
    folder: Path,
    capsys: Out,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    status: int,
) -> None:
    in_use(sandbox)
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert main(["apply", *PRUNE]) == status
    assert writes(sandbox) == (2 if status == 0 else 0)
    err = capsys.readouterr().err
    assert "- old_a (en_US), IN_USE\n" in err
    assert "2 templates will be deleted" in err


def test_prune_only(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    in_use(sandbox)
    (folder / "more.yaml").write_text("name: more\nlanguage: de\ncategory: UTILITY\ncontent: Hello there\n")
    sandbox.switch(max_templates=4)
    assert main(["apply", *PRUNE, "--yes"]) == 1
    assert main(["apply", *PRUNE, "--yes", "--prune-only"]) == 0
    assert sandbox.count("delete") == 2
    assert main(["apply", *PRUNE, "--yes"]) == 0
    assert main(["plan", "specs", *NAMES, "--prune-only"]) == 1
    assert "--prune-only: needs --prune" in capsys.readouterr().err


def test_a_pattern_that_keeps_nothing(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    sandbox.seed([seed("old_a"), seed("old_b")])
    assert main(["apply", "specs", *NAMES, "--prune", "[!]]*", "--yes"]) == 1
    assert "--allow-delete-all" in capsys.readouterr().err
    assert writes(sandbox) == 0
    assert main(["apply", "specs", *NAMES, "--prune", "[!]]*", "--yes", "--allow-delete-all"]) == 0


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("b.yaml", "name: old_a\nlanguage: en_US\ncategory: UTILITY\ncontent: ''\n"),
        ("b.yaml", "name: ["),
        ("b.YAML", "name: '{{ params.unknown }}'\nlanguage: en_US\ncategory: UTILITY\ncontent: Hi there\n"),
        ("b.json", "\xff"),
    ],
)
def test_a_bad_file_blocks_itself_and_pruning(
    sandbox: SandboxServer, folder: Path, capsys: Out, file: str, text: str
) -> None:
    in_use(sandbox)
    (folder / file).write_text(text, encoding="latin-1")
    (folder / "more.yaml").write_text("name: more\nlanguage: de\ncategory: UTILITY\ncontent: Hello there\n")
    capsys.readouterr()
    assert main(["plan", *PRUNE]) == 1
    out, err = capsys.readouterr()
    assert f"specs/{file} is skipped:" in err
    assert "1 to create, 2 kept, 2 unchanged." in out
    assert f"specs/{file}" in out
    assert main(["apply", *PRUNE, "--yes", "--format", "json"]) == 1
    done = json.loads(capsys.readouterr().out)
    assert done["counts"] == {"unchanged": 2, "created": 1, "kept": 2}
    assert [skipped["file"] for skipped in done["skipped"]] == [f"specs/{file}"]
    assert sandbox.count("delete") == 0


def test_two_files_for_one_template_are_refused_where_one_is_bad(
    sandbox: SandboxServer, folder: Path
) -> None:
    (folder / "b.yaml").write_text("name: promo\nlanguage: de\ncategory: UTILITY\ncontent: ''\n")
    assert main(["apply", "specs", *NAMES]) == 1
    assert sandbox.count() == 0


def test_prune_keeps_what_stands_in_files_that_are_not_used_whole(
    sandbox: SandboxServer, folder: Path, capsys: Out
) -> None:
    in_use(sandbox)
    (folder / ".draft.yaml").write_text("name: old_a\nlanguage: en_US\ncategory: UTILITY\ncontent: Hi\n")
    (folder / ".other.yaml").write_text("on: push\n")
    assert main(["apply", *PRUNE, "--yes"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"kept +old_a .* stands in specs/.draft.yaml, which is left out", out)
    assert sandbox.template("old_b", "en_US") is None

    promo = ["specs/promo.yaml#promo/de", *NAMES, "--prune", "promo*", "--yes", "--allow-delete-all"]
    assert main(["apply", *promo]) == 0
    assert "of which only other templates were given" in capsys.readouterr().out
    assert sandbox.template("promo", "en_US") is not None


def test_validation(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    (folder / "promo.yaml").write_text(
        f"name: p\nlanguage: de\ncategory: UTILITY\ncontent: Hello there\nfooter_text: {'x' * 61}\n"
    )
    assert main(["plan", "specs"]) == 1
    assert main(["plan", "specs", "--validation", "warn"]) == 2
    assert "warning: specs/promo.yaml" in capsys.readouterr().err
    assert main(["plan", "specs", "--validation", "off"]) == 2
    assert "warning" not in capsys.readouterr().err


def test_the_plan_says_when_creations_can_be_made(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    assert main(["plan", "specs", *NAMES, "--max-creates-per-hour", "1"]) == 2
    assert "2 to create: 1 now, the rest in about 1 h." in capsys.readouterr().out


def test_ctrl_c_says_what_was_done(
    sandbox: SandboxServer, folder: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(result: Any, done: int, total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(apply, "_progress", interrupt)
    (folder / "more.yaml").write_text("name: more\nlanguage: de\ncategory: UTILITY\ncontent: Hello there\n")
    sandbox.inject("latency", endpoint="create", seconds=0.5, times=0)
    assert main(["apply", "specs", *NAMES, "--max-concurrency", "1"]) == 130
    out, err = capsys.readouterr()
    # The second call was under way, and is ended.
    assert "1 of 3 not done" in err
    assert sorted(line.split()[0] for line in out.splitlines()) == ["ACTION", "created", "created", "left"]
    assert sandbox.count("create") == 2


def test_ctrl_c_of_a_process(sandbox: SandboxServer, folder: Path) -> None:
    for number in range(30):
        (folder / f"more{number}.yaml").write_text(
            f"name: more_{number}\nlanguage: de\ncategory: UTILITY\ncontent: Hello there\n"
        )
    sandbox.inject("latency", endpoint="create", seconds=0.2, times=0)
    command = [sys.executable, "-m", "airflow_provider_nxlink", "apply", "specs", *NAMES]
    with subprocess.Popen(
        [*command, "--max-concurrency", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    created = sum(line.startswith("created") for line in out.splitlines())
    assert created == sandbox.count("create") < 32
    assert f"{32 - created} of 32 not done" in err


def test_ctrl_c_before_anything_is_sent(
    sandbox: SandboxServer, folder: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(apply, "client_for", interrupt)
    assert main(["apply", "specs", *NAMES]) == 130
    assert "interrupted before anything was sent" in capsys.readouterr().err


PYTHON = re.compile(r"\w+=(True|False|None|\d+|\"|')|prune_pattern|max_\w+|compare=|on_category_change")


def test_messages_name_options_of_the_command_line(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    (folder / "promo.yaml").write_text(
        "name: promo\nlanguage: de\ncategory: UTILITY\nheader_text: Hi\ncontent: Hello there\n"
    )
    for status in (1, 3, 6, 9, 12, 2):
        sandbox.reset()
        sandbox.switch(details="B", keep_deleted=True)
        sandbox.seed([seed("promo", language="de", status=status), seed("old_a"), seed("old_b")])
        for more in (
            ["--on-category-change", "fail"],
            ["--prune", "old_*", "--max-deletes", "0"],
            ["--prune", "*"],
            ["--prune", ""],
            ["--prune-only"],
            [],
        ):
            assert main(["plan", "specs", *more]) in (0, 1, 2)
            assert main(["apply", "specs", *more]) in (0, 1)
    out, err = capsys.readouterr()
    assert "--on-category-change warn" in err
    assert not PYTHON.search(out + err), PYTHON.search(out + err)


@pytest.mark.parametrize("command", ["plan", "apply", "status", "pull"])
@pytest.mark.parametrize(
    "more",
    [
        ["--phone", "x"],
        ["--phone", ""],
        ["--tenant-id", "x"],
        ["--tenant-id", "9" * 5000],
        ["--conn-id", ""],
        ["--conn-id", "a=b\0"],
    ],
    ids=str,
)
def test_no_argument_ends_in_a_traceback(
    sandbox: SandboxServer, folder: Path, capsys: Out, command: str, more: list[str]
) -> None:
    assert main([command, "specs", *([] if command == "pull" else NAMES), *more]) in (0, 1, 2)


@pytest.mark.parametrize(
    "path", ["", "a\0b", "x" * 5000, "x" * 5000 + ".yaml", "specs/promo.yaml#no", "/dev/null"]
)
@pytest.mark.parametrize("command", ["plan", "apply", "status"])
def test_no_path_ends_in_a_traceback(
    sandbox: SandboxServer, folder: Path, capsys: Out, command: str, path: str
) -> None:
    assert main([command, path, *NAMES]) == 1
    assert capsys.readouterr().err.startswith(f"{command}: ")


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", "9" * 20, ""])
def test_limits_are_judged_by_the_command_line(
    sandbox: SandboxServer, folder: Path, capsys: Out, value: str
) -> None:
    for command in ("plan", "apply", "pull"):
        with pytest.raises(SystemExit) as usage:
            main([command, "specs", f"--max-concurrency={value}"])
        assert usage.value.code == 2
        assert "--max-concurrency: " in capsys.readouterr().err


def test_what_failed_is_named(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    (folder / "wrong.yaml").write_text(
        "name: wrong\nlanguage: en_US\ncategory: UTILITY\ncontent: Hello there\ntag_name: none\n"
    )
    assert main(["apply", "specs", *NAMES]) == 1
    assert "wrong (en_US): bad request (22072)" in capsys.readouterr().err
    assert sandbox.template("promo", "de") is not None


def test_faults_of_files_are_told_before_anything_is_sent(
    sandbox: SandboxServer, folder: Path, capsys: Out
) -> None:
    (folder / "wrong.yaml").write_text("name: Wrong\nlanguage: en_US\ncategory: UTILITY\ncontent: Hello\n")
    assert main(["apply", "specs"]) == 1
    err = capsys.readouterr().err
    assert "specs/wrong.yaml:1:1: name" in err
    assert "can't be rendered without Airflow" in err
    assert sandbox.count() == 0


@pytest.mark.parametrize("arguments", [["specs", "--param", "shop"], ["nowhere"], ["specs", "--prune", ""]])
def test_wrong_arguments(sandbox: SandboxServer, folder: Path, capsys: Out, arguments: list[str]) -> None:
    assert main(["plan", *arguments, *NAMES]) == 1
    out, err = capsys.readouterr()
    assert (out, err[:6]) == ("", "plan: ")
    assert sandbox.count() == 0


def test_status(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    sandbox.seed([seed("promo", status=0, waRejectedReason="SPAM")])
    assert main(["status", "specs", *NAMES]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "LANGUAGE", "STATUS", "QUALITY", "REJECTED", "REASON"]
    assert lines[1].split()[:3] == ["promo", "en_US", "REJECTED"]
    assert lines[1].endswith("SPAM")
    assert lines[2].split() == ["promo", "de", "ABSENT"]
    sandbox.approve("promo", "en_US")
    sandbox.seed([seed("promo", language="de")])
    assert main(["status", "specs", *NAMES, "--format", "json"]) == 0
    assert [row["status"] for row in json.loads(capsys.readouterr().out)] == [2, 2]


# The connection


@pytest.mark.parametrize("form", ["connection_json", "connection_uri"])
def test_the_connection_is_read_as_airflow_writes_it(
    form: str, sandbox: SandboxServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_NXLINK_DEFAULT")
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", getattr(sandbox, form))
    assert main(["plan", "specs", *NAMES, "--conn-id", "other"]) == 2
    assert main(["plan", "specs", *NAMES]) == 1


@pytest.mark.parametrize("keeper", ["file", "database"])
def test_with_a_connection_that_airflow_keeps_stdout_shows_the_result_alone(
    keeper: str, sandbox: SandboxServer, folder: Path, airflow_db: None
) -> None:
    environment = dict(os.environ)
    if keeper == "file":
        kept = folder.parent / "kept.json"
        kept.write_text(f'{{"kept": {sandbox.connection_json}}}')
        environment["AIRFLOW__SECRETS__BACKEND"] = "airflow.secrets.local_filesystem.LocalFilesystemBackend"
        environment["AIRFLOW__SECRETS__BACKEND_KWARGS"] = json.dumps({"connections_file_path": str(kept)})
    else:
        add = [sys.executable, "-m", "airflow", "connections", "add", "kept", "--conn-json"]
        subprocess.run([*add, sandbox.connection_json], capture_output=True, check=True)
    command = [sys.executable, "-m", "airflow_provider_nxlink", "apply", "specs", *NAMES, "--conn-id", "kept"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if keeper == "database":
        delete = [sys.executable, "-m", "airflow", "connections", "delete", "kept"]
        subprocess.run(delete, capture_output=True, check=True)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ACTION", "created", "created"]


def test_without_airflow_s_import(sandbox: SandboxServer, folder: Path) -> None:
    code = (
        "import sys; from airflow_provider_nxlink.cli.main import main; "
        "status = main(['plan', 'specs', '--param', 'shop=x']); "
        "assert 'airflow' not in sys.modules; sys.exit(status)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 2


def test_a_connection_that_is_none_is_told_without_its_secret(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", "nxlink:hidden-secret")
    assert main(["plan", "specs", *NAMES]) == 1
    monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", '{"login": "hidden-secret"}')
    assert main(["plan", "specs", *NAMES]) == 1
    err = capsys.readouterr().err
    assert "neither JSON nor a URI" in err
    assert "phone: missing" in err
    assert "hidden-secret" not in err


def test_an_unknown_connection_of_airflow_s_is_told(
    folder: Path, airflow_db: None, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")  # the command's own setting ends with this test
    assert main(["plan", "specs", *NAMES, "--conn-id", "nobody"]) == 1
    assert "nobody" in capsys.readouterr().err


# pull


def test_pull_writes_what_plan_finds_equal(
    sandbox: SandboxServer, folder: Path, capsys: Out, vendor_body: dict[str, Any]
) -> None:
    for shape in ("A", "B"):
        sandbox.reset()
        sandbox.switch(details=shape)
        (folder / "vendor.json").write_text(json.dumps(vendor_body))
        assert main(["apply", "specs/vendor.json"]) == 0
        assert main(["pull", f"pulled_{shape}"]) == 0
        assert main(["plan", f"pulled_{shape}"]) == 0, capsys.readouterr()
        assert main(["lint", f"pulled_{shape}"]) == 0, capsys.readouterr()


def test_pull_says_what_shared_parts_have_once(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    sandbox.seed([seed("promo"), seed("promo", language="de"), seed("single", content="One\nTwo")])
    assert main(["pull", "pulled"]) == 0
    promo = yaml.safe_load((folder.parent / "pulled" / "promo.yaml").read_text())
    assert promo == {
        "name": "promo",
        "category": "MARKETING",
        "languages": {"de": {"content": "Before"}, "en_US": {"content": "Before"}},
    }
    text = (folder.parent / "pulled" / "single.yaml").read_text()
    assert text.startswith("# The API does not return tag_name, syn_meta.")
    assert "content: |-\n  One\n  Two\n" in text


def test_pull_lists_what_the_flat_details_hide_as_unconfirmed(sandbox: SandboxServer, folder: Path) -> None:
    sandbox.switch(details="B")
    sandbox.seed([seed("promo", headerText="News", footerText="Shop")])
    assert main(["pull", "pulled"]) == 0
    (template,) = load_file("pulled/promo.yaml")
    assert template["unconfirmed"] == ["header_text", "header_media", "footer_text", "other_components"]
    assert "header_text" not in template


def test_an_update_of_a_flat_template_needs_its_fields_confirmed(
    sandbox: SandboxServer, folder: Path, capsys: Out
) -> None:
    sandbox.switch(details="B")
    sandbox.seed([seed("promo", headerText="News", footerText="Shop")])
    assert main(["pull", "pulled"]) == 0
    assert main(["plan", "pulled"]) == 0
    out = capsys.readouterr().out
    assert "= promo (en_US), IN_USE: unchanged in what the API returns" in out
    assert "1 unchanged in what the API returns." in out

    file = Path("pulled/promo.yaml")
    file.write_text(file.read_text().replace("Before", "After"))
    assert main(["plan", "pulled"]) == 2
    out = capsys.readouterr().out
    assert "lists header_text, header_media, footer_text, other_components as unconfirmed" in out
    assert "take its name off the list" in out
    assert main(["apply", "pulled"]) == 1
    assert writes(sandbox) == 0

    confirmed = file.read_text().partition("unconfirmed:")[0]
    file.write_text(confirmed + "header_text: News\nfooter_text: Shop\n")
    assert main(["plan", "pulled"]) == 2
    out = capsys.readouterr().out
    assert "not compared, as the API did not return it: header_text, footer_text\n" in out
    assert "the spec does not set it: header_media, other_components\n" in out
    assert main(["apply", "pulled"]) == 0
    body = sandbox.template("promo", "en_US").body
    assert (body["content"], body["headerText"], body["footerText"]) == ("After", "News", "Shop")


def test_a_hand_written_spec_says_what_flat_details_leave_open(
    sandbox: SandboxServer, folder: Path, capsys: Out
) -> None:
    sandbox.switch(details="B")
    sandbox.seed([seed("promo", content="Hello {{1}} from x.", footerText="Old")])
    (folder / "promo.yaml").write_text(
        "name: promo\nlanguage: en_US\ncategory: MARKETING\ncontent: Hello {{1}} from x.\nfooter_text: New\n"
    )
    assert main(["plan", "specs"]) == 0
    out = capsys.readouterr().out
    assert "not compared, as the API did not return it: footer_text\n" in out
    assert "may be removed" not in out
    assert out.count("tag_name") == 1
    assert main(["plan", "specs", "--format", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["plan"][0]["not_compared"], plan["plan"][0]["may_be_removed"]) == (["footer_text"], [])
    assert plan["never_returned"] == ["tag_name", "syn_meta"]


@pytest.mark.parametrize(
    ("switches", "named"),
    [
        ({"extra_component": "CAROUSEL"}, "CAROUSEL"),
        ({"extra_component": "LIMITED_TIME_OFFER"}, "LIMITED_TIME_OFFER"),
        ({"extra_component": "UNKNOWN"}, "UNKNOWN"),
        ({"extra_button": "unknown"}, "VOICE_CALL"),
        ({"extra_button": "unknown", "details": "B"}, "VOICE_CALL"),
        ({"button_reqs": "missing"}, "whose events are not known"),
        ({"button_reqs": "null"}, "whose events are not known"),
    ],
)
def test_pull_skips_and_apply_leaves_what_no_spec_can_express(
    switches: dict[str, str], named: str, sandbox: SandboxServer, folder: Path, capsys: Out
) -> None:
    reply = {"type": "QUICK_REPLY", "text": "Yes"}
    sandbox.switch(**switches)
    sandbox.seed([seed("promo", buttonComponents=[reply])])
    assert main(["pull", "pulled"]) == 0
    err = capsys.readouterr().err
    assert "warning: promo (en_US) is skipped: contains " in err
    assert named in err
    assert list(Path("pulled").iterdir()) == []

    for content in ("Before", "After"):
        spec = {**WANTED, "content": content, "buttons": [reply]}
        (folder / "promo.yaml").write_text(json.dumps(spec))
        for compare in ("full", "content", "always"):
            if (content, compare) == ("Before", "content"):
                continue
            assert main(["plan", "specs", "--compare", compare]) == 2
            out = capsys.readouterr().out
            assert "contains " in out
            assert f"{named}" in out
            assert "which this tool cannot preserve" in out
            assert "1 blocked." in out
            assert main(["apply", "specs", "--compare", compare]) == 1
    assert writes(sandbox) == 0


WANTED = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Before"}


def test_is_close_auto_flow_is_pulled_compared_and_kept(
    sandbox: SandboxServer, folder: Path, capsys: Out
) -> None:
    for details in ("A", "B"):
        sandbox.reset()
        sandbox.switch(details=details)
        sandbox.seed([seed("promo", is_close_auto_flow=1)])
        assert main(["pull", "pulled", "--overwrite"]) == 0
        assert load_file("pulled/promo.yaml")[0]["is_close_auto_flow"] is True
        (folder / "promo.yaml").write_text(json.dumps({**WANTED, "is_close_auto_flow": False}))
        assert main(["plan", "specs"]) == 2
        assert "    is_close_auto_flow:\n      - True\n      + False\n" in capsys.readouterr().out
        (folder / "promo.yaml").write_text(json.dumps({**WANTED, "content": "After"}))
        assert main(["apply", "specs"]) == 0
        assert sandbox.template("promo", "en_US").body["is_close_auto_flow"] == 1


@pytest.mark.parametrize(("status", "words"), [(0, "rejected"), (6, "unavailable"), (11, "paused")])
def test_an_equal_template_that_is_out_of_use_is_shown(
    status: int, words: str, sandbox: SandboxServer, folder: Path, capsys: Out
) -> None:
    sandbox.seed([seed("promo", status=status, waRejectedReason="INVALID_FORMAT")])
    (folder / "promo.yaml").write_text(json.dumps(WANTED))
    assert main(["plan", "specs"]) == 0
    out = capsys.readouterr().out
    assert f"= promo (en_US), {words.upper()}: unchanged but {words}\n" in out
    assert f"1 unchanged but {words}." in out
    assert "(reason: INVALID_FORMAT)" in out


def test_a_pulled_media_template_needs_its_sample_again(
    sandbox: SandboxServer, folder: Path, capsys: Out
) -> None:
    sandbox.seed([seed("promo", mediaType="IMAGE", mediaId="1", mediaName="a.png")])
    assert main(["pull", "pulled"]) == 0
    file = Path("pulled/promo.yaml")
    file.write_text(file.read_text().replace("Before", "After"))
    assert main(["plan", "pulled"]) == 2
    out = capsys.readouterr().out
    assert "header_media has no upload handle (h)" in out
    assert "give the header sample again" in out


def test_pull_replaces_nothing_unasked(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    sandbox.seed([seed("promo"), seed("other")])
    (folder.parent / "pulled").mkdir()
    other = folder.parent / "pulled" / "other.yaml"
    other.write_text("name: other\nlanguage: en_US\ncategory: UTILITY\ncontent: Mine\n")
    (folder.parent / "pulled" / "mine.yaml").write_text("name: promo\nlanguage: en_US\n")
    assert main(["pull", "pulled"]) == 1
    assert "Mine" in other.read_text()
    err = capsys.readouterr().err
    assert "promo is left out: it is in pulled/mine.yaml already" in err
    assert "--overwrite replaces it" in err
    assert main(["pull", "pulled", "--overwrite"]) == 0
    assert "Before" in other.read_text()


def test_pull_of_some(sandbox: SandboxServer, folder: Path) -> None:
    sandbox.switch(keep_deleted=True)
    sandbox.seed([seed("promo_a"), seed("promo_gone", status=14), seed("other")])
    assert main(["pull", "pulled", "--name", "promo_*"]) == 0
    assert [path.name for path in Path("pulled").iterdir()] == ["promo_a.yaml"]


def test_pull_tells_what_no_spec_can_say(sandbox: SandboxServer, folder: Path, capsys: Out) -> None:
    sandbox.seed([seed("code", category_type=3), seed("../leads/out")])
    assert main(["pull", "pulled"]) == 0
    assert "code (en_US) is left out" in capsys.readouterr().err
    assert all(path.parent == Path("pulled") for path in Path("pulled").iterdir())
    assert not Path("leads").exists()


@pytest.mark.parametrize(
    "content",
    ["Hello {{ params.x }} there", "50 {% off", "{# no comment #} here", "Hello {{1}}, {{ 1 + 1 }}"],
)
def test_pull_keeps_jinja_out_of_what_is_not_ours(sandbox: SandboxServer, folder: Path, content: str) -> None:
    sandbox.seed([seed("promo", content=content)])
    assert main(["pull", "pulled"]) == 0
    (template,) = load_file("pulled/promo.yaml")
    assert (template["content"], template["render"]) == (content, False)
    assert rendered(template, {})["content"] == content


# Templates that no spec can express are skipped, which has a test of its own.
PLAIN = {"extra_component": "none", "extra_button": "none", "button_reqs": "given"}
SHAPE = st.fixed_dictionaries({key: st.sampled_from(forms) for key, forms in FORMS.items()}).map(
    lambda shape: shape | PLAIN
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_template_comes_back_equal(
    valid_specs: st.SearchStrategy[TemplateSpec], lenient: SandboxServer, data: st.DataObject
) -> None:
    spec = data.draw(valid_specs)
    lenient.reset()
    lenient.switch(**data.draw(SHAPE))
    with TemporaryDirectory() as folder:
        source = Path(folder, "spec.json")
        source.write_text(json.dumps(spec.to_dict()))
        assert main(["apply", str(source)]) == 0
        assert main(["pull", f"{folder}/pulled"]) == 0
        assert main(["plan", f"{folder}/pulled"]) == 0


# What a terminal is shown


def test_colours_and_nothing_that_steers_the_terminal() -> None:
    difference = Difference("content", "a\x1b[2Jb", "c")
    action = Action("update", TemplateRef(name="p", language="de"), None, Template(), (difference,))
    text = show_plan(Plan((action,)), colours=True)
    assert "\x1b[31m- a�[2Jb\x1b[0m" in text
    assert "\x1b" not in show_plan(Plan((action,)), colours=False)
