"""
The tables in the documentation that say what tables in the code say.

``python -m tests.docs.tables`` writes them anew; ``test_tables.py`` keeps them so.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from airflow_provider_nxlink.api import errors
from airflow_provider_nxlink.api.models import Template, TemplateRef, TemplateStatus
from airflow_provider_nxlink.api.regions import REGIONS
from airflow_provider_nxlink.api.waiting import Wait
from airflow_provider_nxlink.cli.commands import COMMANDS, Argument
from airflow_provider_nxlink.connection_form import EXTRA_FIELDS
from airflow_provider_nxlink.specs import languages as known_languages
from tests.docs.markdown import PAGES

MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    heading = list(heading)
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def codes() -> str:
    """Return a row for each result code that is known, and one for all others."""
    rows = []
    for code in [*sorted({*errors.KINDS, errors.SERVER_FAULT}), None]:
        error = errors.error_for(1 if code is None else code, "", None, 200, call="")
        kind = type(error)
        advice = errors.ADVICE.get(code, kind.advice)
        again = "no" if error.permanent else "yes"
        rows.append(
            [f"`{code}`" if code is not None else "any other", f"`{kind.__name__}`", again, f"{advice}."]
        )
    return table(["code", "error", "another try may help", "what to do"], rows)


def other_errors() -> str:
    """Return a row for each error that no code stands for."""
    by_code = {*errors.KINDS.values(), errors.NxlinkApiError, errors.NxlinkError}
    found = [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, errors.NxlinkError) and value not in by_code
    ]
    rows = [
        [f"`{kind.__name__}`", "no" if kind.permanent else "yes", _first_paragraph(kind)] for kind in found
    ]
    return table(["error", "another try may help", "what it says"], rows)


def _first_paragraph(kind: type) -> str:
    return re.split(r"\n\s*\n", inspect.getdoc(kind) or "")[0]


def statuses() -> str:
    """Return a row for each status: what it means to a wait for "in use", and the way out."""
    words = {"done": "ends well", "wait": "goes on", "failed": "fails at once"}
    rows = []
    for status in TemplateStatus:
        template = Template(name="a", language="en", status=status)
        outcome = Wait().judge(TemplateRef.of(template), template, 0)
        step = outcome.message.partition(". ")[2]
        rows.append([str(status.value), status.name, words[outcome.verdict], f"{step}." if step else ""])
    return table(["status", "name", "a wait for approval", "what to do"], rows)


def connection() -> str:
    """Return a row for each field of a connection's extra."""
    rows = []
    for name, (label, description, schema) in EXTRA_FIELDS.items():
        default = schema.get("default")
        shown = "" if default is None else f"`{str(default).lower()}`"
        rows.append([f"`{name}`", label, description, shown])
    return table(["field of extra", "in the form", "what to put there", "default"], rows)


def regions() -> str:
    """Return where the API of each region is, and the console for people."""
    rows = [[region.name, f"`{region.api}`", f"<{region.console}>"] for region in REGIONS]
    return table(["region", "host", "console"], rows)


def commands() -> str:
    """Return each command with its arguments."""
    parts = []
    for command in COMMANDS:
        rows = [[f"`{_usage(argument)}`", str(argument.options["help"])] for argument in command.arguments]
        arguments = f"\n{table(['argument', ''], rows)}" if rows else ""
        parts.append(f"### {command.name}\n\n{command.help}\n{arguments}")
    return "\n" + "\n".join(parts) + "\n"


def _usage(argument: Argument) -> str:
    name, options = argument.flags[0], argument.options
    if not name.startswith("-"):
        return f"{options['metavar']}{' …' if options.get('nargs') == '+' else ''}"
    if options.get("action") == "store_true":
        return name
    choices = "|".join(options.get("choices", ()))
    return f"{name} {choices or options.get('metavar') or name.strip('-').replace('-', '_').upper()}"


def languages() -> str:
    """Return the languages that are known, in one paragraph."""
    names = known_languages.names()
    return ", ".join(f"`{code}` {names[code]}" for code in sorted(names)) + "\n"


TABLES: dict[str, Callable[[], str]] = {
    made.__name__: made for made in (codes, commands, connection, languages, other_errors, regions, statuses)
}


def marked() -> Iterator[tuple[Path, str, str]]:
    """Yield each page with a table, as it is and as it should be."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if MARKED.search(text):
            made = MARKED.sub(lambda match: match[1] + TABLES[match[2]]() + match[3], text)
            yield page, text, made


if __name__ == "__main__":
    for page, _, made in marked():
        page.write_text(made, encoding="utf-8")
