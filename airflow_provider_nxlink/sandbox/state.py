"""Everything one sandbox knows, and what a test or the control API may do to it."""

import json
import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from airflow_provider_nxlink.sandbox.clock import Clock, seconds_of
from airflow_provider_nxlink.sandbox.faults import Faults
from airflow_provider_nxlink.sandbox.media import Media
from airflow_provider_nxlink.sandbox.received import Calls, Received
from airflow_provider_nxlink.sandbox.references import References
from airflow_provider_nxlink.sandbox.reviews import CATEGORIES, DELETED, IN_USE
from airflow_provider_nxlink.sandbox.rules import check_seed
from airflow_provider_nxlink.sandbox.seeds import body_of_components
from airflow_provider_nxlink.sandbox.settings import Account, Switches
from airflow_provider_nxlink.sandbox.statefile import StateFile
from airflow_provider_nxlink.sandbox.store import Identity, Store, Template

FIRST_MEDIA_ID = 1167113681293448
REMEMBERED_CALLS = 100_000
# Keys of a seed that are kept beside its body.
NOT_IN_BODY = {
    *("id", "status", "quality", "waRejectedReason", "category", "created_at", "updated_at", "components")
}
NAMED = 20  # templates named when one is asked for that is not there


@dataclass
class Seeds:
    """What a sandbox starts with, and returns to on reset."""

    templates: list[dict[str, Any]] = field(default_factory=list)
    switches: dict[str, Any] = field(default_factory=dict)


