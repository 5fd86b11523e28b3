"""What importing the provider costs a DAG file, and every Airflow process."""

import subprocess
import sys

HEAVY = {"requests", "pandas", "uvicorn"}


def loaded_by(statement: str) -> set[str]:
    """Return the modules a fresh interpreter has loaded after ``statement``."""
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_provider_info_loads_nothing_but_itself() -> None:
    loaded = loaded_by("import airflow_provider_nxlink.get_provider_info as info; info.get_provider_info()")
    ours = {name for name in loaded if name.startswith("airflow_provider_nxlink")}
    assert ours == {
        "airflow_provider_nxlink",
        "airflow_provider_nxlink.get_provider_info",
        "airflow_provider_nxlink.connection_form",
    }
    assert not {"airflow", "pydantic", "httpx", "requests", "yaml"} & loaded


def test_a_dag_file_pays_neither_for_requests_nor_for_the_sandbox() -> None:
    names = ("operators.template", "operators.media", "operators.flow", "sensors.template", "specs.model")
    modules = {f"airflow_provider_nxlink.{name}" for name in names}
    loaded = loaded_by(f"import {', '.join(sorted(modules))}")
    assert modules <= loaded
    assert not HEAVY & loaded
    assert not any(name.startswith("airflow_provider_nxlink.sandbox") for name in loaded)


def test_api_and_specs_work_without_airflow() -> None:
    modules = {f"airflow_provider_nxlink.{name}" for name in ("api.client", "specs.rules", "specs.files")}
    loaded = loaded_by(f"import {', '.join(sorted(modules))}")
    assert modules <= loaded
    assert "airflow" not in loaded
