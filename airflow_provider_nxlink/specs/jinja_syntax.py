"""
What is wrong with the Jinja of a spec before it is rendered: syntax errors, and names that mean two things.

The texts are parsed, never rendered. Filters, tests and names are those of the DAG, and are not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from airflow_provider_nxlink.specs.plain import has_braces
from airflow_provider_nxlink.specs.spans import BARE
from airflow_provider_nxlink.specs.spelling import SPEC, Spelling
from airflow_provider_nxlink.specs.violations import Violation, join, shown

# With a third brace on either side it is none.
PLACEHOLDER = re.compile(rf"(?<!\{{){BARE.pattern}(?!\}})")
UNKNOWN_TAG = re.compile(r"Encountered unknown tag '(\w+)'")
TAGS = (
    *("autoescape", "block", "call", "extends", "filter", "for", "from", "if", "import", "include"),
    *("macro", "print", "raw", "set", "with"),
)
# Known to Jinja, and unknown only where they stand.
MISPLACED = frozenset({"else", "elif", *TAGS, *(f"end{tag}" for tag in TAGS)})
FIX = "Close every brace and block; text that should keep its braces goes between {% raw %} and {% endraw %}."


def syntax_rules(spec: Any) -> Iterator[Violation]:
    """Yield what Jinja cannot parse in any field of a spec, and placeholders that a block of Jinja hides."""
    yield from _part(spec, SPEC, "")


def _part(part: Any, spelling: Spelling, path: str) -> Iterator[Violation]:
    fields = part if isinstance(part, Mapping) else dict(part)
    for name, value in fields.items():
        at, below = join(path, name), spelling.parts.get(name)
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            where = f"{at}[{index}]" if isinstance(value, list) else at
            if isinstance(item, str):
                yield from _text(item, where, is_message=name in spelling.texts)
            elif below and item is not None:
                yield from _part(item, below, where)


def _text(text: str, path: str, *, is_message: bool) -> Iterator[Violation]:
    if not has_braces(text):
        return
    # WhatsApp's placeholders are no Jinja; the same length keeps the lines.
    source = PLACEHOLDER.sub(lambda match: "x" * len(match[0]), text) if is_message else text
    try:
        tree = _environment().parse(source)
    except TemplateSyntaxError as error:
        tag = UNKNOWN_TAG.match(error.message or "")
        if tag and tag[1] not in MISPLACED:
            return  # of an extension that the DAG may have
        line = text.split("\n")[min(error.lineno, text.count("\n") + 1) - 1]
        place = f"line {error.lineno} of it, {shown(line, 80)}"
        message = f"has Jinja that cannot be parsed in {place}: {error.message}"
        yield Violation("jinja.syntax", path, shown(text), message, FIX)
        return
    except (ValueError, RecursionError) as error:  # an endless number, or braces without end
        message = f"has Jinja that cannot be parsed: {type(error).__name__}"
        yield Violation("jinja.syntax", path, shown(text), message, FIX)
        return
    if is_message:
        yield from _hidden(text, tree, path)


def _hidden(text: str, tree: nodes.Template, path: str) -> Iterator[Violation]:
    """Yield the bare placeholders whose name a {% for %} or {% set %} of the same text binds."""
    bound = {name.name for name in tree.find_all(nodes.Name) if name.ctx in ("store", "param")}
    names = {match[0].strip("{} \t\r\n") for match in BARE.finditer(text)}
    for name in sorted(bound & names):
        message = f"binds {name!r} in a block, but a bare {{{{{name}}}}} is WhatsApp's variable"
        fix = f"Write {{{{ ({name}) }}}} for Airflow's value; rename one of them to keep WhatsApp's variable."
        yield Violation("jinja.hidden-placeholder", path, shown(text), message, fix, "warning")


@cache
def _environment() -> Environment:
    # Airflow's own environments have "do"; the other comes with Jinja too.
    extensions = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]
    return Environment(extensions=extensions, keep_trailing_newline=True)  # noqa: S701  # nothing is rendered
