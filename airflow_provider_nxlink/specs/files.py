"""
Spec files: YAML or JSON, with one template, several languages of one, or a list of either.

    name: order_shipped
    category: UTILITY
    footer_text: Example Shop
    languages:
      en_US: {content: "Hello {{1}}, your order is on its way."}
      de: {content: "Hallo {{1}}, deine Bestellung ist unterwegs."}

What stands beside ``languages`` is shared, and what stands below a language replaces it. Nothing is rendered
here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from airflow_provider_nxlink.specs.json_reader import read_json
from airflow_provider_nxlink.specs.nodes import Node, SpecMapping, file_error
from airflow_provider_nxlink.specs.plain import has_spec_suffix
from airflow_provider_nxlink.specs.spelling import SPEC
from airflow_provider_nxlink.specs.violations import Place, TemplateSpecError, Violation
from airflow_provider_nxlink.specs.yaml_reader import read_yaml

# A template is a few kilobytes; a thousand of them stay below this.
MAX_BYTES = 2**20

# What editors read and templates do not have.
IGNORED_KEYS = frozenset({"$schema"})


def load_file(path: str | Path) -> list[SpecMapping]:
    """
    Return the templates of a spec file, unrendered and unchecked, each with the places of its fields.

    :raises TemplateSpecError: with file, line and column, when the file cannot be read, is not plain YAML or
        JSON, or holds something else than templates.
    """
    return [SpecMapping(template.node) for template in _templates(_content(Path(path)), Path(path))]


def load_one(path: str | Path, selector: str = "") -> SpecMapping:
    """
    Return one template of a spec file.

    :param selector: ``name``, ``language`` or ``name/language``; needed only where the file holds several.
    :raises TemplateSpecError: as :func:`load_file`, and when none or several fit.
    """
    templates = _templates(_content(Path(path)), Path(path))
    fitting = [template for template in templates if _fits(template, selector)]
    if len(fitting) == 1:
        return SpecMapping(fitting[0].node)
    names = ", ".join(_title(template) for template in templates)
    which = f"that are {selector!r}" if selector else "in it"
    fix = f"Name one behind a '#', as in {Path(path).name}#{_title(templates[0])}. It holds: {names}."
    place = (fitting or templates)[0].place
    raise file_error(place, "file.select", f"has {len(fitting)} templates {which}, not one", fix)


def spec_files(folder: str | Path) -> list[Path]:
    """
    Return the spec files below a folder, sorted: what ends in ``.yaml``, ``.yml`` or ``.json``, in any case.

    What begins with a dot is left out, as are files with other suffixes.

    :raises TemplateSpecError: a folder cannot be read, or a link leads out of the folder or to a folder.
        A file that is quietly left out would look like a template to be pruned.
    """
    root = Path(folder)
    files: list[Path] = []
    try:
        real = root.resolve(strict=True)
        for path in _below(root):
            # As Kubernetes mounts its volumes, each file is a link within the folder.
            if path.is_symlink() and (path.is_dir() or not path.resolve().is_relative_to(real)):
                what = "is a link to a folder" if path.is_dir() else "is a link that leads out of its folder"
                fix = "Put what it leads to in its place."
                raise file_error(Place(str(path), 1, 1), "file.link", what, fix)
            if has_spec_suffix(path.name) and not path.is_dir():
                files.append(path)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise _unreadable(root, error) from None
    return sorted(files)


def _below(folder: Path) -> Iterator[Path]:
    """Yield what is below a folder, and raise for what cannot be listed; ``Path.rglob`` passes over it."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)


def _unreadable(path: Path, error: OSError | RuntimeError) -> TemplateSpecError:
    name = getattr(error, "filename", None) or path
    reason = getattr(error, "strerror", None) or str(error)
    fix = "Check its name and permissions."
    return file_error(Place(str(name), 1, 1), "file.unreadable", f"cannot be read: {reason}", fix)


def _content(path: Path) -> bytes:
    start = Place(str(path), 1, 1)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in its name
        reason = getattr(error, "strerror", None) or str(error)
        fix = "Check its name and permissions."
        raise file_error(start, "file.unreadable", f"cannot be read: {reason}", fix) from None
    if len(content) > MAX_BYTES:
        raise file_error(start, "file.size", f"is larger than {MAX_BYTES} bytes", "Split it.")
    return content


@lru_cache(maxsize=64)
def _templates(content: bytes, path: Path) -> tuple[SpecMapping, ...]:
    """Return what a file holds. In a DAG many tasks name the same file, each another template of it."""
    root = _parsed(content, path)
    nodes = root.value if isinstance(root.value, list) else [root]
    if root.value in (None, [], {}):
        raise file_error(root.place, "file.empty", "holds no template", "Write one, or remove the file.")
    templates = tuple(SpecMapping(node) for item in nodes for node in _languages(item))
    _refuse_twins(templates)
    return templates


def _parsed(content: bytes, path: Path) -> Node:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        fix = "Save it as UTF-8."
        raise file_error(Place(str(path), line, column), "file.encoding", "is not UTF-8", fix) from None
    return read_json(text, str(path)) if path.suffix.lower() == ".json" else read_yaml(text, str(path))


def _languages(node: Node) -> list[Node]:
    """Return one mapping for each language of a template."""
    if not isinstance(node.value, dict):
        fix = "Write its fields: name, language, category, content."
        raise file_error(node.place, "file.template", "holds something that is not a template", fix)
    fields = {key: item for key, item in node.value.items() if key not in IGNORED_KEYS}
    languages = fields.pop("languages", None)
    if languages is None:
        return [Node(fields, node.place)]
    if not isinstance(languages.value, dict) or not languages.value:
        fix = "Write each language as a key, with its texts below it."
        raise file_error(languages.place, "file.languages", "has languages that are no mapping", fix)
    if "language" in fields:
        fix = "Leave it out: the keys of languages say it."
        raise file_error(fields["language"].place, "file.languages", "has language beside languages", fix)
    return [_one_language(fields, code, own) for code, own in languages.value.items()]


def _one_language(shared: dict[str, Node], code: str, own: Node) -> Node:
    if not isinstance(own.value, dict):
        fix = "Write what is different in this language below it, at least its content."
        raise file_error(own.place, "file.languages", f"has no fields for language {code!r}", fix)
    if "language" in own.value:
        place = own.value["language"].place
        raise file_error(place, "file.languages", "names the language twice", "Leave the inner one out.")
    replaced = {SPEC.canonical(key) for key in own.value}
    kept = {key: item for key, item in shared.items() if SPEC.canonical(key) not in replaced - {None}}
    return Node({**kept, "language": Node(code, own.place, code), **own.value}, own.place)


def _refuse_twins(templates: Sequence[SpecMapping]) -> None:
    """Refuse a second template of the same name and language: Meta knows only one."""
    seen: dict[tuple[Any, Any], SpecMapping] = {}
    violations: list[Violation] = []
    for template in templates:
        identity = (str(template.get("name")), str(template.get("language")))
        if identity in seen and template.get("name"):
            message = f"is the second {_title(template)}; the first is in line {seen[identity].place.line}"
            fix = "Name and language identify a template: change one of them."
            violations.append(Violation("file.twins", "name", "", message, fix, place=template.place))
        seen.setdefault(identity, template)
    if violations:
        raise TemplateSpecError(violations, templates[0].place.file)


def _fits(template: SpecMapping, selector: str) -> bool:
    return selector in ("", template.get("name"), template.get("language"), _title(template))


def _title(template: SpecMapping) -> str:
    return f"{template.get('name')}/{template.get('language')}"
