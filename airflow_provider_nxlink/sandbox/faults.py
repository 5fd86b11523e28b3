"""Faults to order: what goes wrong on the way, for which calls, how often."""

import dataclasses
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import count
from typing import Any

# Kind → what happens to a call that it fits.
KINDS = {
    "latency": "the answer comes `seconds` after the call; with `before`, the work is done thereafter",
    "status": "HTTP `status` with `headers` and `body`",
    "code": "an envelope with `code`, on HTTP 200",
    "drop": "the connection closes without an answer",
    "truncate": "the connection closes in the middle of the answer, after the work",
    "hang": "no answer ever comes, and the connection stays open",
    "html": "HTTP `status` with a gateway's HTML page (or `body`); a 3xx redirects to /sign-in",
    "far_date": "code 1004 with a Date header in the year 9999",
    "huge_code": "an envelope whose code has 41 digits",
    "long_message": "an envelope with `code`, its message -X-Amz-a (or `body`) repeated to `size` characters",
    "invalid_utf8": "an envelope with `code` and a message that is not UTF-8",
    "echo": "an envelope with `code`; `data` is a JSON string that holds the request's headers with its sign",
    "bad_header": "an envelope with `code` and a malformed header line that holds the request's sign",
    "gzip_bomb": "a list of `size` empty rows, gzip-encoded: 400 000 rows in some 1.2 kB",
    "deep": "data of `size` nested arrays",
    "surrogate": "the true answer with half a surrogate in each text, or in those named `field`",
    "surrogate_key": "the true answer with half a surrogate in a key of each object",
    "nul": "the true answer with a NUL character in each text, or in those named `field`",
    "jinja": "the true answer with Jinja (or `body`) as contents, file names and media ids, or as `field`",
    "big_id": "the true answer with ids (or `field`) of 30 digits",
    "big_id_text": "the same, as text",
    "big_number": "the true answer with 30 digits in each number, or in those named `field`",
    "nan": "the true answer with NaN in each number, or in those named `field`",
    "infinity": "the same, with Infinity",
    "value": "the true answer with `value` as each value named `field`",
    "endless": "the true page with new ids each time, has_next_page: true, and a total beyond it (or `size`)",
    "extra_rows": "the true page with rows added up to `size`, whatever page_size says",
}
# These change the true answer, so the work is always done.
AFTER_THE_WORK = {
    *("truncate", "surrogate", "surrogate_key", "nul", "jinja", "big_id", "big_id_text", "big_number"),
    *("nan", "infinity", "value", "endless", "extra_rows"),
}
NEED_FIELD = {"value"}

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
        Kinds of :data:`AFTER_THE_WORK` are always after it.
    :param field: key whose values are changed, wherever it is in the answer.
    :param size: how much of it, see :data:`KINDS`; 0 is the kind's default.
    :param value: any JSON, for the kind ``value``.
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
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: str = ""
    code: int = -1
    field: str | None = None
    size: int = 0
    value: Any = None
    id: int = dataclasses.field(default_factory=lambda: next(_numbers))
    met: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no fault."""
        if self.kind not in KINDS:
            raise ValueError(f"fault kind is one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.when not in {"before", "after"}:
            raise ValueError(f"when is before or after, not {self.when!r}")
        if self.kind in NEED_FIELD and not self.field:
            raise ValueError(f"a fault of kind {self.kind} needs a field")

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
