"""Errors as Airflow sees them: the base class of each is chosen by what a retry would do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowFailException

try:
    from airflow.sdk.exceptions import TaskDeferralTimeout
except ImportError:
    try:  # Airflow 3.0
        from airflow.exceptions import TaskDeferralTimeout  # type: ignore[no-redef]
    except ImportError:  # Airflow 2, where only the text tells a timeout from another failure
        from airflow.exceptions import TaskDeferralError as TaskDeferralTimeout  # type: ignore[no-redef]

from airflow_provider_nxlink.api.errors import NxlinkError

__all__ = [
    "NxlinkTemplateFailedError",
    "TaskDeferralTimeout",
    "deferral_timed_out",
    "failing_without_retry",
]


class NxlinkTemplateFailedError(AirflowFailException):
    """
    The verdict on a template: it will not come to be in use by waiting.

    Never retried, as the next try would read the same verdict; a skip under ``soft_fail``. The message
    carries WhatsApp's reason where NXLink gives one.
    """


def deferral_timed_out(error: BaseException) -> bool:
    """Say whether a deferral ended because its timeout was over."""
    return isinstance(error, TaskDeferralTimeout) and "timeout" in str(error).lower()


@contextmanager
def failing_without_retry() -> Iterator[None]:
    """Turn what the next try would meet again into ``AirflowFailException``; let the rest through."""
    try:
        yield
    except ValueError as error:
        # An argument or a connection, as rendered: AccountError and TemplateSpecError are such.
        raise AirflowFailException(str(error)) from error
    except NxlinkError as error:
        if not error.permanent:
            raise
        raise AirflowFailException(str(error)) from error
