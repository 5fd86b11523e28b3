"""What came in: one call, and the list of them."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass
class Received:
    """One call as it came in, and how it was answered.

    ``code`` is None where no envelope was sent; ``http_status`` is None where nothing was.
    ``verified`` tells whether the signature fitted: None where it could not be computed.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str
    time: float
    endpoint: str | None
    verified: bool | None
    code: int | None = None
    http_status: int | None = None
    trace_id: str | None = None
    fault: str | None = None

    @property
    def json(self) -> Any:
        """Return the body parsed; raises ValueError where it is not JSON."""
        return json.loads(self.body)


class Calls(list[Received]):
    """The calls that came in, oldest first.

    A list, so that ``assert not sandbox.received`` says what it seems to say, and called like a method it
    picks: ``sandbox.received(endpoint="create")``.
    """

    def __call__(
        self, *, path: str | None = None, method: str | None = None, endpoint: str | None = None
    ) -> "Calls":
        """Return those that fit exactly; without arguments all."""
        return Calls(
            call
            for call in self
            if path in {None, call.path}
            and method in {None, call.method}
            and endpoint in {None, call.endpoint}
        )