class State:
    """The account, switches, clock, templates, media, faults and calls of one sandbox.

    Everything that reads or changes it holds ``lock``: the server does so for each call, and the
    methods here do so themselves, so that tests may call them from their own thread.
    """

    def __init__(self, account: Account, seeds: Seeds, file: StateFile | None = None) -> None:
        self.lock = threading.RLock()
        self.account = account
        self.clock = Clock()
        self.faults = Faults()
        self._seeds = seeds
        self._file = file
        self._start()
        if not (file and self._load(file)):
            self.seed(seeds.templates)

    def _start(self) -> None:
        self.switches = Switches()
        self.switches.change(**self._seeds.switches)
        self.store = Store()
        self.references = References(self.store.name_of)
        self.name_locks: dict[Identity, float] = {}
        self.media: dict[str, Media] = {}
        self.calls: deque[Received] = deque(maxlen=REMEMBERED_CALLS)
        self.counts: Counter[str] = Counter()
        self.creations: deque[float] = deque()

    def reset(self) -> None:
        """Return to how the sandbox started: seeds and switches stay, all else is forgotten."""
        with self.lock:
            self.clock.reset()
            self.faults.withdraw()
            self._start()
            if self._file:
                self._file.clear()
            self.seed(self._seeds.templates)

    def settle(self) -> None:
        """Let everything that has come due happen."""
        self.store.settle(self.clock.now())

    def save(self) -> None:
        """Write what changed to the file, if there is one."""
        changed = self.store.take_changed()
        if not self._file or not changed:
            return
        self._file.write(
            "template",
            {str(number): asdict(template) if template else None for number, template in changed.items()},
        )
        self._file.write("next", {"template": {"id": self.store.new_id()}})

    # --- what tests and the control API do

    def seed(
        self, bodies: Iterable[dict[str, Any]], phone: str | None = None, *, replace: bool = False
    ) -> list[int]:
        """Put templates there without asking the rules; returns their ids.

        :param bodies: request bodies, or rows of a list answer. Beyond the body's keys: ``id``,
            ``status`` (any number; default 2, in use), ``quality``, ``waRejectedReason``, ``category``
            (MARKETING, UTILITY or AUTHENTICATION, for ``category_type``), ``created_at`` and ``updated_at``
            (seconds since the epoch, or ISO 8601 text, without a zone in ``utc_offset_hours``), and
            ``components``: raw components of the details' shape A, of any kind, returned as they are; the
            list's content and the flat details' buttons are taken from them.
        :param replace: replace the template of the same name and language instead of refusing it; it keeps
            its id and creation time unless others are given.
        :raises ValueError: one of them cannot be shown as a template, or is there already.
        """
        with self.lock:
            ids = [self._seed(body, phone or self.account.phones[0], replace=replace) for body in bodies]
            self.settle()
            self.save()
            return ids

    def _seed(self, body: dict[str, Any], phone: str, *, replace: bool) -> int:
        now, offset = self.clock.now(), self.switches.utc_offset_hours
        numbers = {text: number for number, text in CATEGORIES.items()}
        defaults = {
            "category_type": numbers.get(body.get("category") or "", 1),
            "content": "",
            "tenant_id": self.account.tenant_ids[0],
        }
        given = {**defaults, **body_of_components(body.get("components") or []), **body}
        given["category_type"] = int(given["category_type"])
        json.dumps(given, allow_nan=False)  # what an answer cannot hold is a ValueError
        if problems := check_seed(given):
            raise ValueError(f"template {given.get('name')!r}: {'; '.join(problems)}")
        created_at, updated_at = (
            seconds_of(given[key], offset) if given.get(key) not in (None, "") else None
            for key in ("created_at", "updated_at")
        )
        existing = self.store.find(phone, given["name"], given["language"])
        number = int(given.get("id") or (existing.id if existing and replace else self.store.new_id()))
        if existing and replace and not (number != existing.id and self.store.name_of(number)):
            created_at = existing.created_at if created_at is None else created_at
            self.store.remove(existing)
        elif existing or self.store.name_of(number):
            raise ValueError(f"template {number} or {given['name']} ({given['language']}) is there already")
        template = Template(
            id=number,
            phone=phone,
            body={key: value for key, value in given.items() if key not in NOT_IN_BODY},
            category_type=given["category_type"],
            created_at=now if created_at is None else created_at,
            updated_at=next(each for each in (updated_at, created_at, now) if each is not None),
            visible_at=now,
            components=given.get("components"),
            status=int(given.get("status", IN_USE)),
            reason=given.get("waRejectedReason") or "",
            quality=given.get("quality") or "UNKNOWN",
        )
        self.store.add(template)
        return template.id

    def template(self, name: str, language: str, phone: str | None = None) -> Template | None:
        """Return the template of this name and language as it is now."""
        with self.lock:
            self.settle()
            return self.store.find(phone or self.account.phones[0], name, language)

    def set_status(
        self,
        name: str,
        language: str,
        status: int,
        reason: str = "",
        *,
        category: str | None = None,
        quality: str | None = None,
        phone: str | None = None,
    ) -> None:
        """Put a template into a status, as though a person or Meta had done it; it stays there.

        :raises KeyError: when there is no such template, naming those there are.
        :raises ValueError: when the category is not one.
        """
        numbers = {text: number for number, text in CATEGORIES.items()}
        if category is not None and category not in numbers:
            raise ValueError(f"category is one of {', '.join(numbers)}, not {category!r}")
        with self.lock:
            template = self.template(name, language, phone)
            if not template:
                raise KeyError(self._absent(name, language, phone or self.account.phones[0]))
            template.steps = []
            template.reason, template.updated_at = reason, self.clock.now()
            template.quality = quality or template.quality
            template.category_type = numbers.get(category or "", template.category_type)
            if int(status) == DELETED:
                self.store.bury(template)
            else:
                template.status = int(status)
                self.store.schedule(template)
            self.save()

    def _absent(self, name: str, language: str, phone: str) -> str:
        there = sorted(f"{one.name} ({one.language})" for one in self.store if one.phone == phone)
        more = f" and {len(there) - NAMED} more" if len(there) > NAMED else ""
        return (
            f"no template {name} ({language}); there is {', '.join(there[:NAMED]) or 'none yet'}{more}. "
            "What becomes of templates still to be created is set beforehand, with the switches "
            "approve_after and review"
        )

    def switch(self, **values: Any) -> None:
        """Change switches and shapes; raises ValueError naming each that is not one."""
        with self.lock:
            self.switches.change(**values)

    @property
    def received(self) -> Calls:
        """Return the calls that came in, oldest first; called, it picks those that fit."""
        with self.lock:
            return Calls(self.calls)

    # --- names and media

    def lock_name(self, template: Template, until: float) -> None:
        """Keep a deleted template's name from being used again."""
        identity = (template.phone, template.name, template.language)
        self.name_locks[identity] = until
        if self._file:
            self._file.write("lock", {json.dumps(identity): {"until": until}})

    def new_media_id(self) -> str:
        """Return a media id nobody has had."""
        return str(FIRST_MEDIA_ID + len(self.media))

    def keep_media(self, media: Media) -> None:
        """Remember an upload."""
        self.media[media.media_id] = media
        if self._file:
            self._file.write("media", {media.media_id: asdict(media)})

    def media_problems(self, body: dict[str, Any]) -> list[str]:
        """Return what is wrong with a body's media, held against the uploads."""
        problems = []
        media_id, handle = body.get("mediaId"), body.get("templateMediaId")
        if media_id and media_id not in self.media:
            problems.append("mediaId is unknown")
        if handle:
            owner = next((media for media in self.media.values() if media.handle == handle), None)
            if not owner:
                problems.append("templateMediaId is unknown")
            elif owner.expires <= self.clock.now():
                problems.append("templateMediaId has expired")
        return problems

    def _load(self, file: StateFile) -> bool:
        for template in file.templates():
            self.store.add(template)
        for _, upcoming in file.read("next"):
            self.store.skip_to(upcoming["id"])
        for key, lock in file.read("lock"):
            phone, name, language = json.loads(key)
            self.name_locks[phone, name, language] = lock["until"]
        self.media = {key: Media(**media) for key, media in file.read("media")}
        self.store.take_changed()
        self.settle()
        return file.existed
