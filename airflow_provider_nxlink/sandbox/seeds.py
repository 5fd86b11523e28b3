"""Reads the templates a sandbox starts with from a folder of JSON files."""

import json
from pathlib import Path
from typing import Any


def read_seeds(folder: Path) -> list[dict[str, Any]]:
    """Return the templates in ``*.json`` of a folder, in order of file name.

    A file holds one template, an array of them, or an answer of the list call as it was saved.

    :raises ValueError: naming the file that is none of these.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder of JSON files")
    return [template for path in sorted(folder.glob("*.json")) for template in _read(path)]


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    if isinstance(content, dict) and "data" in content:
        content = content["data"]
    if isinstance(content, dict) and "list" in content:
        content = content["list"]
    templates = content if isinstance(content, list) else [content]
    for template in templates:
        if not (isinstance(template, dict) and template.get("name") and template.get("language")):
            raise ValueError(f"{path}: a template needs a name and a language")
    return templates
