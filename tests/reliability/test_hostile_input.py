"""Input that means harm, or is only odd: it goes nowhere else, runs nothing, and takes no long time."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.account import AccountError
from airflow_provider_nxlink.api.reach import out_of_reach
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
from airflow_provider_nxlink.operators.media import NxlinkUploadMediaOperator
from airflow_provider_nxlink.operators.template import (
    NxlinkCreateTemplateOperator,
    NxlinkDeleteTemplateOperator,
    NxlinkGetTemplateOperator,
    NxlinkListTemplatesOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.specs.files import load_file, spec_files
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.violations import TemplateSpecError
from airflow_provider_nxlink.triggers.events import read_event
from airflow_provider_nxlink.triggers.template import NxlinkTemplateTrigger

TEMPLATE = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello there"}
SEED = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello there"}

BITS = [
    "\r\nX-Evil: 1",
    "\n",
    "\0",
    "..",
    "../1",
    "/",
    "?a=b",
    "#",
    "%2f",
    "%2e%2e",
    "\\",
    ";",
    " ",
    "\u2028",
    "\ud800",
]
DIGITS = {"arabic": "٣١٤", "full width": "３１４", "superscript": "³¹⁴", "roman": "Ⅷ"}


class TestInjection:
    """What goes into a path, a query or a header stays what it is, or is not sent."""

    @pytest.mark.parametrize("operator", [NxlinkGetTemplateOperator, NxlinkDeleteTemplateOperator])
    @pytest.mark.parametrize(
        "template_id", [*(f"314{bit}" for bit in BITS if bit.strip()), *BITS, *DIGITS.values()]
    )
    def test_an_id_that_is_none_is_not_sent(
        self, template_id: str, operator: Any, sandbox: SandboxServer, execute: Callable[..., Any]
    ) -> None:
        with pytest.raises((AirflowFailException, ValueError), match="template"):
            execute(operator, template={"id": template_id})
        assert sandbox.received() == []

    @pytest.mark.parametrize(
        "phone", [*(f"8613800000000{bit}" for bit in BITS if bit.strip(" .")), *DIGITS.values()]
    )
    def test_a_phone_that_is_none_is_not_sent(self, phone: str, sandbox: SandboxServer) -> None:
        with pytest.raises(AccountError, match="phone: "):
            next(NxlinkHook(phone=phone).list_templates(), None)
        assert sandbox.received() == []

    @pytest.mark.parametrize("field", ["login", "password"])
    @pytest.mark.parametrize("bit", ["\r\nX-Evil: 1", "\n", "\0", " ", "\u2028", "٣"])
    def test_a_key_that_could_end_a_header_is_refused_and_not_shown(
        self, field: str, bit: str, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection = sandbox.connection | {field: f"the-key{bit}more"}
        monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))
        with pytest.raises(AccountError, match=f"{field}: holds blanks") as raised:
            next(NxlinkHook().list_templates(), None)
        assert "the-key" not in str(raised.value)
        assert sandbox.received() == []

    @pytest.mark.parametrize("bit", [bit for bit in BITS if bit != "\ud800"])
    def test_a_name_and_a_language_are_looked_for_as_they_are(self, bit: str, sandbox: SandboxServer) -> None:
        name = f"promo{bit}"
        assert NxlinkHook().find_template(name, f"en{bit}") is None
        (call,) = sandbox.received()
        assert call.verified
        assert call.query["name"] == name
        assert set(call.query) == {"name", "page_number", "page_size", "tenant_id"}
        assert "x-evil" not in call.headers

    @pytest.mark.parametrize("field", ["name", "language"])
    @pytest.mark.parametrize("bit", BITS)
    def test_no_template_can_be_given_such_a_name(
        self, field: str, bit: str, sandbox: SandboxServer, execute: Callable[..., Any]
    ) -> None:
        with pytest.raises((AirflowFailException, ValueError), match=field):
            execute(NxlinkCreateTemplateOperator, template=TEMPLATE | {field: TEMPLATE[field] + bit})
        assert sandbox.received() == []

    def test_a_lone_surrogate_in_a_text_is_an_error_of_ours(
        self, sandbox: SandboxServer, execute: Any
    ) -> None:
        with pytest.raises((AirflowFailException, ValueError)):
            execute(NxlinkCreateTemplateOperator, template=TEMPLATE | {"content": "Hello \ud800"})
        assert sandbox.count("create") == 0

    def test_a_lone_surrogate_in_a_name_looked_for_is_not_sent(self, sandbox: SandboxServer) -> None:
        with pytest.raises(UnicodeEncodeError):
            NxlinkHook().find_template("promo\ud800", "en_US")
        assert sandbox.received() == []


class TestJinja:
    """What NXLink answers and what upstream tasks made is data, and is rendered by nobody."""

    EVIL = "{{ 6 * 7 }}{% for x in range(9) %}x{% endfor %}{{ conn.nxlink_default.password }}"

    def test_the_texts_of_an_answer_are_never_rendered(
        self, sandbox: SandboxServer, new_dag: Callable[..., Any], run_dag: Callable[..., Any]
    ) -> None:
        sandbox.seed([{**SEED, "content": self.EVIL, "status": 0, "waRejectedReason": self.EVIL}])
        with new_dag() as dag:
            listed = NxlinkListTemplatesOperator(task_id="list")
            # By `expand` each answer comes back as an argument, whole.
            NxlinkGetTemplateOperator.partial(task_id="get").expand(template=listed.output)
        run = run_dag(dag)
        assert run.states == {"list": "success", "get": "success"}, run.log
        for value in (run.value("list")[0], run.value("get")):
            assert (value["content"], value["rejected_reason"]) == (self.EVIL, self.EVIL)
        assert sandbox.account.access_secret not in run.log


class TestFiles:
    """A spec file is data, and a folder is what is in it."""

    @pytest.mark.parametrize(
        "text",
        [
            "!!python/object/apply:os.system ['touch {marker}']",
            "name: !!python/name:os.system",
            "name: !!python/object/new:subprocess.Popen [['touch', '{marker}']]",
            "name: !!binary aGk=",
            "name: !custom x",
            "content: !!set {{a, b}}",
        ],
    )
    def test_a_tag_runs_nothing(self, text: str, tmp_path: Path) -> None:
        marker, file = tmp_path / "marker", tmp_path / "a.yaml"
        file.write_text(text.format(marker=marker))
        with pytest.raises(TemplateSpecError, match=r"a\.yaml:1:\d+: .*tag"):
            load_file(file)
        assert not marker.exists()

    @pytest.mark.parametrize(
        "text",
        [
            "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)),
            "a: &a {b: *a}",
            "a0: &a0 {k: v}\n"
            + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 30)),
            "[" * 100_000,
            "- " * 100_000,
            "{a: " * 10_000,
        ],
        ids=["laughs", "loop", "merges", "brackets", "dashes", "braces"],
    )
    def test_a_bomb_is_an_error_within_moments(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text(text)
        # Of the processor: others may use it too. It takes a quarter of one; what is not bounded takes days.
        begun = time.thread_time()
        with pytest.raises(TemplateSpecError):
            load_file(tmp_path / "a.yaml")
        assert time.thread_time() - begun < 5

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "secret.yaml").write_text("name: not_yours")
        (tmp_path / "specs").mkdir()
        (tmp_path / "specs" / "promo.yaml").write_text(json.dumps(TEMPLATE))
        return tmp_path / "specs"

    @pytest.mark.parametrize(
        "target", ["../secret.yaml", "/etc/hostname", "..", "promo.yaml/../../secret.yaml"]
    )
    def test_a_link_out_of_a_folder_is_refused_and_not_read(
        self, target: str, folder: Path, sandbox: SandboxServer, execute: Callable[..., Any]
    ) -> None:
        (folder / "more.yaml").symlink_to(target)
        with pytest.raises(TemplateSpecError, match=r"more\.yaml:1:1: .*is a link.*file\.link") as raised:
            spec_files(folder)
        assert "not_yours" not in str(raised.value)

    def test_a_link_to_a_folder_is_refused_as_its_templates_would_look_gone(self, folder: Path) -> None:
        (folder / "real").mkdir()
        (folder / "linked").symlink_to("real")
        with pytest.raises(TemplateSpecError, match=r"linked:1:1: .*is a link to a folder"):
            spec_files(folder)

    def test_a_link_within_the_folder_is_followed_as_kubernetes_mounts_volumes(self, tmp_path: Path) -> None:
        mounted = tmp_path / "specs"
        (mounted / "..2026").mkdir(parents=True)
        (mounted / "..2026" / "promo.yaml").write_text(json.dumps(TEMPLATE))
        (mounted / "..data").symlink_to("..2026")
        (mounted / "promo.yaml").symlink_to("..data/promo.yaml")
        (tmp_path / "link").symlink_to("specs")
        assert spec_files(tmp_path / "link") == [tmp_path / "link" / "promo.yaml"]


OUT_OF_REACH = [
    "http://127.0.0.1/a.jpg",
    "https://127.9.9.9:8443/a.jpg",
    "http://localhost/a.jpg",
    "http://LOCALHOST./a.jpg",
    "http://files.localhost/a.jpg",
    "http://[::1]/a.jpg",
    "http://[::ffff:127.0.0.1]/a.jpg",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fe80::1%25eth0]/a.jpg",
    "http://0.0.0.0/a.jpg",
    "http://user@127.0.0.1/a.jpg",
]


class TestMediaLinks:
    """NXLink fetches them: what leads its servers to themselves is a mistake, and is told."""

    @pytest.mark.parametrize("url", OUT_OF_REACH)
    def test_loopback_and_link_local_are_refused_wherever_a_link_is_given(
        self, url: str, sandbox: SandboxServer
    ) -> None:
        with pytest.raises(ValueError, match=r"leads NXLink's servers.* to themselves"):
            NxlinkUploadMediaOperator(task_id="task", media_url=f"{url}?Signature=pLaNtEd")
        with pytest.raises(TemplateSpecError, match="leads NXLink's servers to themselves") as raised:
            TemplateSpec(**TEMPLATE, header_media={"url": f"{url}?Signature=pLaNtEd"})
        assert "pLaNtEd" not in str(raised.value)
        with pytest.raises(ValueError, match=r"leads NXLink's servers.* to themselves") as refused:
            NxlinkHook().upload_media(f"{url}?Signature=pLaNtEd")
        assert "pLaNtEd" not in str(refused.value)
        assert sandbox.received() == []

    @pytest.mark.parametrize(
        "url",
        [
            "https://shop.example/a.jpg",
            "http://10.0.0.5/a.jpg",
            "http://192.168.1.5/a.jpg",
            "http://localhost.example/a.jpg",
            "http://127.0.0.1.example/a.jpg",
            "http://[2001:db8::1]/a.jpg",
        ],
    )
    def test_what_an_nxlink_within_a_company_may_reach_passes(self, url: str) -> None:
        assert not out_of_reach(url)
        TemplateSpec(**TEMPLATE, header_media={"url": url})


SCRIPTS = {
    "arabic": "عرض_الصيف",
    "chinese": "夏季促销",
    "hebrew": "מבצע",
    "thai": "โปรโมชั่น",
    "emoji": "🎉🇩🇪👩‍👩‍👧",
    "combining": "e\u0301te\u0301",
    "right to left mark": "\u200fpromo\u202e",
    "zero width": "pro\u200bmo",
}


class TestOddAnswers:
    """What only the service knows the reason of is read all the same."""

    @pytest.mark.parametrize("script", SCRIPTS)
    def test_a_name_in_any_script_is_found_by_that_name_alone(
        self, script: str, sandbox: SandboxServer, first_event: Callable[..., Any]
    ) -> None:
        name = SCRIPTS[script]
        (number,) = sandbox.seed([{**SEED, "name": name}])
        found = NxlinkHook().find_template(name, "en_US")
        assert found is not None
        assert (found.id, found.name) == (number, name)
        trigger = NxlinkTemplateTrigger([{"name": name, "language": "en_US"}], poll_interval=0.05)
        (result,) = read_event(asyncio.run(first_event(trigger)))
        assert result.template is not None
        assert result.template["name"] == name

    @pytest.mark.parametrize("digits", [18, 19, 40, 64])
    def test_an_id_of_many_digits_keeps_each_of_them(self, digits: int, sandbox: SandboxServer) -> None:
        number = 10**digits - 1
        sandbox.seed([{**SEED, "id": number}])
        hook = NxlinkHook()
        found = hook.find_template("promo", "en_US")
        assert found is not None
        assert json.loads(json.dumps(found.to_dict()))["id"] == (number if number < 2**63 else str(number))
        for call in (
            calls.get_template(hook.account, found.id),
            calls.delete_template(hook.account, str(found.id)),
        ):
            assert call.path.endswith(f"/{number}")

    @pytest.mark.soak
    def test_a_hundred_thousand_templates_are_listed_and_waited_for(
        self, sandbox: SandboxServer, first_event: Callable[..., Any]
    ) -> None:
        sandbox.seed([{**SEED, "name": f"t_{number:06}"} for number in range(100_000)])
        sandbox.switch(max_page_size=1000)
        hook = NxlinkHook()
        names = {template.name for template in hook.list_templates()}
        assert len(names) == 100_000
        trigger = NxlinkTemplateTrigger([{"name": "t_000000", "language": "en_US"}], poll_interval=0.1)
        (result,) = read_event(asyncio.run(first_event(trigger)))
        assert result.verdict == "done"
