"""What a process and all it started use: CPU seconds, and memory at its highest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil  # type: ignore[import-untyped]

SAMPLE_SECONDS = 0.5


class ProcessLoad:
    """
    Read the CPU time and the memory of a process and its descendants.

    Memory is the sum of what is resident, so that pages which two of them share count twice: compare it with
    what the same processes use when idle.

    :param pid: the process.
    """

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self.peak_bytes = 0

    def cpu_seconds(self) -> float:
        """Return the CPU seconds used so far, by those that have ended too."""
        total = 0.0
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def resident_bytes(self) -> int:
        """Return the bytes resident now."""
        total = 0
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total

    @contextmanager
    def watching_memory(self) -> Iterator[None]:
        """Keep ``peak_bytes`` at the highest seen, looked at twice a second."""
        done = threading.Event()

        def watch() -> None:
            with suppress(psutil.NoSuchProcess):
                while not done.wait(SAMPLE_SECONDS):
                    self.peak_bytes = max(self.peak_bytes, self.resident_bytes())

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _tree(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]
