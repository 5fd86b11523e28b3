"""The control API under ``/_sandbox/``: how a test outside this process steers the sandbox."""

from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse

from airflow_provider_nxlink.sandbox import shapes
from airflow_provider_nxlink.sandbox.access import JSON
from airflow_provider_nxlink.sandbox.faults import KINDS, Fault
from airflow_provider_nxlink.sandbox.gateway import CONTROL
from airflow_provider_nxlink.sandbox.orders import (
    ClockOrder,
    FaultOrder,
    ReceivedQuery,
    ReferencesOrder,
    SeedOrder,
    StatusOrder,
    SwitchesOrder,
)
from airflow_provider_nxlink.sandbox.received import Received
from airflow_provider_nxlink.sandbox.settings import FORMS
from airflow_provider_nxlink.sandbox.state import State
from airflow_provider_nxlink.sandbox.store import Template

DESCRIPTION = f"""\
The control API of the NXLink sandbox. Unsigned JSON; every change counts from the next call on.

GET    /_sandbox/health      {{"status": "ok"}}
GET    /_sandbox/templates   every template, with its status
POST   /_sandbox/templates   [body, …]: put templates there without review (keys of a create body,
                             and id, status, quality, waRejectedReason, category, created_at,
                             updated_at, components: raw ones of the details, of any kind)
PUT    /_sandbox/templates   the same, replacing those of the same name and language
POST   /_sandbox/status      {{"name", "language", "status", "reason", "category", "quality", "phone"}}
GET    /_sandbox/received    calls that came in; ?path= &method= &endpoint= choose
GET    /_sandbox/counts      how many calls per endpoint
GET    /_sandbox/switches    all switches and shapes
PATCH  /_sandbox/switches    {{"approve_after": 0, "create": "null", …}}
GET    /_sandbox/faults      what is ordered and has not happened
POST   /_sandbox/faults      {{"kind", "endpoint", "method", "path", "times", "skip", "when", "seconds",
                             "status", "headers", "body", "code", "field", "size", "value"}}:
                             answers with its id
DELETE /_sandbox/faults      withdraw all; /_sandbox/faults/ID withdraws one
GET    /_sandbox/clock       {{"wall", "now", "skew", "passed"}}
POST   /_sandbox/clock       {{"shift": s}} sets how far the server's clock (Date, ts) is ahead;
                             {{"advance": s}} lets time pass for reviews, limits and handles
POST   /_sandbox/references  {{"tags": [name], "flows": [{{"id": …}}], "templates": {{id: name}}}}
POST   /_sandbox/reset       back to how it started
GET    /_sandbox/openapi.json  the seven calls and these orders, as OpenAPI

Calls that change something need Content-Type: application/json. Calls whose Host or Origin is not the
sandbox's are refused, so that web pages cannot use this API.

Endpoints: list, create, update, details, delete, flows, upload.
Fault kinds:
{chr(10).join(f"  {kind}: {text}" for kind, text in KINDS.items())}
Shapes, the default first:
{chr(10).join(f"  {key}: {' | '.join(forms)}" for key, forms in FORMS.items())}
"""


Says = dict[int | str, dict[str, Any]]


def _says(model: Any) -> Says:
    return {200: {"model": model}}


router = APIRouter(prefix=CONTROL, responses={"4XX": {"model": dict[str, str], "description": "Not done"}})


@router.get("", include_in_schema=False)
@router.get("/", response_class=PlainTextResponse)
async def describe() -> Response:
    """Answer what there is."""
    return PlainTextResponse(DESCRIPTION)


@router.get("/health", responses=_says(dict[str, str]))
async def health() -> Response:
    """Answer that calls are answered."""
    return answer({"status": "ok"})


@router.get("/templates", responses=_says(list[dict[str, Any]]))
async def templates(request: Request) -> Response:
    """Answer every template."""
    return _done(request, _templates)


@router.post("/templates", responses=_says(dict[str, list[int]]))
async def seed(request: Request, bodies: list[SeedOrder]) -> Response:
    """Put templates there without review."""
    rows = [body.model_dump(exclude_unset=True) for body in bodies]
    return _done(request, lambda state: {"ids": state.seed(rows)})


