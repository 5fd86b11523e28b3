"""The control API under ``/_sandbox/``: how a test outside this process steers the sandbox."""

from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from airflow_provider_nxlink.sandbox import shapes
from airflow_provider_nxlink.sandbox.faults import KINDS, Fault
from airflow_provider_nxlink.sandbox.gateway import CONTROL
from airflow_provider_nxlink.sandbox.settings import SHAPES
from airflow_provider_nxlink.sandbox.state import State

DESCRIPTION = f"""\
The control API of the NXLink sandbox. Unsigned JSON; every change counts from the next call on.

GET    /_sandbox/health      {{"status": "ok"}}
GET    /_sandbox/templates   every template, with its status
POST   /_sandbox/templates   [body, …]: put templates there without review (keys of a create body,
                             and id, status, quality, waRejectedReason)
POST   /_sandbox/status      {{"name", "language", "status", "reason", "category", "quality", "phone"}}
GET    /_sandbox/received    calls that came in; ?path= &method= &endpoint= choose
GET    /_sandbox/counts      how many calls per endpoint
GET    /_sandbox/switches    all switches and shapes
PATCH  /_sandbox/switches    {{"approve_after": 0, "create": "null", …}}
GET    /_sandbox/faults      what is ordered and has not happened
POST   /_sandbox/faults      {{"kind", "endpoint", "method", "path", "times", "skip", "when", "seconds",
                             "status", "headers", "body", "code"}}: answers with its id
DELETE /_sandbox/faults      withdraw all; /_sandbox/faults/ID withdraws one
GET    /_sandbox/clock       {{"wall", "now", "skew", "passed"}}
POST   /_sandbox/clock       {{"shift": s}} sets how far the server's clock (Date, ts) is ahead;
                             {{"advance": s}} lets time pass for reviews, limits and handles
POST   /_sandbox/references  {{"tags": [name], "flows": [{{"id": …}}], "templates": {{id: name}}}}
POST   /_sandbox/reset       back to how it started

Endpoints: list, create, update, details, delete, flows, upload.
Fault kinds:
{chr(10).join(f"  {kind}: {text}" for kind, text in KINDS.items())}
Shapes, the default first:
{chr(10).join(f"  {key}: {' | '.join(forms)}" for key, forms in SHAPES.items())}
"""


router = APIRouter(prefix=CONTROL)


@router.get("")
@router.get("/")
async def describe() -> Response:
    """Answer what there is."""
    return PlainTextResponse(DESCRIPTION)


@router.get("/health")
async def health() -> Response:
    """Answer that calls are answered."""
    return JSONResponse({"status": "ok"})


@router.get("/templates")
async def templates(request: Request) -> Response:
    """Answer every template."""
    return _done(request, _templates)


@router.post("/templates")
async def seed(request: Request, bodies: list[dict[str, Any]]) -> Response:
    """Put templates there without review."""
    return _done(request, lambda state: {"ids": state.seed(bodies)})


@router.post("/status")
async def set_status(request: Request, values: dict[str, Any]) -> Response:
    """Put a template into a status."""
    return _done(request, lambda state: state.set_status(**values))


@router.get("/received")
async def received(request: Request) -> Response:
    """Answer the calls that came in."""
    return _done(request, lambda state: [asdict(call) for call in state.received(**request.query_params)])


@router.get("/counts")
async def counts(request: Request) -> Response:
    """Answer how many calls came in."""
    return _done(request, lambda state: dict(state.counts))


@router.get("/switches")
async def switches(request: Request) -> Response:
    """Answer all switches."""
    return _done(request, lambda state: state.switches.as_dict())


@router.patch("/switches")
async def switch(request: Request, values: dict[str, Any]) -> Response:
    """Change switches."""
    return _done(request, lambda state: state.switch(**values))


@router.get("/faults")
async def faults(request: Request) -> Response:
    """Answer the faults ordered."""
    return _done(request, lambda state: [asdict(fault) for fault in state.faults.standing])


@router.post("/faults")
async def inject(request: Request, values: dict[str, Any]) -> Response:
    """Order a fault."""
    return _done(request, lambda state: {"id": state.faults.add(Fault(**values)).id})


@router.delete("/faults")
@router.delete("/faults/{fault_id}")
async def withdraw(request: Request, fault_id: int | None = None) -> Response:
    """Withdraw one fault or all."""
    return _done(request, lambda state: state.faults.withdraw(fault_id))


@router.get("/clock")
async def clock(request: Request) -> Response:
    """Answer the time."""
    return _done(request, _clock)


@router.post("/clock")
async def move_clock(request: Request, values: dict[str, float]) -> Response:
    """Move the clock."""
    return _done(request, lambda state: _move_clock(state, **values))


@router.post("/references")
async def references(request: Request, values: dict[str, Any]) -> Response:
    """Add what may be referred to."""
    return _done(request, lambda state: state.references.add(**values))


@router.post("/reset")
async def reset(request: Request) -> Response:
    """Return to how it started."""
    return _done(request, lambda state: state.reset())


def _done(request: Request, work: Callable[[State], Any]) -> Response:
    state: State = request.app.state.sandbox
    try:
        with state.lock:
            return JSONResponse(work(state))
    except (ValueError, TypeError, KeyError) as error:
        return JSONResponse({"error": str(error)}, HTTPStatus.BAD_REQUEST)


def _templates(state: State) -> list[dict[str, Any]]:
    state.settle()
    plain = {key: forms[0] for key, forms in SHAPES.items()}
    return [{**template.body, **shapes.row(template, plain)} for template in state.store]


def _clock(state: State) -> dict[str, float]:
    clock = state.clock
    return {"wall": clock.wall(), "now": clock.now(), "skew": clock.skew, "passed": clock.passed}


def _move_clock(state: State, shift: float | None = None, advance: float = 0) -> dict[str, float]:
    if shift is not None:
        state.clock.shift(shift)
    state.clock.advance(advance)
    return _clock(state)
