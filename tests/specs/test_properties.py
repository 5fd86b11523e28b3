"""A spec that passes strict survives every form it is given in."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_nxlink.specs.files import load_one
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.rules import load

Specs = st.SearchStrategy[TemplateSpec]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("forms")


def body(spec: TemplateSpec) -> dict[str, Any]:
    wire = spec.to_wire(7)
    assert wire.pop("tenant_id") == 7
    return wire


@settings(deadline=None)
@given(data=st.data())
def test_spec_to_wire_to_spec(valid_specs: Specs, data: st.DataObject) -> None:
    spec = data.draw(valid_specs)
    again, violations = load(json.loads(json.dumps(body(spec))))
    assert again == spec
    assert [violation for violation in violations if violation.level == "error"] == []


@settings(deadline=None)
@given(data=st.data())
def test_spec_to_dict_to_spec(valid_specs: Specs, data: st.DataObject) -> None:
    spec = data.draw(valid_specs)
    assert TemplateSpec(**json.loads(json.dumps(spec.to_dict()))) == spec


@settings(deadline=None, max_examples=50)
@pytest.mark.parametrize("vendor_spelling", [False, True])
@given(data=st.data())
def test_spec_to_yaml_to_spec(
    valid_specs: Specs, scratch: Path, vendor_spelling: bool, data: st.DataObject
) -> None:
    spec = data.draw(valid_specs)
    plain = body(spec) if vendor_spelling else spec.to_dict()
    path = scratch / "spec.yaml"
    path.write_bytes(yaml.safe_dump(plain, allow_unicode=data.draw(st.booleans())).encode())
    assert load(load_one(path))[0] == spec


@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_spec_to_json_to_spec(valid_specs: Specs, scratch: Path, data: st.DataObject) -> None:
    spec = data.draw(valid_specs)
    path = scratch / "spec.json"
    path.write_bytes(json.dumps(spec.to_dict(), ensure_ascii=data.draw(st.booleans())).encode())
    assert load(load_one(path))[0] == spec
