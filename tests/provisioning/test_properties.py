"""Applying is idempotent, whatever the spec and whatever shape NXLink's answers have."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_nxlink.api.client import NxlinkClient
from airflow_provider_nxlink.provisioning.apply import apply
from airflow_provider_nxlink.provisioning.options import Rules
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sandbox.settings import FORMS
from airflow_provider_nxlink.specs.model import TemplateSpec

# One page that never ends is told by its repetition; the path of uploads is not in question here.
# Templates that no update may touch, and texts that are stored as others, have tests of their own.
PLAIN = {"extra_component": "none", "extra_button": "none", "button_reqs": "given", "stored": "as_sent"}
SHAPE = st.fixed_dictionaries({key: st.sampled_from(forms) for key, forms in FORMS.items()}).map(
    lambda shape: shape | PLAIN
)


@pytest.fixture(scope="module")
def lenient() -> Iterator[SandboxServer]:
    """A sandbox that takes any tag, flow and template for granted."""
    with SandboxServer(approve_after=0, strict_references=False, edits_per_day=0) as sandbox:
        yield sandbox


def writes(server: SandboxServer) -> int:
    return server.count("create") + server.count("update")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_second_apply_sends_nothing(
    valid_specs: st.SearchStrategy[TemplateSpec], lenient: SandboxServer, connect: Any, data: st.DataObject
) -> None:
    lenient.reset()
    lenient.switch(**data.draw(SHAPE))
    spec, rules = data.draw(valid_specs), Rules(compare=data.draw(st.sampled_from(["full", "content"])))
    client: NxlinkClient
    with connect(lenient) as client:
        assert apply(client, spec, rules).action == "created"
        before = writes(lenient)
        again = apply(client, spec, rules)
        assert (again.action, again.differences, writes(lenient)) == ("unchanged", (), before)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_was_changed_is_changed_back_once(
    valid_specs: st.SearchStrategy[TemplateSpec], lenient: SandboxServer, connect: Any, data: st.DataObject
) -> None:
    lenient.reset()
    lenient.switch(**data.draw(SHAPE))
    spec = data.draw(valid_specs.filter(lambda spec: "never" not in spec.name))
    other = TemplateSpec(**{**spec.to_dict(), "content": "Something else."})
    with connect(lenient) as client:
        apply(client, other)
        assert apply(client, spec).action == "updated"
        body = lenient.received(endpoint="update")[-1].json
        assert body == spec.to_wire(client.account.tenant_id)
        assert apply(client, spec).action == "unchanged"
