"""Faults to order: what goes wrong on the way, for which calls, how often."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import count

# Kind → what happens to a call that it fits.
KINDS = {
    "latency": "the answer comes `seconds` after the call; with `before`, the work is done thereafter",
    "status": "HTTP `status` with `headers` and `body`",
    "code": "an envelope with `code`, on HTTP 200",
    "drop": "the connection closes without an answer",
    "truncate": "the connection closes in the middle of the answer, after the work",
    "hang": "no answer ever comes, and the connection stays open",
}

_numbers = count(1)


@dataclass
class Fault:
    """One order. Unset conditions fit every call.

    :param kind: a key of :data:`KINDS`.
    :param endpoint: list, create, update, details, delete, flows or upload.
    :param method: HTTP method.
    :param path: shell pattern for the path.
    :param times: how many calls it befalls; 0 means until it is withdrawn.
    :param skip: how many fitting calls pass unharmed first.
    :param when: ``before`` the work (nothing was done) or ``after`` it (done, but the answer is lost).
    """

    kind: str
    endpoint: str | None = None
    method: str | None = None
    path: str | None = None
    times: int = 1
    skip: int = 0
    when: str = "before"
    seconds: float = 0.0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    code: int = -1
    id: int = field(default_factory=lambda: next(_numbers))
    met: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no fault."""
        if self.kind not in KINDS:
            raise ValueError(f"fault kind is one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.when not in {"before", "after"}:
            raise ValueError(f"when is before or after, not {self.when!r}")

    def fits(self, endpoint: str | None, method: str, path: str) -> bool:
        """Tell whether a call meets the conditions."""
        return (
            self.endpoint in {None, endpoint}
            and self.method in {None, method}
            and (self.path is None or fnmatchcase(path, self.path))
        )


class Faults:
    """The orders that stand, oldest first; a call takes the first that fits."""

    def __init__(self) -> None:
        self.standing: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Place an order."""
        self.standing.append(fault)
        return fault

    def take(self, endpoint: str | None, method: str, path: str) -> Fault | None:
        """Return the fault that befalls this call and count it, or None."""
        for fault in self.standing:
            if not fault.fits(endpoint, method, path):
                continue
            fault.met += 1
            if fault.met <= fault.skip:
                continue
            if fault.times and fault.met - fault.skip >= fault.times:
                self.standing.remove(fault)
            return fault
        return None

    def withdraw(self, fault_id: int | None = None) -> None:
        """Take back one order, or all."""
        self.standing = [fault for fault in self.standing if fault_id not in {None, fault.id}]
