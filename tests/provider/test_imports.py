"""What importing the provider costs a DAG file, and every Airflow process."""

import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

from airflow_provider_nxlink import api, provisioning, specs, triggers
from airflow_provider_nxlink.get_provider_info import get_provider_info

PACKAGE = "airflow_provider_nxlink"
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


def test_a_dag_file_loads_nothing_that_only_a_worker_needs() -> None:
    info = get_provider_info()
    modules = {
        name
        for kind in ("operators", "sensors", "hooks")
        for entry in info[kind]
        for name in entry["python-modules"]
    }
    loaded = loaded_by(f"import {', '.join(sorted(modules))}")
    assert modules <= loaded
    ours = {name.removeprefix(f"{PACKAGE}.") for name in loaded if name.startswith(f"{PACKAGE}.")}
    # What is listed here is small. The rest comes with what first uses it: a spec, a call, a wait.
    assert {name for name in ours if name.split(".")[0] in ("api", "specs", "provisioning", "triggers")} == {
        "api",
        "api.errors",
        "api.reach",
        "api.regions",
        "api.retries",
        "api.status",
        "api.waiting",
        "provisioning",
        "provisioning.options",
        "specs",
        "specs.plain",
        "triggers",
    }


def test_a_dag_file_with_specs_loads_what_checks_them_and_nothing_that_plans_or_sends() -> None:
    spec = {"name": "promo", "language": "de", "category": "MARKETING", "content": "Hallo"}
    loaded = loaded_by(
        f"from {PACKAGE}.operators.template import NxlinkSyncTemplatesOperator\n"
        f"NxlinkSyncTemplatesOperator(task_id='sync', templates=[{spec}])"
    )
    ours = {name.removeprefix(f"{PACKAGE}.") for name in loaded if name.startswith(f"{PACKAGE}.")}
    assert {"specs.rules", "provisioning.gather"} <= ours
    assert not {"api.models", "api.calls", "provisioning.plan_many", "provisioning.sync"} & ours


def test_a_module_comes_when_it_is_first_used() -> None:
    use = f"from {PACKAGE} import api\nbefore = set(sys.modules)\napi.calls.list_flows"
    assert {f"{PACKAGE}.api.calls", f"{PACKAGE}.api.models"} <= loaded_by(
        use + "\nassert 'pydantic' not in before"
    )


@pytest.mark.parametrize("package", [api, provisioning, specs, triggers])
def test_type_checkers_know_each_module_of_a_package(package: ModuleType) -> None:
    assert package.__all__ == sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def test_a_module_that_is_not_there_is_told_as_python_tells_it() -> None:
    with pytest.raises(
        AttributeError, match=r"module 'airflow_provider_nxlink.api' has no attribute 'nothing'"
    ):
        _ = api.nothing
    assert not hasattr(api, "nothing")


def test_a_dag_file_pays_neither_for_requests_nor_for_the_sandbox() -> None:
    names = ("operators.template", "operators.media", "operators.flow", "sensors.template", "specs.model")
    modules = {f"airflow_provider_nxlink.{name}" for name in names}
    loaded = loaded_by(f"import {', '.join(sorted(modules))}")
    assert modules <= loaded
    # Airflow 2 itself loads requests.
    airflows = loaded_by("from airflow.providers.common.compat.sdk import BaseHook, BaseSensorOperator")
    assert not HEAVY & loaded - airflows
    assert not any(name.startswith("airflow_provider_nxlink.sandbox") for name in loaded)


def test_api_and_specs_work_without_airflow() -> None:
    modules = {f"airflow_provider_nxlink.{name}" for name in ("api.client", "specs.rules", "specs.files")}
    loaded = loaded_by(f"import {', '.join(sorted(modules))}")
    assert modules <= loaded
    assert "airflow" not in loaded
