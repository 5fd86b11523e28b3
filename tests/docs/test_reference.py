"""The reference is complete: every class for users is in it, and says what each of its arguments takes."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import airflow_provider_nxlink
from airflow_provider_nxlink.get_provider_info import get_provider_info
from tests.docs.markdown import ROOT

PREFIX = "airflow_provider_nxlink."
PAGES = sorted((ROOT / "docs" / "api").glob("*.md"))
IN_REFERENCE = {
    name
    for page in PAGES
    for name in re.findall(
        r"auto(?:class|exception|function|module):: (\S+)", page.read_text(encoding="utf-8")
    )
}


def named_in_metadata() -> Iterator[type]:
    """Yield the classes of the modules that the provider's metadata names: what a DAG imports."""
    info = get_provider_info()
    for kind in ("hooks", "operators", "sensors", "triggers"):
        for module_name in [name for entry in info[kind] for name in entry["python-modules"]]:
            module = importlib.import_module(module_name)
            for name, value in vars(module).items():
                if inspect.isclass(value) and name.startswith("Nxlink") and value.__module__ == module_name:
                    yield value


def errors() -> Iterator[type]:
    for module in ("api.errors", "exceptions"):
        for name, value in vars(importlib.import_module(PREFIX + module)).items():
            if inspect.isclass(value) and name.endswith("Error") and value.__module__ == PREFIX + module:
                yield value


CLASSES = [*named_in_metadata(), *errors()]


def is_listed(cls: type) -> bool:
    whole = {f"{cls.__module__}.{cls.__name__}", cls.__module__}
    # An operator that a module hands on may be listed there.
    return bool(whole & IN_REFERENCE) or any(name.endswith(f".{cls.__name__}") for name in IN_REFERENCE)


def test_there_is_something_to_look_at() -> None:
    assert len(CLASSES) > 20


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_class_is_in_the_reference(cls: type) -> None:
    assert is_listed(cls)


def arguments(cls: Any) -> set[str]:
    """Return the arguments that this class and its bases in this package take."""
    ours = [base for base in cls.__mro__ if base.__module__.startswith(PREFIX)]
    inits = [vars(base)["__init__"] for base in ours if "__init__" in vars(base)]
    return {
        name
        for init in inits
        for name, parameter in inspect.signature(init).parameters.items()
        if name != "self" and parameter.kind is not parameter.VAR_KEYWORD
    }


def documented(cls: type) -> set[str]:
    texts = [vars(base).get("__doc__") or "" for base in cls.__mro__ if base.__module__.startswith(PREFIX)]
    return {name for text in texts for name in re.findall(r":param (\w+):", text)}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_argument_says_what_it_takes(cls: type) -> None:
    assert arguments(cls) - documented(cls) == set()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_no_argument_is_described_that_is_not_there(cls: type) -> None:
    assert documented(cls) - arguments(cls) == set()


MODULES = [
    module.name
    for module in pkgutil.walk_packages(airflow_provider_nxlink.__path__, PREFIX)
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_what_docstrings_show_runs_or_can_be_read(name: str) -> None:
    """Examples with ``>>>`` are run; those in code blocks are Python."""
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module)
    assert failed == 0
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for block in code_blocks(ast.get_docstring(node) or ""):
                compile(block, name, "exec")


def code_blocks(docstring: str) -> list[str]:
    found = re.findall(r"^\.\. code-block:: python\n\n((?:(?: {4}.*)?\n)+)", docstring + "\n", re.MULTILINE)
    return [inspect.cleandoc(block) for block in found]


def test_a_code_block_is_found() -> None:
    text = "Do it.\n\n.. code-block:: python\n\n    a = 1\n\n    b = 2\n\nMore.\n"
    assert code_blocks(text) == ["a = 1\n\nb = 2"]
