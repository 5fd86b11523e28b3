"""Install a wheel into an empty environment, and try what a user gets: `make package`.

First without the `sandbox` extra, then with it, where an example DAG runs against the sandbox. The checkout
beside it is out of Python's reach, so that the wheel is what is tried.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 600  # seconds for one command; installing Airflow takes the longest
SPECS = ROOT / "example_dags" / "nxlink_templates"
BAD_SPEC = """
name: Spring Sale
language: en_US
category: MARKETING
content: Hello
"""

# Every module, the sandbox's apart; what each folder of DAGs needs to be read.
IMPORT_ALL = """
import importlib, pkgutil, runpy, sys
from pathlib import Path
import airflow_provider_nxlink as package
assert "site-packages" in package.__file__, package.__file__
names = [
    module.name
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=lambda name: None)
    if ".sandbox." not in module.name and not module.name.endswith("__main__")
]
for name in names:
    importlib.import_module(name)
dags = [runpy.run_path(str(file))["dag"].dag_id for file in sorted(Path(sys.argv[1]).glob("*.py"))]
print(f"{package.__version__}: {len(names)} modules, {len(dags)} example DAGs")
"""
ENTRY_POINTS = """
from importlib.metadata import distribution
for point in distribution("airflow-provider-nxlink").entry_points:
    print(point.group, point.name, point.load().__name__)
"""


class Environment:
    """A virtual environment and an Airflow home, both new, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "venv" / "bin" / "python"
        self.home = folder / "airflow"
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)

    def run(self, *words: str | Path, expect: int = 0) -> str:
        """Run Python with these arguments; return all it printed, exit if its status is not as expected."""
        mine = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "PYTHON"))}
        done = subprocess.run(
            [self.python, *map(str, words)],
            cwd=self.folder,
            env=mine
            | {
                "AIRFLOW_HOME": str(self.home),
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                # Neither the folder of a script nor the current one is searched for modules.
                "PYTHONSAFEPATH": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LONGEST,
        )
        if done.returncode != expect:
            shown = " ".join(map(str, words))[:200]
            sys.exit(f"{done.stdout}\npython {shown}\nended with {done.returncode}, not {expect}")
        return done.stdout

    def install(self, *words: str | Path) -> None:
        """Install packages, and check that all that is there fits together."""
        self.run("-m", "pip", "install", "--quiet", *words)
        tell("pip check", self.run("-m", "pip", "check"))

    def airflow_json(self, *words: str) -> list[dict[str, str]]:
        """Return what an Airflow command lists as JSON, below whatever was logged before it."""
        text = self.run("-m", "airflow", *words, "--output", "json")
        rows: list[dict[str, str]] = json.loads(text[text.index("[{") :])
        return rows


def tell(what: str, seen: str) -> None:
    """Print a step and the last line it printed."""
    lines = seen.strip().splitlines() or [""]
    print(f"  {what}: {lines[-1].strip()}", flush=True)


def expect(text: str, output: str, what: str) -> None:
    """Exit unless ``text`` is in the output."""
    if text not in output:
        sys.exit(f"{output}\n{what}: {text!r} is not in its output")
    tell(what, next(line for line in output.splitlines() if text in line))


def check_provider(env: Environment) -> None:
    """Try what needs no sandbox."""
    tell("import", env.run("-W", "ignore", "-c", IMPORT_ALL, ROOT / "example_dags").strip())
    for row in env.airflow_json("providers", "list"):
        if row["package_name"] == "airflow-provider-nxlink":
            tell("airflow providers list", json.dumps(row))
            break
    else:
        sys.exit("airflow providers list does not name airflow-provider-nxlink")
    for row in env.airflow_json("providers", "hooks"):
        if row["connection_type"] == "nxlink":
            tell("airflow providers hooks", json.dumps(row))
            break
    else:
        sys.exit("airflow providers hooks does not name nxlink")


def check_commands(env: Environment) -> None:
    """Try the command line, with Airflow and without, on good files and a bad one."""
    bad = env.folder / "bad.yaml"
    bad.write_text(
        "name: Spring Sale\nlanguage: en_US\ncategory: MARKETING\ncontent: Hello\n", encoding="utf-8"
    )
    for command in (["-m", "airflow_provider_nxlink"], ["-m", "airflow", "nxlink"]):
        name = " ".join(command[1:])
        tell(f"{name} lint", env.run(*command, "lint", SPECS))
        expect("name.pattern", env.run(*command, "lint", bad, expect=1), f"{name} lint, of a bad file")
        env.run(*command, "preview", next(SPECS.glob("*.yaml")))
        json.loads(env.run(*command, "schema"))


def check_sandbox(env: Environment) -> None:
    """Run an example DAG against the sandbox, and the project of `docs/testing-your-dags.md`."""
    expect(
        "Every task succeeded",
        env.run(ROOT / "scripts" / "demo.py", "--home", env.folder / "demo"),
        "example_nxlink_template_lifecycle",
    )
    expect("pytest11 nxlink", env.run("-c", ENTRY_POINTS), "entry points")
    tests = (
        ROOT / "tests" / part for part in ("provider", "sandbox/test_pytest_plugin.py", "test_layers.py")
    )
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", ROOT, "-c", ROOT / "pyproject.toml")
    tell("tests of the plugin and the metadata", env.run("-m", "pytest", *options, *tests))


def main() -> None:
    """Check the wheel that is named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("constraints", type=Path, help="the versions to install of all else")
    options = parser.parse_args()
    wheel, constraints = options.wheel.resolve(), options.constraints.resolve()
    with tempfile.TemporaryDirectory(prefix="nxlink-installed-") as folder:
        env = Environment(Path(folder))
        print(f"{wheel.name}, without extras:", flush=True)
        env.install("--constraint", constraints, wheel)
        check_provider(env)
        check_commands(env)
        print(f"{wheel.name}[sandbox]:", flush=True)
        env.install("--constraint", constraints, f"{wheel}[sandbox]", "pytest", "jsonschema")
        check_sandbox(env)


if __name__ == "__main__":
    main()
