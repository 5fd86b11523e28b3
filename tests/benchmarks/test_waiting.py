"""The benchmark of waiting: its arguments, what it measures with, what it is compared with, what it tells."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from plain_wait import PlainTemplateTrigger, PlainTemplateWait
from process_load import ProcessLoad
from waiting import main, read_options
from waiting_report import expectations, ratios, table
from waits_measured import Delays, Measured, requests_of_whole_polls


def measured(kind="shared", waits=500, **values):
    usual = {
        "requests_per_interval": 5.0,
        "cpu_seconds_per_interval": 0.5,
        "idle_cpu_seconds_per_interval": 0.3,
        "peak_memory_mb": 460.0,
        "idle_memory_mb": 440.0,
        "fired": Delays(10, 6.0, 11.0),
        "succeeded": Delays(10, 7.0, 13.0),
        "fired_together": Delays(490, 5.0, 11.0),
        "seconds_to_defer": 400.0,
        "load_average_before": 0.5,
    }
    return Measured(kind=kind, waits=waits, **usual | values)


class TestOptions:
    def test_stand_for_the_whole_benchmark_when_left_out(self):
        options = read_options([])
        assert (options.waits, options.interval) == ([10, 500], 10.0)
        assert options.output.parts[-3:] == ("benchmarks", "results", "waiting.json")

    def test_are_read(self):
        options = read_options(["--waits", "2,30", "--interval", "1.5"])
        assert (options.waits, options.interval) == ([2, 30], 1.5)

    @pytest.mark.parametrize(
        "words",
        [
            ["--waits", "1"],
            ["--waits", "1001"],
            ["--waits", "10,"],
            ["--waits", "many"],
            ["--interval", "0"],
            ["--interval", "-1"],
            ["--interval", "nan"],
            ["--interval", "601"],
        ],
    )
    def test_that_make_no_sense_are_refused(self, words, capsys):
        with pytest.raises(SystemExit):
            read_options(words)
        assert words[0] in capsys.readouterr().err


class TestProcessLoad:
    def test_counts_cpu_and_memory_of_what_a_process_started(self):
        work = "data = bytearray(b'x' * 80_000_000)\nwhile True: sum(range(10_000))"
        parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
        process = subprocess.Popen([sys.executable, "-c", parent], start_new_session=True)
        try:
            load = ProcessLoad(process.pid)
            with load.watching_memory():
                deadline = time.monotonic() + 20
                while time.monotonic() < deadline and not (
                    load.cpu_seconds() > 0.5 and load.peak_bytes > 80_000_000
                ):
                    time.sleep(0.1)
            assert load.cpu_seconds() > 0.5
            assert load.peak_bytes > 80_000_000
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class TestPlainTrigger:
    @staticmethod
    def events(*triggers):
        async def first(trigger):
            made_again = type(trigger)(**json.loads(json.dumps(trigger.serialize()[1])))
            return [event.payload async for event in made_again.run()]

        async def together():
            return await asyncio.gather(*(first(trigger) for trigger in triggers))

        return asyncio.run(together())

    @staticmethod
    def trigger(name, seconds=20.0, poll_interval=0.05):
        return PlainTemplateTrigger(name, "en_US", time.time() + seconds, poll_interval)

    def test_fires_when_the_review_is_over(self, sandbox):
        sandbox.seed([{"name": "late", "language": "en_US", "status": 1}])

        def approve_after_two_polls():
            while sandbox.count("list") < 2:
                time.sleep(0.01)
            sandbox.approve("late", "en_US")

        threading.Thread(target=approve_after_two_polls, daemon=True).start()
        ((event,),) = self.events(self.trigger("late"))
        assert (event["status"], event["template"]["name"]) == (2, "late")

    def test_asks_once_per_wait_and_interval(self, sandbox):
        names = [f"wait_{number}" for number in range(5)]
        sandbox.seed([{"name": name, "language": "en_US", "status": 1} for name in names])
        events = self.events(*(self.trigger(name, seconds=2, poll_interval=2.5) for name in names))
        assert [event["status"] for (event,) in events] == ["timeout"] * 5
        assert sandbox.count("list") == 5

    def test_tells_what_the_api_refused(self, sandbox, monkeypatch):
        connection = sandbox.connection | {"password": "another"}
        monkeypatch.setenv("AIRFLOW_CONN_NXLINK_DEFAULT", json.dumps(connection))
        ((event,),) = self.events(self.trigger("any"))
        assert event["status"] == "error"

    def test_is_found_again_by_its_class_path(self):
        path, _ = self.trigger("any").serialize()
        assert path == "plain_wait.PlainTemplateTrigger"


class TestPlainWait:
    @pytest.mark.parametrize("event", [None, {}, {"status": "timeout", "message": "…"}, {"status": 0}])
    def test_takes_nothing_but_an_approval_for_success(self, event):
        wait = PlainTemplateWait(
            task_id="wait", template={"name": "a", "language": "en_US"}, poll_interval=1, timeout=1
        )
        with pytest.raises(AirflowFailException):
            wait.execute_complete({}, event)


class TestRequests:
    def test_are_those_of_whole_polls(self):
        names = [{"page_number": "1", "name": f"wait_{number}"} for number in range(10)]
        # One of them came a fourth time before the window ended, another only twice.
        assert requests_of_whole_polls(names * 3 + names[:1]) == 30
        assert requests_of_whole_polls(names * 2 + names[1:]) == 30

    def test_are_each_page_as_often_as_it_is_asked_for(self):
        pages = [{"page_number": str(number)} for number in range(1, 6)]
        assert requests_of_whole_polls(pages * 5) == 25
        assert requests_of_whole_polls([]) == 0


class TestReport:
    def test_has_a_line_for_each_measurement(self):
        heading, shared, plain = table([measured(), measured("plain")]).splitlines()
        assert len({len(heading), len(shared), len(plain)}) == 1
        assert shared.split()[:3] == ["500", "shared", "5.0"]
        assert plain.split()[1] == "plain"

    def test_sets_what_the_waits_cost_against_each_other(self):
        plain = measured(
            "plain", requests_per_interval=500.0, cpu_seconds_per_interval=4.3, peak_memory_mb=500.0
        )
        assert ratios([measured(), plain]) == {
            "500": {"requests": 100.0, "cpu_beyond_idle": 20.0, "memory_beyond_idle": 3.0}
        }

    def test_makes_no_ratio_of_next_to_nothing_or_of_one_kind_alone(self):
        idle = measured(cpu_seconds_per_interval=0.301)
        values = ratios([idle, measured("plain"), measured(waits=10)])
        assert list(values) == ["500"]
        assert values["500"]["cpu_beyond_idle"] is None

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({}, ["met", "met"]),
            ({"requests_per_interval": 5.1}, ["NOT MET", "met"]),
            ({"succeeded": Delays(10, 5.0, 13.1)}, ["met", "NOT MET"]),
        ],
    )
    def test_says_whether_expectations_were_met(self, values, words):
        sentences = expectations([measured(**values), measured("plain"), measured(waits=100)], interval=10)
        assert [sentence.rsplit(", ", 1)[1] for sentence in sentences] == words


@pytest.mark.system
@pytest.mark.soak
def test_the_smallest_benchmark_runs(tmp_path, capsys):
    main(["--waits", "2", "--interval", "1", "--output", str(tmp_path / "waiting.json")])
    told = json.loads((tmp_path / "waiting.json").read_text())
    assert [(item["kind"], item["waits"]) for item in told["measured"]] == [("shared", 2), ("plain", 2)]
    shared, plain = told["measured"]
    assert 0 < shared["requests_per_interval"] <= 1.3
    assert shared["requests_per_interval"] < plain["requests_per_interval"] <= 2.3
    for item in told["measured"]:
        assert 0 < item["fired"]["longest"] <= item["succeeded"]["longest"] < 60
        assert item["peak_memory_mb"] >= item["idle_memory_mb"] > 0
    assert "2 waits: requests" in capsys.readouterr().out
