"""How waits treat errors and their connection, the same on a worker and in the triggerer."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.providers.common.compat.sdk import AirflowNotFoundException, conf

from airflow_provider_nxlink import api
from airflow_provider_nxlink.api.errors import NxlinkAuthError, NxlinkError
from airflow_provider_nxlink.api.waiting import Grace

if TYPE_CHECKING:
    from airflow_provider_nxlink.hooks.nxlink import NxlinkHook

log = logging.getLogger(__name__)

T = TypeVar("T")

CONFIG_SECTION = "nxlink"
DEFAULT_AUTH_GRACE_MINUTES = 90.0


class AccountChangedError(NxlinkError):
    """
    The connection leads to another account than the one a wait began on.

    :param connection: the connection's id.
    :param began: the identity of the wait's account.
    :param now: the identity of the account that the connection leads to.
    """

    permanent = True

    def __init__(self, connection: str, began: str, now: str) -> None:
        self.connection, self.began, self.now = connection, began, now
        super().__init__(connection, began, now)

    def __str__(self) -> str:
        """Name both accounts and the ways out."""
        return (
            f"connection {self.connection!r} now leads to another account: the wait began on {self.began}, "
            f"the connection leads to {self.now}. Point the connection back, or clear the task to wait on "
            "the new account"
        )


class PollFailedError(NxlinkError):
    """One poll of a wait failed; the wait goes on."""


class Reaction(Enum):
    """What an error in a poll means to a wait."""

    #: Poll again: the error may pass.
    RETRY = "retry"
    #: Poll again for as long as ``[nxlink] auth_grace`` says, unless it is the wait's first look.
    GRACE = "grace"
    #: End the wait: NXLink itself refuses the call.
    END = "end"


def reaction_to(error: Exception) -> Reaction:
    """
    Return what ``error`` means to a wait.

    Only NXLink's own envelope is believed: what a gateway or a proxy answers (an HTML page, a redirect, 403,
    404, 408) says nothing about the wait. Credentials may be rotated and a connection may be mended, so
    refused credentials and unusable connections have a grace.
    """
    if isinstance(error, (api.account.AccountError, AccountChangedError, AirflowNotFoundException)):
        return Reaction.GRACE
    if not isinstance(error, NxlinkError) or not (error.permanent and error.from_envelope):
        return Reaction.RETRY
    return Reaction.GRACE if isinstance(error, NxlinkAuthError) else Reaction.END


def is_expected(error: Exception) -> bool:
    """Say whether ``error`` is one that polls meet; any other one is worth a traceback."""
    return isinstance(error, (NxlinkError, api.account.AccountError, AirflowNotFoundException))


def auth_grace() -> float:
    """
    Return the seconds that ``[nxlink] auth_grace`` gives a wait.

    A value that is not a number of minutes, 0 or more, is logged and the default is used: the triggerer must
    not fail over a setting.
    """
    text = conf.get(CONFIG_SECTION, "auth_grace", fallback=str(DEFAULT_AUTH_GRACE_MINUTES))
    try:
        minutes = float(text)
    except (TypeError, ValueError):
        minutes = math.nan
    if not 0 <= minutes < math.inf:
        log.warning(
            "[nxlink] auth_grace: %r is not a number of minutes, 0 or more; using %g",
            text,
            DEFAULT_AUTH_GRACE_MINUTES,
        )
        minutes = DEFAULT_AUTH_GRACE_MINUTES
    return minutes * 60


class WorkerPoll:
    """
    The polls of one wait on a worker.

    The first one raises every error. Later ones look the connection up again, stay with the account of the
    first, and raise only what ends the wait.

    :param hook: the hook of the wait's connection.
    :param logger: where failed polls are logged.
    :param state: what :attr:`state` returned in an earlier process of the same wait; None for a new wait.
    :param clock: seconds; a clock of the machine where a wait outlives its process.
    """

    def __init__(
        self,
        hook: NxlinkHook,
        logger: Any,
        state: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        kept = dict(state or {})
        #: The identity of the account the wait began on; None when not known yet.
        self.account: str | None = kept.get("account")
        self._hook = hook
        self._log = logger
        self._clock = clock
        self._looked = state is not None
        self._grace = Grace(int(kept.get("failures") or 0), kept.get("failing_since"))
        self._failing = False

    @property
    def state(self) -> dict[str, Any]:
        """What a later process needs to go on with this wait: plain JSON without a secret."""
        return {
            "account": self.account,
            "failures": self._grace.failures,
            "failing_since": self._grace.since,
        }

    def poll(self, read: Callable[[], T]) -> T:
        """
        Return what ``read`` returns.

        :param read: asks NXLink through the hook.
        :raises PollFailedError: this poll failed, and the wait goes on.
        """
        try:
            if self._looked:
                self._hook.reload()
            account = self._hook.account.identity
            self._check(account)
            found = read()
        except Exception as error:
            if not self._looked or self._ends(error):
                raise
            raise PollFailedError(str(error)) from error
        if self._failing:
            self._log.info("Polling recovered")
        self.account, self._looked, self._failing = account, True, False
        self._grace = Grace()
        return found

    def _check(self, account: str) -> None:
        if self.account not in (None, account):
            raise AccountChangedError(self._hook.nxlink_conn_id, str(self.account), account)

    def _ends(self, error: Exception) -> bool:
        reaction = reaction_to(error)
        if reaction is Reaction.END or (
            reaction is Reaction.GRACE and self._grace.is_over(auth_grace(), self._clock())
        ):
            return True
        if not self._failing:
            self._log.warning(
                "Polling failed, will retry: %s", error, exc_info=None if is_expected(error) else error
            )
        self._failing = True
        return False
