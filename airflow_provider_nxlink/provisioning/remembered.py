"""
What a run tells the next: how NXLink stored what was sent, when templates were created, and in which zone.

Sending a template again that NXLink stores differently, or does not show yet, starts another review and
changes nothing; and NXLink's list does not say when templates were created. So both are kept, as digests and
times alone, in a file of the user's state folder (``$XDG_STATE_HOME``, else ``~/.local/state``). Nothing
depends on it: where it can't be written, the next run compares and counts without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from airflow_provider_nxlink.api.models import Template, TemplateRef
from airflow_provider_nxlink.provisioning.allowance import HOUR
from airflow_provider_nxlink.provisioning.plan import Action
from airflow_provider_nxlink.provisioning.report import Result, Stored
from airflow_provider_nxlink.specs.diff import Difference, diff

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.account import Account

log = logging.getLogger(__name__)

FILE = Path("airflow-provider-nxlink", "runs.json")
MOST_NOTES = 1000
# Seconds since 1970 that a note may bear.
LATEST = 1e11
# A write that the list does not show after this long is not expected to appear any more.
VISIBLE_WITHIN = 3600.0
# Zones change with the season; each run that creates templates learns it anew.
ZONE_KEPT = 24 * 3600.0


def compared_with_list(result: Result, listed: Mapping[TemplateRef, Template]) -> Result:
    """
    Return the result of a write with what the list shows of it.

    :param listed: the list after all writes, by name and language.
    """
    spec, before = result.planned.spec, result.planned.live
    if result.outcome not in ("created", "updated") or spec is None:
        return result
    now = listed.get(TemplateRef(name=spec.name, language=spec.language))
    if now is None:
        return replace(result, stored="not yet visible")
    # Meta may give a template another category than was sent.
    found = tuple(item for item in diff(spec, now, compare="content") if item.path != "category")
    if not found:
        return result
    stale = result.outcome == "updated" and before is not None and _text(before) == _text(now)
    stored: Stored = "not yet visible" if stale else "stored differently"
    return replace(result, stored=stored, stored_differences=() if stale else found)


class Remembered:
    """
    What earlier runs on this machine learned of an account and of the templates that they wrote.

    Only what the list bears out counts: an account may have been emptied, or its address be another's now.

    :param account: whose templates.
    :param listed: its list.
    :param now: the clock.
    """

    def __init__(
        self, account: Account, listed: Iterable[Template] = (), *, now: Callable[[], float] = time.time
    ) -> None:
        self._account = f"{account.base_url} {account.phone} {account.tenant_id}"
        self._now = now
        stored = _load()
        self._notes = _valid_notes(stored.get("templates"))
        self._accounts = _mapping(stored.get("accounts"))
        own = _mapping(self._accounts.get(_digest(self._account)))
        there = {self._key(TemplateRef.of(one)): one for one in listed if one.name and one.language}
        self._created = {
            key: float(moment)
            for key, moment in _mapping(own.get("created")).items()
            if key in there and _is_moment(moment) and now() - moment < HOUR
        }
        self._zone = _mapping(own.get("zone"))
        learned = self._zone.get("offset"), self._zone.get("at")
        seen = there.get(str(self._zone.get("template")))
        self.utc_offset = (
            float(self._zone["offset"])
            if all(isinstance(part, int | float) for part in learned)
            and now() - self._zone["at"] < ZONE_KEPT
            and seen is not None
            and seen.created_at == self._zone.get("created_at")
            else None
        )

    @property
    def created(self) -> list[float]:
        """When earlier runs created templates in the last hour."""
        return list(self._created.values())

    def named(self, action: Action) -> Action:
        """Return the action; where sending again would change nothing, it says so and sends nothing."""
        note = self._notes.get(self._key(action.ref)) if self._notes and action.spec is not None else None
        if note is None or action.kind not in ("create", "update"):
            return action
        fits = (note.get("sent"), note.get("shown")) == (_sent(action), _shown(action.live))
        if not fits or not {item.path for item in action.differences} <= set(note["paths"]):
            return action
        at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(note["at"]))
        if note.get("stored") == "stored differently":
            reason = (
                f"stored differently: sent on {at}, and NXLink shows another text; sending it again would "
                "only start another review. Write the text as NXLink shows it"
            )
            return replace(action, kind="unchanged", stored="stored differently", reason=reason)
        if self._now() - note["at"] > VISIBLE_WITHIN:
            return action
        reason = f"not yet visible: sent on {at}, and the list does not show it yet"
        return replace(action, kind="unchanged", stored="not yet visible", reason=reason)

    def keep(
        self,
        results: Iterable[Result],
        listed: Mapping[TemplateRef, Template],
        *,
        created: Mapping[TemplateRef, float],
        utc_offset: float | None = None,
    ) -> None:
        """
        Remember a run for the next.

        :param results: with what the list shows of them, see :func:`compared_with_list`.
        :param listed: the list after the run, by name and language.
        :param created: when the run created which templates.
        :param utc_offset: the zone of NXLink's times, in seconds east of UTC.
        """
        for result in results:
            if result.outcome not in ("created", "updated"):
                continue
            key = self._key(result.planned.ref)
            self._notes.pop(key, None)
            if result.stored:
                ref = TemplateRef(name=result.planned.ref.name, language=result.planned.ref.language)
                self._notes[key] = {
                    "stored": result.stored,
                    "sent": _sent(result.planned),
                    "shown": _shown(listed.get(ref)),
                    "paths": [item.path for item in _noted_differences(result)],
                    "at": self._now(),
                }
        self._created |= {self._key(ref): moment for ref, moment in created.items()}
        newest = sorted(self._created.items(), key=lambda item: item[1])[-MOST_NOTES:]
        if utc_offset is not None and (learned := next((ref for ref in created if ref in listed), None)):
            self._zone = {
                "offset": utc_offset,
                "at": self._now(),
                # What bears it out.
                "template": self._key(learned),
                "created_at": listed[learned].created_at,
            }
        own = {"created": dict(newest), "zone": self._zone, "at": self._now()}
        self._accounts[_digest(self._account)] = own
        _save({"templates": _newest(self._notes), "accounts": _newest(self._accounts)})

    def _key(self, ref: TemplateRef) -> str:
        return _digest([self._account, ref.name, ref.language])


def _noted_differences(result: Result) -> tuple[Difference, ...]:
    return result.stored_differences or result.planned.differences


def _sent(action: Action) -> str:
    return _digest(None if action.spec is None else action.spec.to_dict())


def _shown(live: Template | None) -> str:
    return _digest(None if live is None else _text(live))


def _text(live: Template) -> str:
    return " ".join((live.content or "").split())


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _is_moment(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < LATEST


def _valid_notes(value: Any) -> dict[str, dict[str, Any]]:
    return {
        key: note
        for key, note in _mapping(value).items()
        if isinstance(note, dict)
        and _is_moment(note.get("at"))
        and isinstance(note.get("paths"), list)
        and all(isinstance(path, str) for path in note["paths"])
    }


def _newest(notes: Mapping[str, Any]) -> dict[str, Any]:
    def at(key: str) -> float:
        moment = _mapping(notes[key]).get("at")
        return float(moment) if moment is not None and _is_moment(moment) else 0.0

    return {key: notes[key] for key in sorted(notes, key=at)[-MOST_NOTES:]}


def _load() -> dict[str, Any]:
    """Return what earlier runs remembered; nothing where the file is not there, or not what was written."""
    try:
        return _mapping(json.loads(_path().read_text(encoding="utf-8")))
    except (OSError, ValueError, RuntimeError, RecursionError):
        return {}


def _save(remembered: Mapping[str, Any]) -> None:
    try:
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            json.dump(remembered, file)
        try:
            Path(file.name).replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                Path(file.name).unlink()
            raise
    except (OSError, RuntimeError) as error:
        log.info("This run can't be remembered for the next: %s", error)


def _path() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / FILE
