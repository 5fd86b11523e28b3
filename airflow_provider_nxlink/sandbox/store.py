"""The templates: found by id and by name, listed in pages, aged by their review's steps."""

import heapq
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_provider_nxlink.sandbox.reviews import DELETED, PENDING, Step

FIRST_ID = 1001

# What the list still shows for a while after an update.
LISTED_CONTENT = ("body", "category_type")
LISTED = (*LISTED_CONTENT, "status", "reason", "updated_at")


@dataclass(slots=True)
class Template:
    """A template as the service keeps it: ``body`` is what was sent, the rest is what became of it.

    ``components`` are raw components of the details' shape A, returned as they are instead of those made
    from ``body``; an update drops them. Until ``listed_until`` the list shows the values of ``listed_as``.
    """

    id: int
    phone: str
    body: dict[str, Any]
    category_type: int
    created_at: float
    updated_at: float
    visible_at: float
    status: int = PENDING
    reason: str = ""
    quality: str = "UNKNOWN"
    edits: list[float] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    components: list[Any] | None = None
    listed_as: dict[str, Any] | None = None
    listed_until: float = 0.0

    def keep_listed(self, now: float, until: float) -> None:
        """Let the list show the template as it is now until then; call it before an update."""
        if until <= now:
            return
        if not (self.listed_as and now < self.listed_until):
            self.listed_as = {key: getattr(self, key) for key in LISTED}
        self.listed_until = until

    def in_list(self, now: float, *, whole_row: bool) -> "Template":
        """Return the template as the list shows it: an update may not have reached it yet.

        :param whole_row: whether status, reason and time are the earlier ones too, not only the content.
        """
        if not self.listed_as or now >= self.listed_until:
            return self
        keys = LISTED if whole_row else LISTED_CONTENT
        return replace(self, **{key: self.listed_as[key] for key in keys})

    @property
    def name(self) -> str:
        """Return the template's name."""
        return str(self.body["name"])

    @property
    def language(self) -> str:
        """Return the template's language code."""
        return str(self.body["language"])


Identity = tuple[str, str, str]


class Store:
    """Keeps templates in memory. Not thread-safe: the sandbox's lock is held around every call.

    Nothing runs in the background. Whoever reads calls :meth:`settle` first, which plays the steps
    that have come due; they wait in a heap, so a list of 10 000 templates costs what its page does.
    """

    def __init__(self) -> None:
        self._templates: dict[int, Template] = {}
        self._ids: dict[Identity, int] = {}
        self._listed: dict[str, list[int]] = defaultdict(list)
        self._due: list[tuple[float, int]] = []
        self._next_id = FIRST_ID
        self._changed: set[int] = set()

    def __iter__(self) -> Iterator[Template]:
        return iter(self._templates.values())

    def new_id(self) -> int:
        """Return an id nobody has had."""
        return self._next_id

    def skip_to(self, number: int) -> None:
        """Give out no id below ``number`` any more."""
        self._next_id = max(self._next_id, number)

    def add(self, template: Template) -> None:
        """Keep a template; it is listed from its ``visible_at`` on."""
        self._templates[template.id] = template
        self.skip_to(template.id + 1)
        if template.status != DELETED:
            self._ids[_identity(template)] = template.id
        self.schedule(template)
        heapq.heappush(self._due, (template.visible_at, template.id))

    def schedule(self, template: Template) -> None:
        """Take note of a template's steps, after they were set or changed."""
        self._changed.add(template.id)
        for step in template.steps:
            heapq.heappush(self._due, (step.at, template.id))

    def get(self, phone: str, template_id: int) -> Template | None:
        """Return the template with this id, if it is this sender's."""
        template = self._templates.get(template_id)
        return template if template and template.phone == phone else None

    def name_of(self, template_id: int) -> str | None:
        """Return the name of the template with this id, whoever the sender is."""
        template = self._templates.get(template_id)
        return template.name if template else None

    def find(self, phone: str, name: str, language: str) -> Template | None:
        """Return the living template of this name and language."""
        template_id = self._ids.get((phone, name, language))
        return None if template_id is None else self._templates[template_id]

    def bury(self, template: Template) -> None:
        """Let a template be deleted but listed, as status 14; its name is free for another."""
        template.status = DELETED
        template.steps = []
        self._changed.add(template.id)
        self._ids.pop(_identity(template), None)

    def remove(self, template: Template) -> None:
        """Forget a template."""
        del self._templates[template.id]
        self._changed.add(template.id)
        if self._ids.get(_identity(template)) == template.id:
            del self._ids[_identity(template)]
        listed = self._listed[template.phone]
        place = bisect_left(listed, template.id)
        if listed[place : place + 1] == [template.id]:
            del listed[place]

    def settle(self, now: float) -> None:
        """Play every step that has come due by ``now``."""
        while self._due and self._due[0][0] <= now:
            template = self._templates.get(heapq.heappop(self._due)[1])
            if template:
                self._age(template, now)

    def _age(self, template: Template, now: float) -> None:
        listed = self._listed[template.phone]
        place = bisect_left(listed, template.id)
        if template.visible_at <= now and listed[place : place + 1] != [template.id]:
            insort(listed, template.id)
        while template.steps and template.steps[0].at <= now:
            step = template.steps.pop(0)
            self._changed.add(template.id)
            if step.status is None:
                self.remove(template)
                return
            if step.status == DELETED:
                self.bury(template)
                return
            template.status, template.reason, template.updated_at = step.status, step.reason, step.at
            template.category_type = step.category_type or template.category_type

    def listed(self, phone: str, name: str = "", *, exact: bool = False) -> list[int]:
        """Return the ids in the list, oldest first, of all or of those whose name fits."""
        ids = self._listed[phone]
        if not name:
            return ids
        texts = ((number, self._templates[number].name) for number in ids)
        return [number for number, text in texts if (text == name if exact else name in text)]

    def page(self, ids: list[int], number: int, size: int) -> list[Template]:
        """Return one page of :meth:`listed` ids, newest first; ``number`` counts from 1."""
        end = len(ids) - (number - 1) * size
        return [self._templates[one] for one in reversed(ids[max(0, end - size) : max(0, end)])]

    def take_changed(self) -> dict[int, Template | None]:
        """Return what changed since the last call, None for what is gone."""
        changed = {number: self._templates.get(number) for number in self._changed}
        self._changed = set()
        return changed


def _identity(template: Template) -> Identity:
    return template.phone, template.name, template.language
