"""A PostgreSQL and a Redis of one's own, in a throwaway folder: no service of the system is touched."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from programs import Programs, postgres_programs
from running_airflow import free_port

START_SECONDS = 60
STOP_SECONDS = 30
# PostgreSQL refuses to run as root.
UNPRIVILEGED = ("postgres", "nobody")
# What ends each server at once and in order: PostgreSQL's "fast shutdown", and Redis's end without saving.
STOP_SIGNALS = {"postgres": signal.SIGINT, "redis": signal.SIGTERM}


@dataclass(frozen=True)
class Owner:
    """Whom the servers run as; None for who started this."""

    name: str | None
    uid: int
    gid: int

    @classmethod
    def unprivileged(cls) -> Owner:
        """Return who started this, or an account without rights where that is root."""
        if os.geteuid() != 0:
            return cls(None, os.geteuid(), os.getegid())
        for name in UNPRIVILEGED:
            with suppress(KeyError):
                account = pwd.getpwnam(name)
                return cls(name, account.pw_uid, account.pw_gid)
        raise SystemExit(f"PostgreSQL does not run as root, and there is none of the accounts {UNPRIVILEGED}")

    def for_popen(self) -> dict[str, Any]:
        """Return the arguments that make a process run as this."""
        return {} if self.name is None else {"user": self.uid, "group": self.gid, "extra_groups": []}


class PrivatePostgres:
    """
    Run PostgreSQL on a Unix socket, with its data in a folder that goes with it.

        with PrivatePostgres() as postgres:
            postgres.database_url
    """

    def __init__(self, postgres_folder: Path | None = None) -> None:
        folder = postgres_folder or postgres_programs()
        if folder is None:
            raise RuntimeError("PostgreSQL's initdb is not installed")
        self._postgres_folder = folder
        self._owner = Owner.unprivileged()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        # In /tmp itself, as the path of a Unix socket can have 107 characters at the most.
        self.folder = Path(tempfile.mkdtemp(prefix="nxlink-cluster-", dir="/tmp"))
        try:
            os.chown(self.folder, self._owner.uid, self._owner.gid)
            self._start_all()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def database_url(self) -> str:
        """Airflow's database, for SQLAlchemy."""
        return f"postgresql+psycopg2://airflow@/airflow?host={self.folder}"

    @property
    def database_dsn(self) -> str:
        """The same, for libpq."""
        return f"host={self.folder} user=airflow dbname=airflow"

    def _start_all(self) -> None:
        self._start_postgres()

    def _start_postgres(self) -> None:
        data = self.folder / "postgres"
        # Who may open the socket's folder may do anything in it.
        access = ["--username=airflow", "--auth-local=trust", "--auth-host=reject"]
        self._run("initdb", "--pgdata", str(data), "--encoding=UTF8", "--locale=C.UTF-8", *access)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
        }
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        self._start("postgres", [str(self._postgres_folder / "postgres"), "-D", str(data), *words])
        self._until("postgres", lambda: self._succeeds("pg_isready", "--host", str(self.folder)))
        self._run("createdb", "--host", str(self.folder), "--username=airflow", "airflow")

    def _run(self, program: str, *words: str) -> None:
        """Run one of PostgreSQL's programs to its end."""
        with (self.folder / "commands.log").open("ab") as log:
            command = [str(self._postgres_folder / program), *words]
            done = subprocess.run(command, **self._output(log), check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{self._told('commands')}")

    def _succeeds(self, program: str, *words: str) -> bool:
        command = [str(self._postgres_folder / program), "--quiet", *words]
        return subprocess.run(command, **self._output(subprocess.DEVNULL), check=False).returncode == 0

    def _start(self, name: str, command: list[str], text: str | None = None) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
                # A Ctrl-C in the terminal reaches us alone, and we end them in order.
                start_new_session=True,
                **self._output(log),
            )
        if text is not None:
            # One that ended at once reads nothing; what it says is told by who waits for it.
            with suppress(BrokenPipeError), self.processes[name].stdin as pipe:  # type: ignore[union-attr]
                pipe.write(text.encode())

    def _output(self, log: Any) -> dict[str, Any]:
        return {"cwd": self.folder, "stdout": log, "stderr": subprocess.STDOUT, **self._owner.for_popen()}

    def _until(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.processes[name].poll() is None:
            if ready():
                return
            time.sleep(0.1)
        raise RuntimeError(f"{name} did not start:\n{self._told(name)}")

    def _told(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-2000:]

    def _stop(self) -> None:
        """End the servers and remove their folder."""
        for name, process in self.processes.items():
            process.send_signal(STOP_SIGNALS[name])
        for process in self.processes.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()
        shutil.rmtree(self.folder)


class PrivateServices(PrivatePostgres):
    """
    Run PostgreSQL on a Unix socket and Redis on loopback, with their data in a folder that goes with them.

        with PrivateServices(needed()) as services:
            services.database_url, services.broker_url
    """

    def __init__(self, programs: Programs) -> None:
        super().__init__(programs.postgres_folder)
        self._redis_server = programs.redis_server
        self._password = secrets.token_hex(16)
        self._redis_port = 0

    @property
    def broker_url(self) -> str:
        """Celery's broker."""
        return f"redis://:{self._password}@127.0.0.1:{self._redis_port}/0"

    def _start_all(self) -> None:
        super()._start_all()
        self._start_redis()

    def _start_redis(self) -> None:
        self._redis_port = free_port()
        settings = {
            "bind": "127.0.0.1",
            "port": self._redis_port,
            "requirepass": self._password,
            "dir": self.folder,
            "save": '""',
            "appendonly": "no",
        }
        # On its standard input, where no list of processes shows the password.
        text = "".join(f"{key} {value}\n" for key, value in settings.items())
        self._start("redis", [str(self._redis_server), "-"], text)
        self._until("redis", self._redis_answers)

    def _redis_answers(self) -> bool:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self._redis_port), 1)) as line:
            line.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
            return b"+OK" in line.recv(100)
        return False
