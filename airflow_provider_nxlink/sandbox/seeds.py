"""Templates that are put into a sandbox: read from JSON files, or made from raw components."""

import json
from pathlib import Path
from typing import Any

from airflow_provider_nxlink.sandbox.rules import MEDIA_TYPES

MEDIA_FIELDS = {"media_id": "mediaId", "filename": "mediaName"}


def body_of_components(components: list[Any]) -> dict[str, Any]:
    """Return the keys of a create body that raw components give, as far as a body can say them."""
    body: dict[str, Any] = {}
    for component in components:
        if not isinstance(component, dict):
            continue
        kind, text = component.get("type"), component.get("text")
        if kind == "BODY" and isinstance(text, str):
            body["content"] = text
        elif kind == "FOOTER" and isinstance(text, str):
            body["footerText"] = text
        elif kind == "HEADER" and isinstance(text, str) and component.get("format") == "TEXT":
            body["headerText"] = text
        elif kind == "HEADER" and component.get("format") in MEDIA_TYPES:
            media = {key: component.get(name) for name, key in MEDIA_FIELDS.items()}
            body |= {"mediaType": component["format"]}
            body |= {key: value for key, value in media.items() if isinstance(value, str)}
        elif kind == "BUTTONS" and isinstance(component.get("buttons"), list):
            body["buttonComponents"] = [
                button.get("buttonReqs") or {key: button[key] for key in ("type", "text") if key in button}
                for button in component["buttons"]
                if isinstance(button, dict)
            ]
    return body


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
