"""What can go wrong between us and NXLink, one class for each thing a caller can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.models import Template

SUCCESS = 0
SERVER_FAULT = -1
CLOCK_SKEW = 1004


class NxlinkError(Exception):
    """Base of everything this package raises about the NXLink API."""

    #: True when the same request, sent again, would fail again.
    permanent = False
    #: True when NXLink itself said so, in its own envelope; False for anything that a gateway, a proxy or the
    #: network may have said instead. Only then can a poll believe ``permanent``.
    from_envelope = False
    #: What kind of response came instead of NXLink's envelope, such as ``"an HTML page"``; None when it was
    #: NXLink's, or when none came.
    foreign: str | None = None
    _brief: str | None = None

    @property
    def brief(self) -> str:
        """What happened, without a word of a response that was not NXLink's own."""
        return self._brief or str(self)


class NxlinkApiError(NxlinkError):
    """
    NXLink answered, and the answer was not success.

    :param code: NXLink's result code; None when the answer carried none that can be read.
    :param message: NXLink's own words, cleaned of secrets; may be localised, so never match on it.
    :param trace_id: what NXLink's support asks for; None when absent.
    :param http_status: HTTP status of the answer.
    :param call: what was asked, in words (``"create template"``).
    """

    advice = "NXLink's support can look the traceId up"

    def __init__(
        self,
        code: int | None,
        message: str = "",
        trace_id: str | None = None,
        http_status: int | None = None,
        *,
        call: str = "the call",
    ) -> None:
        self.code = code
        self.message = message
        self.trace_id = trace_id
        self.http_status = http_status
        self.call = call
        super().__init__(code, message, trace_id, http_status)

    def __str__(self) -> str:
        """Say what was asked, what NXLink answered, and what to do next."""
        answered = f"{self._kind()} ({self.code if self.code is not None else 'no code'}): {self.call}"
        if self.message:
            answered += f": {self.message}"
        where = ", ".join(
            part
            for part in (
                f"HTTP {self.http_status}" if self.http_status not in (None, 200) else "",
                f"traceId {self.trace_id}" if self.trace_id else "no traceId",
            )
            if part
        )
        return f"{answered} [{where}]. {ADVICE.get(self.code, self.advice)}."

    def _kind(self) -> str:
        return "NXLink refused"

    @property
    def brief(self) -> str:
        """What happened, without a word of a response that was not NXLink's own."""
        if self.from_envelope:
            return str(self)
        message = f"the response is {self.foreign}, not NXLink's" if self.foreign else ""
        return str(type(self)(self.code, message, None, self.http_status, call=self.call))

    @property
    def permanent(self) -> bool:  # type: ignore[override]
        """True when the same request, sent again, would fail again."""
        if self.code in (SERVER_FAULT, CLOCK_SKEW):
            return False
        # A code we know says more than the HTTP status it came under.
        return self.code in KINDS or (self.http_status or 0) < 500


class NxlinkAuthError(NxlinkApiError):
    """Codes 1000 to 1009 but for 1002 and 1004: the key, the secret, or what they may do."""

    advice = "Check the connection's login (accessKey) and password (accessSecret)"

    def _kind(self) -> str:
        return "authentication failed"


class NxlinkClockSkewError(NxlinkApiError):
    """Code 1004, and it stayed after the clock was corrected once: nothing was done."""

    def _kind(self) -> str:
        return "timestamp expired"


class NxlinkRequestError(NxlinkApiError):
    """Codes 1002 and 22072: NXLink does not accept what was asked."""

    advice = "Check the template's fields and what they refer to"

    def _kind(self) -> str:
        return "bad request"


class NxlinkNotConfiguredError(NxlinkApiError):
    """Code 22016: the merchant has no WhatsApp app configured."""

    def _kind(self) -> str:
        return "not configured"


class NxlinkTransportError(NxlinkError):
    """
    No answer that can be believed: refused, reset, timed out, cut off, or not NXLink's.

    :param message: what happened, cleaned of secrets.
    :param outcome_unknown: True when a write may have been carried out all the same. Look the
        template up by (name, language) before sending it again.
    :param brief: the same without a word of what came, where ``message`` quotes it.
    """

    def __init__(self, message: str, outcome_unknown: bool = False, *, brief: str | None = None) -> None:
        self.outcome_unknown = outcome_unknown
        if brief is not None:
            self._brief = brief
        super().__init__(message, outcome_unknown)

    def __str__(self) -> str:
        """Say what happened and, for a write, that its outcome is open."""
        message = str(self.args[0])
        if self.outcome_unknown:
            message += ". NXLink may have carried it out: look before sending it again"
        return message


class NxlinkRateLimitError(NxlinkError):
    """
    HTTP 429: too many requests, and waiting as long as we may did not help. Nothing was done.

    :param message: what was asked.
    :param retry_after: seconds NXLink asked us to wait; None when it did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message, retry_after)

    def __str__(self) -> str:
        """Say what was asked and how long to wait."""
        wait = "" if self.retry_after is None else f"; NXLink asks to wait {self.retry_after:.0f} s"
        return f"{self.args[0]}{wait}"


class TemplateNotFoundError(NxlinkError):
    """There is no such template."""

    permanent = True


class TemplateExistsError(NxlinkError):
    """
    There is one with this name and language already, and a sender can have only one.

    :param template: the one that is there.
    """

    permanent = True

    def __init__(self, template: Template) -> None:
        self.template = template
        super().__init__(template)

    def __str__(self) -> str:
        """Say what is there, and the ways out."""
        there = self.template
        return (
            f"template {there.name} ({there.language}) exists already: id {there.id}, "
            f"status {there.status} ({there.status_name}). Update or apply it, give the new one another "
            'name, or say if_exists="skip" to take it as it is'
        )


# The vendor's page, "Response Codes", and its page on common authentication.
KINDS: dict[int, type[NxlinkApiError]] = {
    **dict.fromkeys(range(1000, 1010), NxlinkAuthError),
    1002: NxlinkRequestError,
    CLOCK_SKEW: NxlinkClockSkewError,
    22016: NxlinkNotConfiguredError,
    22072: NxlinkRequestError,
}

ADVICE: dict[int | None, str] = {
    SERVER_FAULT: "NXLink calls this a failure of its own: ask its support, with the traceId",
    1001: "A common header did not arrive: check for a proxy between here and the connection's host",
    1002: "NXLink did not accept the common headers or parameters: check phone and tenant_id",
    1003: "The signature does not fit: check the connection's password (accessSecret) and algorithm",
    CLOCK_SKEW: "The clocks differ by more than 60 s: check this machine's clock",
    1005: "Check the connection's login (accessKey), and that it may use this phone and tenant_id",
    22016: "Configure a WhatsApp app for this merchant in NXLink's console",
    22072: "Check the template's fields, and that each tag, flow and template it names exists",
}


def error_for(
    code: int | None, message: str, trace_id: str | None, http_status: int, *, call: str
) -> NxlinkApiError:
    """Return the error that stands for NXLink's ``code``; an unknown code is a plain NxlinkApiError."""
    if code is None and http_status in (401, 403):
        return NxlinkAuthError(code, message, trace_id, http_status, call=call)
    kind = NxlinkApiError if code is None else KINDS.get(code, NxlinkApiError)
    return kind(code, message, trace_id, http_status, call=call)
