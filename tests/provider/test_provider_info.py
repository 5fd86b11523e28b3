"""What Airflow reads about the provider."""

import importlib
import json
import warnings
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from airflow.providers_manager import ProvidersManager

import airflow_provider_nxlink
from airflow_provider_nxlink.get_provider_info import get_provider_info
from airflow_provider_nxlink.hooks.nxlink import NxlinkHook

INFO = get_provider_info()
ROOT = Path(airflow_provider_nxlink.__file__).parent


def test_fits_airflows_schema() -> None:
    schema = json.loads(files("airflow").joinpath("provider_info.schema.json").read_text())
    jsonschema.validate(INFO, schema)


def test_is_plain_json() -> None:
    assert json.loads(json.dumps(INFO)) == INFO


def test_the_entry_point_leads_to_it() -> None:
    (point,) = (
        point
        for point in entry_points(group="apache_airflow_provider")
        if point.value.startswith("airflow_provider_nxlink.")
    )
    assert point.load() is get_provider_info
    assert point.dist is not None
    assert point.dist.name == INFO["package-name"] == "airflow-provider-nxlink"
    assert point.dist.version == airflow_provider_nxlink.__version__ == INFO["versions"][0]


ENDINGS = {"operators": "Operator", "sensors": "Sensor", "hooks": "Hook", "triggers": "Trigger"}


@pytest.mark.parametrize("kind", ENDINGS)
def test_every_class_for_users_is_in_a_module_that_is_named(kind: str) -> None:
    modules = [importlib.import_module(name) for entry in INFO[kind] for name in entry["python-modules"]]
    named = {name for module in modules for name in vars(module)}
    there = {
        name
        for path in (ROOT / kind).glob("[a-z]*.py")
        for name, value in vars(
            importlib.import_module(f"airflow_provider_nxlink.{kind}.{path.stem}")
        ).items()
        if name.startswith("Nxlink") and name.endswith(ENDINGS[kind]) and not _is_base(value)
    }
    assert there
    assert there - named == set()


def _is_base(kind: type) -> bool:
    """Say whether a class is only there to be inherited from."""
    return (kind.__doc__ or "").strip().startswith("Base of")


def test_every_dotted_path_leads_somewhere() -> None:
    paths = [*_paths(INFO)]
    assert paths
    for path in paths:
        module, _, name = path.rpartition(".")
        assert hasattr(importlib.import_module(module), name) or importlib.import_module(path)


def _paths(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [path for item in value.values() for path in _paths(item)]
    if isinstance(value, list):
        return [path for item in value for path in _paths(item)]
    return [value] if isinstance(value, str) and value.startswith("airflow_provider_nxlink.") else []


# The newer way in, ProvidersManagerTaskRuntime, has no form.
pytestmark = pytest.mark.filterwarnings("ignore:ProvidersManager.hooks is deprecated")


@pytest.fixture(scope="module")
def manager() -> ProvidersManager:
    return ProvidersManager()


def test_airflow_loads_it_without_a_warning(manager: ProvidersManager) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        provider = manager.providers["airflow-provider-nxlink"]
        hook = manager.hooks["nxlink"]
    assert provider.version == airflow_provider_nxlink.__version__
    assert hook is not None
    assert hook.hook_class_name == f"{NxlinkHook.__module__}.{NxlinkHook.__name__}"
    assert hook.connection_id_attribute_name == "nxlink_conn_id"
    assert hook.hook_name == "NXLink"
    assert hook.connection_testable
    assert not [warning for warning in caught if "nxlink" in str(warning.message).lower()]


def test_airflow_shows_the_whole_form(manager: ProvidersManager) -> None:
    (metadata,) = INFO["connection-types"]
    assert manager.hooks["nxlink"] is not None
    widgets = {
        name.removeprefix("extra__nxlink__")
        for name in manager.connection_form_widgets
        if name.startswith("extra__nxlink__")
    }
    assert widgets == set(metadata["conn-fields"])
    behaviour = manager.field_behaviours["nxlink"]
    relabeling = metadata["ui-field-behaviour"]["relabeling"]
    assert {key: behaviour["relabeling"][key] for key in relabeling} == relabeling
    assert "schema" in behaviour["hidden_fields"]
