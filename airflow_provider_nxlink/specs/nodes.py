"""What a spec file holds, with the place of each value: the common ground of YAML and JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from airflow_provider_nxlink.specs.spelling import SPEC, Spelling
from airflow_provider_nxlink.specs.violations import Place, TemplateSpecError, Violation, join

# A spec needs five: template, languages, buttons, events, event.
MAX_DEPTH = 20
# Aliases in YAML can make a small file as large as one likes.
MAX_NODES = 100_000


@dataclass(frozen=True, slots=True)
class Node:
    """
    One value of a file.

    :param value: a dict of nodes, a list of nodes, or a plain value.
    :param place: where its key stands, or the value itself in a list.
    :param raw: how a plain value is written in the file.
    """

    value: Any
    place: Place
    raw: str | None = None

    def plain(self) -> Any:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


class SpecMapping(dict[str, Any]):
    """
    One template as a file gives it: a plain dict, unrendered, that remembers where each field stands.

    :param node: the mapping in the file.
    """

    def __init__(self, node: Node) -> None:
        super().__init__(node.plain())
        self.place = node.place
        self.node = node

    def located(self, violation: Violation) -> Violation:
        """Return the violation with the place of its field, or of the nearest part that there is."""
        path = violation.path
        while path not in self._nodes:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        node = self._nodes[path]
        quoted = violation.rule == "field.type" and path == violation.path and node.raw is not None
        fix = f'Put it in quotes: "{node.raw}".' if quoted else violation.fix
        return replace(violation, place=node.place, fix=fix)

    @cached_property
    def _nodes(self) -> dict[str, Node]:
        """Each node under the path that violations use; only what is wrong asks for a place."""
        nodes = {"": self.node}
        _index(nodes, self.node, SPEC, "")
        return nodes


def _index(nodes: dict[str, Node], node: Node, spelling: Spelling | None, path: str) -> None:
    """Note each node below ``node`` by our names, whatever the file's spelling."""
    if isinstance(node.value, dict):
        for key, item in node.value.items():
            name = (spelling and spelling.canonical(key)) or key
            below = spelling.parts.get(name) if spelling else None
            nodes[join(path, name)] = item
            _index(nodes, item, below, join(path, name))
    elif isinstance(node.value, list):
        for index, item in enumerate(node.value):
            nodes[f"{path}[{index}]"] = item
            _index(nodes, item, spelling, f"{path}[{index}]")


def file_error(place: Place, rule: str, message: str, fix: str) -> TemplateSpecError:
    """Return the error for a file that cannot be read at ``place``."""
    return TemplateSpecError([Violation(rule, "file", "", message, fix, place=place)], place.file)


def too_deep(place: Place) -> TemplateSpecError:
    """Return the error for a file that is nested deeper than any template."""
    return file_error(place, "file.depth", f"is nested more than {MAX_DEPTH} deep", "No template needs that.")


def duplicate(place: Place, key: str) -> TemplateSpecError:
    """Return the error for a key that stands twice in one mapping."""
    return file_error(place, "file.duplicate-key", f"has the key {key!r} twice", "Keep one of the two.")
