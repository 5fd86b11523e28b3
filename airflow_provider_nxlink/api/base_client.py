"""What both clients have in common: whom they speak to, the clock, how an answer is read, and its limits."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

from airflow_provider_nxlink.api.account import Account
from airflow_provider_nxlink.api.auth import ServerClock, Signer
from airflow_provider_nxlink.api.body import ACCEPT_ENCODING, BodyReader
from airflow_provider_nxlink.api.calls import Call
from airflow_provider_nxlink.api.envelope import MAX_ANSWER_BYTES, Answer, read_answer
from airflow_provider_nxlink.api.errors import NxlinkClockSkewError, NxlinkTransportError
from airflow_provider_nxlink.api.redaction import excerpt
from airflow_provider_nxlink.api.retries import DEFAULT_ATTEMPTS

T = TypeVar("T")

MAX_CONNECT_TIMEOUT = 10.0
# Each part of an answer may take the account's timeout; all of them together this many times as long.
MAX_TIMEOUTS = 10
HEADERS = {"Accept": "application/json", "Accept-Encoding": ACCEPT_ENCODING}
JSON_HEADERS = {"Content-Type": "application/json", **HEADERS}


class BaseClient:
    """All of a client but the sending."""

    def __init__(
        self, account: Account, *, attempts: int = DEFAULT_ATTEMPTS, clock: ServerClock | None = None
    ) -> None:
        self.account = account
        self._attempts = attempts
        self._signer = Signer(account, clock)

    @property
    def _secrets(self) -> tuple[str, ...]:
        """What no error may repeat: a server may send back whatever it was sent."""
        return self.account.access_secret, *self._signer.recent

    def _read(self, call: Call[T], answer: Answer) -> T:
        try:
            return read_answer(call, answer, self._secrets)
        except NxlinkClockSkewError:
            self._signer.clock.learn(answer.headers.get("Date"))
            raise

    def _fault(self, call: Call[T], error: Exception, *, arrived: bool = True) -> NxlinkTransportError:
        """Name what kept the answer from coming. Without ``arrived`` the request certainly did nothing."""
        # The libraries quote what came instead of an answer, which may be 64 KiB of anything.
        reason = excerpt(str(error), self._secrets, 2000) or "no reason given"
        said = f"{call.name}: {self.account.base_url}: {type(error).__name__}"
        fault = NxlinkTransportError(
            f"{said}: {reason}",
            outcome_unknown=call.is_write and arrived,
            # Where nothing came, there is nothing that the library could quote.
            brief=said if arrived else None,
        )
        fault.permanent = certificate_refused(error)
        return fault

    @staticmethod
    def _reader(call: Call[T], headers: Mapping[str, str]) -> BodyReader:
        return BodyReader(call, headers.get("Content-Encoding"), MAX_ANSWER_BYTES)

    def _too_slow(self, call: Call[T]) -> NxlinkTransportError:
        return NxlinkTransportError(
            f"{call.name}: the answer was not complete after {self._longest:g} s", call.is_write
        )

    @property
    def _connect_timeout(self) -> float:
        return min(self.account.timeout, MAX_CONNECT_TIMEOUT)

    @property
    def _longest(self) -> float:
        return self.account.timeout * MAX_TIMEOUTS

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy as a client of its own; pickle without the secret, see :class:`.Account`."""
        return partial(type(self), attempts=self._attempts), (self.account,)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.account.base_url} phone={self.account.phone}>"


def certificate_refused(error: BaseException | None) -> bool:
    """Say whether it was the server's certificate that we did not accept, before anything was sent."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None
