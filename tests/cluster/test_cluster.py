"""The parts of `make cluster` that do not take a cluster to try: options, settings, servers, cleaning up."""

import os
import subprocess
import sys
import time
from pathlib import Path

import programs
import psutil
import pytest
from airflow.configuration import conf
from deployment import DEFAULTS, SETTINGS, TRIGGERERS, WORKERS, Deployment
from programs import Programs, found, needed
from run_cluster import main, read_options, throwaway_home
from running_airflow import RunningAirflow
from services import PrivateServices

SERVERS = found()
needs_servers = pytest.mark.skipif(SERVERS is None, reason="needs the programs of PostgreSQL and Redis")


class TestOptions:
    def test_stand_for_a_thousand_waits_when_left_out(self):
        options = read_options([])
        assert (options.waits, options.interval, options.home.name) == (1000, 10.0, ".cluster")
        assert options.output.parts[-3:] == ("benchmarks", "results", "cluster.json")

    def test_of_fewer_waits_leave_the_kept_figures_alone(self):
        assert read_options(["--waits", "40"]).output.parts[-2:] == ("build", "cluster-40.json")
        assert read_options(["--waits", "40", "--output", "x.json"]).output.name == "x.json"

    @pytest.mark.parametrize("waits", ["16", "41", "1028", "many"])
    def test_that_airflow_or_the_example_could_not_do_are_refused(self, waits, capsys):
        with pytest.raises(SystemExit):
            read_options(["--waits", waits])
        assert "--waits" in capsys.readouterr().err


class TestPrograms:
    @pytest.mark.parametrize("missing", ["initdb", "redis-server"])
    def test_that_are_missing_are_named_with_how_to_install_them(self, missing, monkeypatch):
        there = {"initdb": "/bin/initdb", "redis-server": "/bin/redis-server"}
        monkeypatch.setattr(
            programs.shutil, "which", lambda name: None if name == missing else there.get(name)
        )
        monkeypatch.setattr(programs, "POSTGRES_FOLDERS", "/nowhere/*/bin")
        with pytest.raises(SystemExit, match=r"sudo apt-get install postgresql redis-server"):
            needed()


@needs_servers
class TestServices:
    def test_run_for_us_alone_and_leave_nothing(self):
        with PrivateServices(SERVERS) as services:
            pids = [process.pid for process in services.processes.values()]
            folder = services.folder
            listening = [
                connection.laddr
                for pid in pids
                for connection in psutil.Process(pid).net_connections()
                if connection.status == psutil.CONN_LISTEN and isinstance(connection.laddr, tuple)
            ]
            assert {address.ip for address in listening} == {"127.0.0.1"}
            assert folder.stat().st_mode & 0o077 == 0
            if os.geteuid() == 0:
                assert {psutil.Process(pid).username() for pid in pids} != {"root"}
        assert not folder.exists()
        assert not any(psutil.pid_exists(pid) for pid in pids)

    def test_leave_nothing_when_the_second_does_not_start(self):
        servers = PrivateServices(Programs(SERVERS.postgres_folder, Path("/bin/false")))
        with pytest.raises(RuntimeError, match="redis did not start"):
            servers.__enter__()
        assert not servers.folder.exists()
        assert servers.processes == {}


@pytest.mark.skipif(
    conf.get_default_value("triggerer", "capacity") is None, reason="`make cluster` is written for Airflow 3"
)
class TestDeployment:
    def test_changes_settings_that_airflow_has(self):
        for name in DEFAULTS | SETTINGS:
            _, section, key = name.lower().split("__")
            # Celery's are its provider's, which is not installed here.
            assert section == "celery" or conf.get_default_value(section, key) is not None, name

    def test_has_airflows_defaults_where_it_says_so(self):
        for name, value in DEFAULTS.items():
            _, section, key = name.lower().split("__")
            assert float(value) == float(conf.get_default_value(section, key)), name

    def test_has_two_workers_and_two_triggerers(self):
        assert set(WORKERS + TRIGGERERS) < set(Deployment.components)
        assert (len(WORKERS), len(TRIGGERERS)) == (2, 2)


class TestHome:
    def test_is_removed_when_all_went_well_and_when_somebody_stopped_it(self, tmp_path):
        home = tmp_path / "home"
        with throwaway_home(home):
            (home / "airflow.cfg").touch()
        assert not home.exists()
        with pytest.raises(KeyboardInterrupt), throwaway_home(home):
            raise KeyboardInterrupt
        assert not home.exists()

    def test_stays_for_its_logs_after_a_failure_and_is_emptied_by_the_next_run(self, tmp_path, capsys):
        home = tmp_path / "home"
        with pytest.raises(FileNotFoundError), throwaway_home(home):
            (home / "airflow.cfg").rename(home / "fails" / "airflow.cfg")
        assert str(home) in capsys.readouterr().err
        (home / "airflow.cfg").touch()
        with throwaway_home(home):
            assert list(home.iterdir()) == []

    def test_is_not_made_of_a_folder_of_somebody_else(self, tmp_path):
        (tmp_path / "letter.txt").touch()
        with pytest.raises(SystemExit, match="in the way"):
            main(["--home", str(tmp_path)])
        assert (tmp_path / "letter.txt").exists()


class TestKilling:
    @pytest.mark.parametrize("end", ["kill", "stop_all"])
    def test_ends_what_a_component_started_in_a_process_group_of_its_own(self, tmp_path, end):
        airflow = RunningAirflow(tmp_path, tmp_path, "{}")
        # A worker's task lives in one.
        child = "import time; print(1, flush=True); time.sleep(60)"
        parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], process_group=0)"
        process = subprocess.Popen(
            [sys.executable, "-c", parent], stdout=subprocess.PIPE, start_new_session=True
        )
        with process.stdout:
            assert process.stdout.readline() == b"1\n"
        (task,) = psutil.Process(process.pid).children()
        airflow.processes["worker"] = process
        airflow.kill("worker") if end == "kill" else airflow.stop_all()
        deadline = time.monotonic() + 10
        while task.is_running() and task.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not task.is_running() or task.status() == psutil.STATUS_ZOMBIE
        assert airflow.processes == {}