@router.put("/templates", responses=_says(dict[str, list[int]]))
async def put(request: Request, bodies: list[SeedOrder]) -> Response:
    """Put templates there without review, replacing those of the same name and language."""
    rows = [body.model_dump(exclude_unset=True) for body in bodies]
    return _done(request, lambda state: {"ids": state.seed(rows, replace=True)})


@router.post("/status", responses=_says(type(None)))
async def set_status(request: Request, order: StatusOrder) -> Response:
    """Put a template into a status."""
    return _done(request, lambda state: state.set_status(**order.given()))


@router.get("/received", responses=_says(list[Received]))
async def received(request: Request, wanted: Annotated[ReceivedQuery, Query()]) -> Response:
    """Answer the calls that came in."""
    return _done(request, lambda state: [asdict(call) for call in state.received(**wanted.given())])


@router.get("/counts", responses=_says(dict[str, int]))
async def counts(request: Request) -> Response:
    """Answer how many calls came in."""
    return _done(request, lambda state: dict(state.counts))


@router.get("/switches", responses=_says(dict[str, Any]))
async def switches(request: Request) -> Response:
    """Answer all switches."""
    return _done(request, lambda state: state.switches.as_dict())


@router.patch("/switches", responses=_says(type(None)))
async def switch(request: Request, order: SwitchesOrder) -> Response:
    """Change switches."""
    return _done(request, lambda state: state.switch(**order.given()))


@router.get("/faults", responses=_says(list[Fault]))
async def faults(request: Request) -> Response:
    """Answer the faults ordered."""
    return _done(request, lambda state: [asdict(fault) for fault in state.faults.standing])


@router.post("/faults", responses=_says(dict[str, int]))
async def inject(request: Request, order: FaultOrder) -> Response:
    """Order a fault."""
    return _done(request, lambda state: {"id": state.faults.add(Fault(**order.given())).id})


@router.delete("/faults", responses=_says(type(None)))
async def withdraw_all(request: Request) -> Response:
    """Withdraw all faults."""
    return _done(request, lambda state: state.faults.withdraw())


@router.delete("/faults/{fault_id}", responses=_says(type(None)))
async def withdraw(request: Request, fault_id: int) -> Response:
    """Withdraw one fault."""
    return _done(request, lambda state: state.faults.withdraw(fault_id))


@router.get("/clock", responses=_says(dict[str, float]))
async def clock(request: Request) -> Response:
    """Answer the time."""
    return _done(request, _clock)


@router.post("/clock", responses=_says(dict[str, float]))
async def move_clock(request: Request, order: ClockOrder) -> Response:
    """Move the clock."""
    return _done(request, lambda state: _move_clock(state, **order.given()))


@router.post("/references", responses=_says(type(None)))
async def references(request: Request, order: ReferencesOrder) -> Response:
    """Add what may be referred to."""
    return _done(request, lambda state: state.references.add(**order.given()))


@router.post("/reset", responses=_says(type(None)))
async def reset(request: Request) -> Response:
    """Return to how it started."""
    return _done(request, lambda state: state.reset())


def refused(request: Request, error: Exception) -> Response:
    """Answer that an order is none, and why."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    text = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in problems)
    return answer({"error": text or str(error)}, HTTPStatus.BAD_REQUEST)


def answer(content: Any, status: int = HTTPStatus.OK) -> Response:
    """Return an answer of the control API."""
    return Response(shapes.encoded(content), status, media_type=JSON)


def _done(request: Request, work: Callable[[State], Any]) -> Response:
    state: State = request.app.state.sandbox
    try:
        with state.lock:
            return answer(work(state))
    except (ValueError, TypeError, KeyError) as error:
        return refused(request, error)


def _templates(state: State) -> list[dict[str, Any]]:
    state.settle()
    plain = {key: forms[0] for key, forms in FORMS.items()}
    offset = state.switches.utc_offset_hours
    return [
        {**template.body, **shapes.row(template, plain, offset), **_raw(template)} for template in state.store
    ]


def _raw(template: Template) -> dict[str, Any]:
    return {} if template.components is None else {"components": template.components}


def _clock(state: State) -> dict[str, float]:
    clock = state.clock
    return {"wall": clock.wall(), "now": clock.now(), "skew": clock.skew, "passed": clock.passed}


def _move_clock(state: State, shift: float | None = None, advance: float = 0) -> dict[str, float]:
    if shift is not None:
        state.clock.shift(shift)
    state.clock.advance(advance)
    return _clock(state)
