"""How the documentation is built: `make docs`, strict and without the network."""

import inspect
import os
import tempfile
from collections.abc import Iterator
from enum import Enum
from typing import Any

# Airflow makes its home when it is imported; the one of whoever builds this is not asked.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-of-the-docs-"))

from pydantic import BaseModel
from sphinx.application import Sphinx

from airflow_provider_nxlink import __version__

project = "airflow-provider-nxlink"
author = "the airflow-provider-nxlink authors"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["conf.py"]

html_theme = "furo"
html_title = f"NXLink for Airflow {release}"
html_static_path: list[str] = []
html_copy_source = False
html_show_copyright = False
pygments_style = "default"

# Headings can be linked to, and a link to one that is not there is an error.
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True, "show-inheritance": True, "exclude-members": "model_config"}
python_maximum_signature_line_length = 90
python_display_short_literal_types = True

# Every name in the reference must lead somewhere. What is not ours would need the inventories of other
# projects, which are on the network.
nitpicky = True
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(airflow|collections|datetime|enum|httpx|markupsafe|pathlib|pydantic|requests|typing|urllib)\..*",
    ),
    ("py:.*", r"(Airflow\w+|Asset|Compare|Context|Protected|Session)"),
    # Aliases for the few words or kinds that an argument takes, which stand in words with it.
    ("py:.*", r"(IfExists|OnCategoryChange|OnPaused|OnProgress|Path|TemplateId|Validation)"),
    ("py:.*", r".*\.T"),
    # Private, or of no use to a reader.
    ("py:.*", r"airflow_provider_nxlink\.(api\.base_client\.BaseClient|specs\.(part\.Part|nodes\.Node))"),
]


def setup(app: Sphinx) -> None:
    """Show the arguments that a class takes, those of its bases too, where ``**kwargs`` hides them."""
    app.connect("autodoc-process-signature", _whole_signature)


def _whole_signature(
    app: Sphinx, what: str, name: str, cls: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    if what != "class" or not (issubclass(cls, BaseModel) or "**kwargs" in (signature or "")):
        return None
    inits = [cls] if issubclass(cls, BaseModel) else _inits(cls)
    named = {parameter.name: parameter for init in inits for parameter in _keywords(init)}
    needed = [parameter for parameter in named.values() if parameter.default is parameter.empty]
    others = [parameter for parameter in named.values() if parameter.default is not parameter.empty]
    return str(inspect.Signature([*needed, *others])), returns


def _inits(cls: type) -> list[Any]:
    ours = [base for base in cls.__mro__ if base.__module__.startswith("airflow_provider_nxlink.")]
    return [vars(base)["__init__"] for base in ours if "__init__" in vars(base)]


def _keywords(function: Any) -> Iterator[inspect.Parameter]:
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name != "self" and parameter.kind is not parameter.VAR_KEYWORD:
            # Their types stand in words with each argument.
            default = parameter.default
            if repr(default) == "<factory>":
                default = function.model_fields[parameter.name].get_default(call_default_factory=True)
            shown = _Code(default) if isinstance(default, Enum) else default
            yield parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=parameter.empty, default=shown)


class _Code:
    """Shows an enum's member as it is written in code."""

    def __init__(self, member: Enum) -> None:
        self.member = member

    def __repr__(self) -> str:
        return f"{type(self.member).__name__}.{self.member.name}"
