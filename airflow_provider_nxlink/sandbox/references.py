"""What a template may refer to: tags, flows, and templates to answer with."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

# The vendor's page names these in its examples, so its request bodies are accepted as they stand.
PAGE_TAGS = {"tag1": 33990, "Viber tag": 33991, "LINE tag": 33992}
PAGE_TEMPLATES = {314: "buttontest22"}
PAGE_FLOW: dict[str, Any] = {
    "id": "470341793809141",
    "name": "1",
    "status": "DRAFT",
    "categories": ["OTHER"],
    "validation_errors": [],
    "json_version": "3.0",
    "data_api_version": "3.0",
    "data_channel_uri": "",
    "routing_model": "FIXED",
    "preview": {"url": "", "expires_at": "0001-01-01T00:00:00Z"},
    "preview_url": "",
    "preview_expires_at": "0001-01-01T00:00:00Z",
    "created_at": "2024-06-26T16:16:31Z",
    "updated_at": "2024-06-26T16:16:31Z",
    "published": False,
    "updated_by": "103252575816549",
}


class References:
    """The tags, flows and templates that exist beside those the sandbox was asked to create.

    ``templates`` (id → name) can be answered with but are not in the list, as though another sender
    of the tenant owned them: a fresh sandbox's list is empty, and the page's examples still fit.
    """

    def __init__(self, name_of: Callable[[int], str | None]) -> None:
        """Start with the page's.

        :param name_of: gives the name of a created template by its id, which counts as existing too.
        """
        self._name_of = name_of
        self.tags = dict(PAGE_TAGS)
        self.templates = dict(PAGE_TEMPLATES)
        self.flows: dict[str, dict[str, Any]] = {PAGE_FLOW["id"]: deepcopy(PAGE_FLOW)}

    def add(
        self,
        tags: list[str] | None = None,
        flows: list[dict[str, Any]] | None = None,
        templates: dict[int, str] | None = None,
    ) -> None:
        """Add tags by name, flows (``id`` and whatever differs from the page's) and templates (id → name)."""
        for tag in tags or []:
            self.tags.setdefault(tag, max(self.tags.values(), default=33989) + 1)
        for flow in flows or []:
            self.flows[str(flow["id"])] = {**deepcopy(PAGE_FLOW), **flow, "id": str(flow["id"])}
        self.templates.update({int(number): name for number, name in (templates or {}).items()})

    def tag_id(self, name: str | None) -> int | None:
        """Return a tag's number, None for a tag that does not exist."""
        return self.tags.get(name) if name else None

    def has_template(self, number: int, name: str) -> bool:
        """Tell whether a template of this id and name exists."""
        return name in {self.templates.get(number), self._name_of(number)}
