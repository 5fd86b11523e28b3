"""What the seven calls do, once their signature is accepted."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_nxlink.sandbox import shapes
from airflow_provider_nxlink.sandbox.codes import BAD_PARAMETER, NO_PERMISSION, RefusalError
from airflow_provider_nxlink.sandbox.media import check_media_url, make_media, media_url
from airflow_provider_nxlink.sandbox.reviews import (
    DELETED,
    EXCEEDED_LIMIT,
    IN_USE,
    PAUSED,
    PENDING,
    PENDING_DELETION,
    REJECTED,
    UNAVAILABLE,
    Step,
    plan_review,
)
from airflow_provider_nxlink.sandbox.rules import check_body
from airflow_provider_nxlink.sandbox.state import State
from airflow_provider_nxlink.sandbox.store import Template
from airflow_provider_nxlink.sandbox.texts import stored

NUMBER = re.compile(r"[0-9]{1,18}")

HOUR = 3600
DAY = 24 * HOUR
EDIT_WINDOW_DAYS = 30
EDITS_PER_WINDOW = 10

# Meta: edited only while approved, rejected or paused; a disabled template cannot be deleted.
EDITABLE = {IN_USE, REJECTED, PAUSED}
NOT_DELETABLE = {UNAVAILABLE, PENDING_DELETION, DELETED}
# Statuses that only a template which was approved can be in.
APPROVED = {IN_USE, PAUSED, EXCEEDED_LIMIT}


class Service:
    """The calls, acting on the state. Each returns the answer's ``data`` or raises RefusalError."""

    def __init__(self, state: State) -> None:
        self._state = state

    def list_templates(self, phone: str, query: str) -> Any:
        """Return one page of the sender's templates, newest first."""
        values = self._query(query)
        switches, store = self._state.switches, self._state.store
        number = _positive(values, "page_number")
        size = _positive(values, "page_size")
        if size > switches.max_page_size:
            raise RefusalError(BAD_PARAMETER, f"page_size is over {switches.max_page_size}")
        shape, offset = switches.shape, switches.utc_offset_hours
        name = "" if shape["name_filter"] == "ignored" else values.get("name", "")
        ids = store.listed(phone, name, exact=shape["name_filter"] == "exact")
        sizes = {"kept": size, "doubled": 2 * size, "ignored": max(1, len(ids))}
        size = sizes[shape["page_size"]]
        if shape["paging"] == "endless":
            last = max(1, -(-len(ids) // size))
            rows = self._listed(store.page(ids, min(number, last), size))
            total = len(ids) + number * size
            return shapes.page(rows, total, more=True, shape=shape, offset=offset)
        rows = self._listed(store.page(ids, number, size))
        return shapes.page(rows, len(ids), more=number * size < len(ids), shape=shape, offset=offset)

    def _listed(self, templates: list[Template]) -> list[Template]:
        now, whole_row = self._state.clock.now(), self._state.switches.shape["stale_rows"] == "row"
        return [template.in_list(now, whole_row=whole_row) for template in templates]

    def create_template(self, phone: str, raw: bytes) -> Any:
        """Create a template and send it to review."""
        state = self._state
        body = self._body(raw)
        identity = (phone, body["name"], body["language"])
        if state.store.find(*identity):
            raise RefusalError(BAD_PARAMETER, "a template of this name and language exists")
        if state.name_locks.get(identity, 0) > state.clock.now():
            raise RefusalError(BAD_PARAMETER, "the name of a deleted approved template is still locked")
        now = state.clock.now()
        self._check_limits(now)
        template = Template(
            id=state.store.new_id(),
            phone=phone,
            body=stored(body, state.switches.shape["stored"]),
            category_type=body["category_type"],
            created_at=now,
            updated_at=now,
            visible_at=now + state.switches.visible_after,
        )
        template.steps = self._review(body, now)
        state.store.add(template)
        state.creations.append(now)
        state.store.settle(now)
        return self._written(template, "create")

    def update_template(self, phone: str, raw: bytes) -> Any:
        """Replace the template of this name and language, and send it to review again."""
        state = self._state
        body = self._body(raw)
        template = state.store.find(phone, body["name"], body["language"])
        if not template:
            raise RefusalError(BAD_PARAMETER, "no template of this name and language")
        self._check_edit(template, body)
        now = state.clock.now()
        if template.status == IN_USE:
            template.edits = [*template.edits, now]
        template.keep_listed(now, now + state.switches.update_visible_after)
        template.body = stored(body, state.switches.shape["stored"])
        template.category_type, template.components = body["category_type"], None
        template.status, template.reason, template.updated_at = PENDING, "", now
        template.steps = self._review(body, now)
        state.store.schedule(template)
        state.store.settle(now)
        return self._written(template, "update")

    def template_details(self, phone: str, template_id: str, query: str) -> Any:
        """Return a template's details, None where there is none."""
        self._query(query)
        template = self._state.store.get(phone, _template_id(template_id))
        if not template:
            return None
        state = self._state
        switches = state.switches
        now, offset = state.clock.now(), switches.utc_offset_hours
        return shapes.details(template, switches.shape, state.references, now, offset)

    def delete_template(self, phone: str, template_id: str, query: str) -> Any:
        """Delete a template, at once or after ``delete_after`` seconds."""
        self._query(query)
        state, switches = self._state, self._state.switches
        template = state.store.get(phone, _template_id(template_id))
        if not template:
            raise RefusalError(BAD_PARAMETER, "no template of this id")
        if template.status in NOT_DELETABLE:
            raise RefusalError(BAD_PARAMETER, f"a template in status {template.status} cannot be deleted")
        now = state.clock.now()
        if template.status in APPROVED and switches.name_lock_days:
            state.lock_name(template, now + switches.name_lock_days * DAY)
        template.status, template.updated_at = PENDING_DELETION, now
        template.steps = [Step(now + switches.delete_after, DELETED if switches.keep_deleted else None)]
        answer = self._written(template, "delete")
        state.store.schedule(template)
        state.store.settle(now)
        return answer

    def list_flows(self, query: str) -> Any:
        """Return the flows."""
        self._query(query)
        return {"flow_list": list(self._state.references.flows.values())}

    def upload_media(self, url: object) -> Any:
        """Take in the media at ``url`` (nothing is fetched) and return how to name it in a create."""
        problem = check_media_url(url)
        if problem:
            raise RefusalError(BAD_PARAMETER, problem)
        state = self._state
        shape, now = state.switches.shape, state.clock.now()
        media = make_media(str(url), state.new_media_id(), now)
        state.keep_media(media)
        answer = {
            "media_id": media.media_id,
            "original_filename": media.filename,
            "media_type": media.media_type,
            "url": media_url(media.media_id, now, signed=shape["media_url"] == "signed"),
        }
        return {**answer, "h": media.handle} if shape["upload"] == "with_h" else answer

    def _written(self, template: Template, call: str) -> Any:
        switches = self._state.switches
        return shapes.written(template, switches.shape[call], switches.shape, switches.utc_offset_hours)

    def _check_limits(self, now: float) -> None:
        state, switches = self._state, self._state.switches
        most = switches.max_templates
        if most and sum(1 for one in state.store if one.status != DELETED) >= most:
            raise RefusalError(switches.limit_code, f"the account has {most} templates, which is its limit")
        while state.creations and state.creations[0] <= now - HOUR:
            state.creations.popleft()
        most = switches.creations_per_hour
        if most and len(state.creations) >= most:
            raise RefusalError(
                switches.limit_code, f"{most} templates created within an hour, which is the limit"
            )

    def _query(self, query: str) -> dict[str, str]:
        values = dict(parse_qsl(query, keep_blank_values=True))
        tenant = values.get("tenant_id", "")
        if not NUMBER.fullmatch(tenant):
            raise RefusalError(BAD_PARAMETER, "tenant_id is missing or not a number")
        self._check_tenant(int(tenant))
        return values

    def _check_tenant(self, tenant_id: int) -> None:
        if tenant_id not in self._state.account.tenant_ids:
            raise RefusalError(NO_PERMISSION, "this accessKey may not act for this tenant_id")

    def _body(self, raw: bytes) -> dict[str, Any]:
        try:
            body = json.loads(raw, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise RefusalError(BAD_PARAMETER, "the body is not JSON") from error
        if not isinstance(body, dict):
            raise RefusalError(BAD_PARAMETER, "the body is not a JSON object")
        state = self._state
        problems = check_body(body, state.references if state.switches.strict_references else None)
        if state.switches.strict_media and not problems:
            problems = state.media_problems(body)
        if problems:
            raise RefusalError(BAD_PARAMETER, "; ".join(problems))
        self._check_tenant(body["tenant_id"])
        return body

    def _review(self, body: dict[str, Any], now: float) -> list[Step]:
        # What is not synchronised never reaches Meta, so no verdict ever comes.
        if body.get("syn_meta") is False:
            return []
        switches = self._state.switches
        return plan_review(body["name"], body["language"], now, switches.approve_after, switches.review)

    def _check_edit(self, template: Template, body: dict[str, Any]) -> None:
        unseen_by_meta = template.body.get("syn_meta") is False and template.status == PENDING
        if template.status not in EDITABLE and not unseen_by_meta:
            raise RefusalError(BAD_PARAMETER, f"a template in status {template.status} cannot be edited")
        if template.status != IN_USE:
            return
        if body["category_type"] != template.category_type:
            raise RefusalError(BAD_PARAMETER, "the category of an approved template cannot change")
        per_day, now = self._state.switches.edits_per_day, self._state.clock.now()
        limits = ((1, per_day), (EDIT_WINDOW_DAYS, EDITS_PER_WINDOW)) if per_day else ()
        for days, most in limits:
            if sum(edit > now - days * DAY for edit in template.edits) >= most:
                raise RefusalError(BAD_PARAMETER, f"edited {most} times in {days} days, which is the limit")


def _positive(values: dict[str, str], key: str) -> int:
    text = values.get(key, "")
    if not (NUMBER.fullmatch(text) and int(text) > 0):
        raise RefusalError(BAD_PARAMETER, f"{key} is missing or not a number from 1 up")
    return int(text)


def _template_id(text: str) -> int:
    if not NUMBER.fullmatch(text):
        raise RefusalError(BAD_PARAMETER, "the template id is not a number")
    return int(text)


def _no_constant(name: str) -> None:
    raise ValueError(name)
