"""The benchmarks beside what people use today: that each still measures, and what the table tells."""

import importlib
import json

import pytest
from readme import README, RESULTS, write_readme
from results import write_results, write_table
from rows import InTurns, Row, in_turns, shortened


def measured(name, **arguments):
    return importlib.import_module(name).measure(**arguments)


class TestRows:
    def test_in_turns_gives_the_median_of_the_ratios_and_leaves_the_first_turn_out(self):
        ours, beside = iter([100, 2, 30, 4]), iter([1, 1, 10, 1])
        taken = in_turns(lambda: next(ours), lambda: next(beside), 3)
        assert taken == InTurns([2, 30, 4], [1, 10, 1])
        assert taken.ratio == 3

    @pytest.mark.parametrize(
        ("value", "target", "more_is_better", "met"),
        [(1.0, 1.0, False, True), (1.01, 1.0, False, False), (50, 50, True, True), (49.9, 50, True, False)],
    )
    def test_a_target_is_met_or_not(self, value, target, more_is_better, met):
        assert Row("a", "b", value, target, more_is_better).met is met

    def test_numbers_are_printed_with_three_figures(self):
        assert [shortened(value) for value in (0.0123456, 1.2345, 123.4, 1234.5)] == [
            "0.0123",
            "1.23",
            "123",
            "1234",
        ]


class TestTable:
    def test_holds_each_row_and_says_which_target_is_not_met(self, tmp_path):
        rows = [Row("quick", "slow", 0.5, 1.0), Row("late", "early", 3.0, 1.5, note="why")]
        write_results(tmp_path / "listing.json", "listing", rows, 1.0)
        (tmp_path / "another.json").write_text("[]")
        table = write_table(tmp_path)
        assert "| quick | slow | 0.5 × | ≤ 1 × |  |" in table
        assert "| late | early | 3 × | ≤ 1.5 × | **not met**; why |" in table
        assert "`make bench BENCH=listing`" in table
        assert (tmp_path / "README.md").read_text() == table
        assert [row["met"] for row in json.loads((tmp_path / "listing.json").read_text())["rows"]] == [
            True,
            False,
        ]

    def test_has_the_waits_of_a_whole_airflow_with_the_most_of_both_kinds(self, tmp_path):
        def item(kind, waits, requests, cpu):
            return {
                "kind": kind,
                "waits": waits,
                "requests_per_interval": requests,
                "cpu_seconds_per_interval": cpu,
                "idle_cpu_seconds_per_interval": 0.1,
            }

        kept = [item("shared", 10, 1, 0.2), item("plain", 10, 10, 0.2), item("shared", 20, 2, 0.2)]
        kept += [item("plain", 20, 20, 1.1), item("shared", 30, 3, 0.2)]
        machine = {"cpus": 2, "python": "3", "airflow": "3.3"}
        content = {"measured_at": "2026-01-01T00:00:00", "machine": machine, "measured": kept}
        (tmp_path / "waiting.json").write_text(json.dumps(content))
        table = write_table(tmp_path)
        assert "20 deferred waits in a whole Airflow, requests per interval" in table
        assert "| 0.1 × | ≤ 0.01 × | **not met**; 2 against 20 |" in table
        assert "| 0.1 × | ≤ 0.1 × | 0.100 s against 1.000 s |" in table


class TestReadme:
    def test_holds_the_rows_between_its_marks_and_leaves_the_rest(self, tmp_path):
        write_results(tmp_path / "imports.json", "imports", [Row("a", "b", 0.0772, 0.15)], 1.0)
        write_results(tmp_path / "syncing.json", "syncing", [Row("a", "b", 1.0963, 1.15)], 1.0)
        readme = tmp_path / "README.md"
        readme.write_text("above\n<!-- bench -->\nold\n<!-- end of bench -->\nbelow\n")
        for _ in range(2):
            write_readme(tmp_path, readme)
        above, heading, _, imports, syncing, below = (
            line for line in readme.read_text().splitlines() if not line.startswith("<!--")
        )
        assert (above, heading, below) == ("above", "| what | beside | |", "below")
        assert imports.endswith("| 0.077 × |")
        assert syncing.endswith("| 1.10 × |")

    def test_is_made_of_the_results_that_are_kept(self, tmp_path):
        readme = tmp_path / "README.md"
        readme.write_text(README.read_text())
        write_readme(RESULTS, readme)
        assert readme.read_text() == README.read_text()


class TestEachStillMeasures:
    """A short run of each, whose ratios say nothing; what is read wrongly raises."""

    def test_imports(self):
        pytest.importorskip("airflow.sdk", reason="the benchmark is written for Airflow 3")
        pytest.importorskip("airflow.providers.http", reason="installed by `make bench`")
        (row,) = measured("imports", turns=2)
        assert {"airflow_provider_nxlink.operators.template", "airflow_provider_nxlink.hooks.nxlink"} <= set(
            row.details["modules"]
        )
        assert min(row.details["ours"]) > 0

    def test_parsing(self):
        pytest.importorskip("airflow.providers.http", reason="installed by `make bench`")
        processor = pytest.importorskip("airflow.dag_processing.processor")
        if not hasattr(processor, "_pre_import_airflow_modules"):
            pytest.skip("this Airflow's DAG processor loads what it parses in another way")
        fresh, loaded = measured("parsing", turns=2, tasks=10)
        assert min(*fresh.details["ours"], *loaded.details["ours"]) > 0

    def test_creating(self):
        (row,) = measured("creating", turns=2, calls_a_turn=2)
        assert row.measured > 0

    def test_listing(self):
        time_row, memory_row = measured("listing", turns=2, pages=10)
        assert time_row.measured > 0
        assert memory_row.details["bytes_of_the_list_when_kept"] > memory_row.details["peak_bytes"]["10"]

    def test_waits(self):
        pytest.importorskip("airflow.triggers.shared_stream", reason="this Airflow has no shared streams")
        cpu, memory, beside_open, requests, growth = measured(
            "waits", numbers=(2, 4), compared=2, interval=0.5
        )
        assert cpu.details["shared"]["requests"] < cpu.details["beside"]["requests"]
        assert memory.details == cpu.details
        assert beside_open.details["beside"]["requests"] > 1
        # At the most a poll of its own for each wait, whatever else the machine does.
        assert 0 < requests.measured <= 4
        assert growth.measured > 0

    def test_syncing(self):
        time_row, requests_row = measured("syncing", turns=1, specs=9)
        assert time_row.details["requests"] == [{"list": 2, "create": 9}]
        assert requests_row.measured == 1

    @pytest.mark.system
    @pytest.mark.soak
    def test_mapped(self):
        pytest.importorskip("airflow.providers.http", reason="installed by `make bench`")
        (row,) = measured("mapped", turns=1, mapped=2, specs=4)
        assert row.measured > 0
