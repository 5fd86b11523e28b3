"""What the control API takes: the bodies and queries of its orders, checked before anything is done."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, create_model

from airflow_provider_nxlink.sandbox.faults import KINDS
from airflow_provider_nxlink.sandbox.gateway import ENDPOINTS
from airflow_provider_nxlink.sandbox.reviews import CATEGORIES
from airflow_provider_nxlink.sandbox.settings import FORMS, NUMBERS, Switches

# Some thirty years: what is farther off no clock here can tell.
FAR = 1_000_000_000

Seconds = Annotated[float, Field(ge=0, le=FAR)]
# From the year 1 to 9999.
Moment = Annotated[float, Field(ge=-62_135_596_800, le=253_402_300_799)]
Time = Annotated[float, Field(ge=0)] | Literal["inf"]
Number = Annotated[int, Field(ge=0, le=10**18 - 1)]


def _header_value(text: str) -> str:
    if any(not (char == "\t" or " " <= char <= "~" or "\xa0" <= char <= "\xff") for char in text):
        raise ValueError("a header's value is of printable Latin-1 characters")
    return text


HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderValue = Annotated[str, AfterValidator(_header_value)]


class Order(BaseModel):
    """An order with the fields below, and no others."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Return the fields that were given."""
        return self.model_dump(exclude_unset=True)


class SeedOrder(BaseModel):
    """A template to put there: keys of a create body or of a list's row, and what became of it."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1)
    language: str = Field(min_length=1)
    id: Number | None = None
    status: Number = 2
    quality: str | None = None
    waRejectedReason: str | None = None  # noqa: N815 - as the service spells it
    category: str | None = None
    category_type: Number = 1
    created_at: Moment | str | None = None
    updated_at: Moment | str | None = None
    components: list[Any] | None = None


class StatusOrder(Order):
    """Which template becomes what."""

    name: str
    language: str
    status: Number
    reason: str = ""
    category: Literal[tuple(CATEGORIES.values())] | None = None  # type: ignore[valid-type]
    quality: str | None = None
    phone: str | None = None


class FaultOrder(Order):
    """What goes wrong, for which calls, how often; see :class:`faults.Fault`."""

    kind: Literal[tuple(KINDS)]  # type: ignore[valid-type]
    endpoint: Literal[tuple(ENDPOINTS)] | None = None  # type: ignore[valid-type]
    method: str | None = None
    path: str | None = None
    times: Number = 1
    skip: Number = 0
    when: Literal["before", "after"] = "before"
    seconds: Seconds = 0.0
    status: int = Field(500, ge=200, le=599)
    headers: dict[HeaderName, HeaderValue] = {}
    body: str = ""
    code: int = Field(-1, ge=-FAR, le=FAR)
    field: str | None = None
    size: int = Field(0, ge=0, le=1_000_000)
    value: JsonValue = None


class ClockOrder(Order):
    """How far the server's clock is ahead, and how much time passes."""

    shift: float | None = Field(None, ge=-FAR, le=FAR)
    advance: Seconds = 0


class FlowOrder(BaseModel):
    """A flow: its id, and whatever differs from the flow of the vendor's page."""

    model_config = ConfigDict(extra="allow")

    id: str | Number


class ReferencesOrder(Order):
    """What may be referred to besides what is there."""

    tags: list[str] | None = None
    flows: list[FlowOrder] | None = None
    templates: dict[Annotated[str, Field(pattern="^[0-9]{1,18}$")], str] | None = None


class ReceivedQuery(Order):
    """Which of the calls that came in."""

    path: str | None = None
    method: str | None = None
    endpoint: str | None = None


_ANY: dict[str, Any] = {
    "shape": (dict[str, str], {}),
    "review": (list[str] | str, []),
    **{key: (bool, False) for key, kind in Switches.__annotations__.items() if kind is bool},
    **{
        key: (Time if high == math.inf else Annotated[kind, Field(ge=low, le=high)], low)
        for key, (kind, low, high) in NUMBERS.items()
    },
    **{key: (Literal[forms], forms[0]) for key, forms in FORMS.items()},
}
SwitchesOrder: type[Order] = create_model("SwitchesOrder", __base__=Order, **_ANY)
SwitchesOrder.__doc__ = "Switches and shapes to change, by their keys."
