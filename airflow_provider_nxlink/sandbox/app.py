"""The routes: the service's seven calls, and HTML for whatever is none of them."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from python_multipart.exceptions import FormParserError
from starlette.exceptions import HTTPException

from airflow_provider_nxlink.sandbox import control, openapi, shapes
from airflow_provider_nxlink.sandbox.access import HostPolicy
from airflow_provider_nxlink.sandbox.auth import Verdict
from airflow_provider_nxlink.sandbox.codes import (
    HEADER_MISSING,
    NO_PERMISSION,
    NO_WHATSAPP_APP,
    SUCCESS,
    RefusalError,
)
from airflow_provider_nxlink.sandbox.gateway import CONTROL, DOUBLE_SLASH_UPLOAD, ENDPOINTS, Gateway
from airflow_provider_nxlink.sandbox.service import Service
from airflow_provider_nxlink.sandbox.state import State

Handler = Callable[..., Awaitable[Response]]

BAD_REQUEST = 400  # what Starlette says of a body it cannot read
NOT_FOUND = "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"


router = APIRouter()


def create_app(state: State, hosts: HostPolicy) -> Gateway:
    """Return the ASGI application that serves ``state``; ``hosts`` says who may use the control API."""
    app = FastAPI(
        openapi_url=f"{CONTROL}/openapi.json", docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.openapi = lambda: openapi.document(state, control.router.routes)  # type: ignore[method-assign]
    app.state.sandbox = state
    app.state.service = Service(state)
    app.include_router(router)
    app.include_router(control.router)
    app.add_exception_handler(HTTPException, _not_found)
    app.add_exception_handler(RequestValidationError, control.refused)
    return Gateway(app, state, hosts)


def _route(name: str, path: str = "") -> Callable[[Handler], Handler]:
    endpoint = ENDPOINTS[name]
    return router.api_route(path or endpoint.path, methods=[endpoint.method], name=name)


@_route("list")
async def list_templates(request: Request, phone: str) -> Response:
    """Answer the list of templates."""
    return _answer(request, phone, lambda service: service.list_templates(phone, request.url.query))


@_route("create")
async def create_template(request: Request, phone: str) -> Response:
    """Answer a create."""
    body = await request.body()
    return _answer(request, phone, lambda service: service.create_template(phone, body))


@_route("update")
async def update_template(request: Request, phone: str) -> Response:
    """Answer an update."""
    body = await request.body()
    return _answer(request, phone, lambda service: service.update_template(phone, body))


@_route("details")
async def template_details(request: Request, phone: str, template_id: str) -> Response:
    """Answer a template's details."""
    query = request.url.query
    return _answer(request, phone, lambda service: service.template_details(phone, template_id, query))


@_route("delete")
async def delete_template(request: Request, phone: str, template_id: str) -> Response:
    """Answer a delete."""
    query = request.url.query
    return _answer(request, phone, lambda service: service.delete_template(phone, template_id, query))


@_route("flows")
async def list_flows(request: Request, phone: str) -> Response:
    """Answer the list of flows."""
    return _answer(request, phone, lambda service: service.list_flows(request.url.query))


@_route("upload")
@_route("upload", DOUBLE_SLASH_UPLOAD)
async def upload_media(request: Request, phone: str) -> Response:
    """Answer an upload, on the one path that is switched on."""
    wanted = request.app.state.sandbox.switches.shape["media_path"]
    if ("//" in request.url.path) != (wanted == "double"):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    url = await _form_url(request)
    return _answer(request, phone, lambda service: service.upload_media(url))


def _not_found(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == BAD_REQUEST:
        return control.refused(
            request, error
        )  # a body that cannot be read: only the control API has them read
    return HTMLResponse(NOT_FOUND, HTTPStatus.NOT_FOUND)


def _answer(request: Request, phone: str, work: Callable[[Service], Any]) -> Response:
    state: State = request.app.state.sandbox
    with state.lock:
        shape, status = state.switches.shape, 200
        try:
            _check_access(state, request.state.verdict, phone)
            state.settle()
            content = shapes.envelope(SUCCESS, work(request.app.state.service), shape)
            state.save()
        except RefusalError as refusal:
            content = shapes.envelope(refusal.code, None, shape, refusal.detail)
            if HEADER_MISSING <= refusal.code <= NO_PERMISSION:
                status = state.switches.auth_http_status
        return Response(shapes.encoded(content), status, media_type="application/json")


def _check_access(state: State, verdict: Verdict, phone: str) -> None:
    if verdict.code != SUCCESS:
        raise RefusalError(verdict.code, verdict.detail)
    if phone not in state.account.phones:
        raise RefusalError(NO_PERMISSION, "this accessKey may not act for this phone")
    if not state.switches.app_configured:
        raise RefusalError(NO_WHATSAPP_APP)


async def _form_url(request: Request) -> object:
    try:
        async with request.form() as form:
            return form.get("url")
    except HTTPException as error:
        if error.status_code != BAD_REQUEST:
            raise
        return None
    except FormParserError:  # older Starlettes let the parser's own error through
        return None
