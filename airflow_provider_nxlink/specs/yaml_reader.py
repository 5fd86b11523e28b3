"""
YAML spec files: safe, with places, and without YAML's surprises.

Only plain values are read. Keys are text as written (``no:`` is "no"); dates and the odd number formats of
YAML 1.1 (``12:30`` as 750) stay text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.resolver import Resolver

from airflow_provider_nxlink.specs.nodes import MAX_DEPTH, MAX_NODES, Node, duplicate, file_error, too_deep
from airflow_provider_nxlink.specs.violations import Place, TemplateSpecError

_Scanner: Any
try:
    from yaml.cyaml import CParser as _Scanner  # type: ignore[attr-defined]
except ImportError:  # PyYAML was built without libyaml
    _Scanner = None

INTEGER = re.compile(r"[-+]?[0-9]{1,4000}")
NUMBER = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
TRUE = frozenset({"yes", "true", "on"})

TAG = "tag:yaml.org,2002:"
TEXT_TAGS = frozenset({f"{TAG}str", f"{TAG}timestamp", f"{TAG}int", f"{TAG}float", f"{TAG}value"})


def read_yaml(text: str, file: str) -> Node:
    """
    Return what a YAML text holds.

    :raises TemplateSpecError: with file, line and column, for anything that is not plain YAML.
    """
    node = _composed_fast(text, file) or _composed(text, file)
    if node is None:
        return Node(None, Place(file, 1, 1))
    return _Builder(file).build(node, _place(file, node.start_mark), 0)


def _composed(text: str, file: str) -> yaml.Node | None:
    try:
        loader = _Loader(text, file)
    except yaml.reader.ReaderError as error:
        line, column = _line_of(text, int(error.position))
        message = "holds a control character"
        raise file_error(Place(file, line, column), "file.syntax", message, "Remove it.") from None
    try:
        return loader.get_single_node()
    except TemplateSpecError:
        raise
    except yaml.MarkedYAMLError as error:
        place = _place(file, error.problem_mark or error.context_mark)
        message = f"is not valid YAML: {error.problem or error.context}"
        raise file_error(place, "file.syntax", message, "Correct the line, or its indentation.") from None
    except (ValueError, OverflowError):
        # PyYAML's scanner stumbles over escapes such as "\UFFFFFFFF" without saying so properly.
        place = _place(file, loader.get_mark())
        message = "holds an escape that is no character"
        raise file_error(place, "file.syntax", message, "Write the character itself.") from None
    finally:
        loader.dispose()


def _composed_fast(text: str, file: str) -> yaml.Node | None:
    """
    Return the same with libyaml's scanner, in a fifth of the time; None where it is not there, or refuses.

    What is wrong is then told by PyYAML's own scanner, in its words and with its places. The two differ in
    tabs, of which PyYAML takes fewer, and in where nothing stands.
    """
    if _Scanner is None or "\t" in text:
        return None
    try:
        node = _FastLoader(text, file).get_single_node()
    except (TemplateSpecError, yaml.YAMLError, ValueError, OverflowError):
        return None
    return node if isinstance(node, yaml.CollectionNode) else None


class _Depth(Composer):
    """Composes nodes, and stops where a file is nested too deep for a template."""

    file: str
    depth = 0
    peek_event: Callable[[], Any]

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_deep(_place(self.file, self.peek_event().start_mark))
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Loader(_Depth, yaml.SafeLoader):
    def __init__(self, text: str, file: str) -> None:
        yaml.SafeLoader.__init__(self, text)
        self.file = file


class _FastLoader(_Depth, _Scanner or object, Resolver):  # type: ignore[misc]
    def __init__(self, text: str, file: str) -> None:
        _Scanner.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)
        self.file = file


class _Builder:
    """Turns composed nodes into values with places."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0

    def build(self, node: yaml.Node, place: Place, depth: int) -> Node:
        self.count += 1
        if depth > MAX_DEPTH:  # an alias to something that holds it
            raise too_deep(place)
        if self.count > MAX_NODES:
            message = f"holds more than {MAX_NODES} values"
            raise file_error(place, "file.size", message, "Split it, or use fewer aliases.")
        if isinstance(node, yaml.MappingNode) and node.tag == f"{TAG}map":
            return Node(self.mapping(node, depth), place)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{TAG}seq":
            items = [self.build(item, _place(self.file, item.start_mark), depth + 1) for item in node.value]
            return Node(items, place)
        if isinstance(node, yaml.ScalarNode):
            raw = str(node.value)
            if node.style in ("|", ">"):
                # The line end behind a block is the file's, not the text's.
                raw = raw.removesuffix("\n")
            return Node(_scalar(node, raw, place), place, raw)
        raise _tag_error(node, place)

    def mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Node]:
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key, value in node.value:
            place = _place(self.file, key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                raise file_error(place, "file.key", "has a key that is not text", "Use field names as keys.")
            if key.tag == f"{TAG}merge":
                for source in self.merge_sources(value, place, depth):
                    merged = {**source, **merged}
            elif key.value in own:
                raise duplicate(place, key.value)
            else:
                own[key.value] = self.build(value, place, depth + 1)
        return {**merged, **own}

    def merge_sources(self, node: yaml.Node, place: Place, depth: int) -> list[dict[str, Node]]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        built = [self.build(source, place, depth + 1).value for source in sources]
        if not all(isinstance(source, dict) for source in built):
            fix = "Give an alias of a mapping: <<: *shared."
            raise file_error(place, "file.merge", "merges something that is not a mapping", fix)
        return built


def _scalar(node: yaml.ScalarNode, raw: str, place: Place) -> Any:
    if node.tag == f"{TAG}null":
        return None
    if node.tag == f"{TAG}bool":
        return raw.lower() in TRUE
    if node.tag == f"{TAG}int" and INTEGER.fullmatch(raw):
        return int(raw)
    if node.tag == f"{TAG}float" and NUMBER.fullmatch(raw):
        return float(raw)
    if node.tag in TEXT_TAGS:
        return raw
    raise _tag_error(node, place)


def _tag_error(node: yaml.Node, place: Place) -> TemplateSpecError:
    tag = str(node.tag).replace(TAG, "!!")
    return file_error(
        place, "file.tag", f"has the tag {tag}", "Give plain text, numbers, lists and mappings."
    )


def _place(file: str, mark: yaml.Mark | None) -> Place:
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)


def _line_of(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, position - before.rfind("\n")
