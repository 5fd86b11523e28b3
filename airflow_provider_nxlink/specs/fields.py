"""What one field of a spec accepts, and how it is put into its one form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import PlainValidator

from airflow_provider_nxlink.api.reach import out_of_reach
from airflow_provider_nxlink.specs.plain import has_braces, is_json
from airflow_provider_nxlink.specs.violations import TemplateSpecError, Violation, shown

CATEGORIES = ("MARKETING", "UTILITY")
CATEGORY_CODES = {"MARKETING": 1, "UTILITY": 2}

# Jinja renders everything to strings, so a part that comes out of it is the text of a dict.
RENDERED_HINT = "; from an upstream task, its output itself (task.output) instead of Jinja"

TRUE_WORDS = {"true", "1"}
FALSE_WORDS = {"false", "0"}


def refuse(rule: str, value: Any, message: str, fix: str) -> TemplateSpecError:
    """Return the error for one field; whoever holds the field puts its path in front."""
    return TemplateSpecError([Violation(rule, "", shown(value), message, fix)])


def upstream(value: Any) -> TemplateSpecError:
    """Return the error for a value that is known at run time only, such as an XComArg."""
    return refuse(
        "field.upstream",
        value,
        "holds an object that is no plain value",
        "Give the whole template as a dict instead: Airflow tracks upstream values only in plain dicts.",
    )


def text(value: Any) -> str:
    """Accept a string as it is, if it can be sent at all."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            fix = f"Write the character at position {error.start} itself instead of half of a \\u pair."
            raise refuse("field.encoding", value, "holds half a character", fix) from None
        return value
    if isinstance(value, bool):
        fix = 'YAML reads yes, no, on and off as booleans: put the text in quotes, as in "no".'
        raise refuse("field.type", value, "is a boolean where text belongs", fix)
    if isinstance(value, int | float):
        raise refuse("field.type", value, "is a number where text belongs", f'Put it in quotes: "{value}".')
    if is_json(value):
        raise refuse("field.type", value, "is not text", "Give a string.")
    raise upstream(value)


def texts(value: Any) -> list[str]:
    """Accept a list of strings, or one string for a list of one."""
    if not isinstance(value, list | tuple):
        return [text(value)]
    return _each(value, text)


def identifier(value: Any) -> str:
    """Accept an id as a string or an integer; ids are compared as strings."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value)


def choice(*allowed: str, fold: Callable[[str], str] = str.upper) -> Callable[[Any], str]:
    """Return the reader of a field that takes one of a few words, in any case."""

    def read(value: Any) -> str:
        word = fold(text(value))
        if word not in allowed and not has_braces(word):
            raise refuse("field.choice", value, "is not one of the values it may have", _one_of(allowed))
        return value if has_braces(word) else word

    return read


def category(value: Any) -> str:
    """Accept MARKETING or UTILITY in any case, or the vendor's number for it, also as a string."""
    word = text(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)
    by_number = {str(code): name for name, code in CATEGORY_CODES.items()}
    word = by_number.get(word, word if has_braces(word) else word.upper())
    if word == "AUTHENTICATION":
        fix = "AUTHENTICATION is not available through this API: create it in the NXLink console."
        raise refuse("category.authentication", value, "is not available", fix)
    if word not in CATEGORIES and not has_braces(word):
        raise refuse("category.unknown", value, "is not a category", "Give MARKETING (1) or UTILITY (2).")
    return word


def flag(value: Any) -> bool | str:
    """Accept a boolean, 0 or 1, or what Jinja renders of them: ``"True"``, ``"0"``."""
    if isinstance(value, str) and has_braces(value):
        return value
    if not is_json(value):
        raise upstream(value)
    word = str(value).lower()
    if isinstance(value, str | int) and word in TRUE_WORDS | FALSE_WORDS:
        return word in TRUE_WORDS
    raise refuse("field.type", value, "is not true or false", "Give true or false.")


def literal_flag(value: Any) -> bool:
    """Accept true or false themselves: never Jinja, an upstream value, or a word for either."""
    if isinstance(value, bool):
        return value
    fix = "Write true or false; Jinja and upstream values cannot switch rendering."
    raise refuse("field.type", value, "is not a literal true or false", fix)


def media_url(value: Any) -> str:
    """Accept an absolute http(s) URL: NXLink's servers fetch it."""
    url = text(value)
    if has_braces(url):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or url != "".join(url.split()):
        bare = url.partition("?")[0]  # the query may be a signature
        fix = "Give the http:// or https:// address of a file that NXLink's servers can reach."
        raise refuse("media.url", bare, "is not an http(s) URL", fix)
    if out_of_reach(url):
        fix = "Put the file where NXLink's servers, which fetch it, can reach it."
        raise refuse("media.url", url.partition("?")[0], "leads NXLink's servers to themselves", fix)
    return url


def parts(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the reader of a list of parts (buttons, events)."""

    def read_list(value: Any) -> Any:
        if isinstance(value, str) and has_braces(value):
            return value
        if isinstance(value, list | tuple):
            return _each(value, read)
        if is_json(value):
            fix = f"Give a list, with one mapping for each{RENDERED_HINT}."
            raise refuse("field.type", value, "is not a list", fix)
        raise upstream(value)

    return read_list


def _each(values: list[Any] | tuple[Any, ...], read: Callable[[Any], Any]) -> list[Any]:
    """Read every item, and report what is wrong with all of them."""
    items: list[Any] = []
    violations: list[Violation] = []
    for index, value in enumerate(values):
        try:
            items.append(read(value))
        except TemplateSpecError as error:
            violations += [violation.within(f"[{index}]") for violation in error.violations]
    if violations:
        raise TemplateSpecError(violations)
    return items


def _one_of(allowed: tuple[str, ...]) -> str:
    return f"Give {', '.join(allowed[:-1])} or {allowed[-1]}."


Text = Annotated[str, PlainValidator(text, json_schema_input_type=str)]
Identifier = Annotated[str, PlainValidator(identifier, json_schema_input_type=str | int)]
LiteralFlag = Annotated[bool, PlainValidator(literal_flag, json_schema_input_type=bool)]
Flag = Annotated[bool, PlainValidator(flag, json_schema_input_type=bool | Literal[0, 1])]
