"""Whatever a template is given as, and whatever NXLink says of one: a result, or an error that is ours."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.specs.diff import diff, not_told
from airflow_provider_nxlink.specs.model import TemplateSpec
from airflow_provider_nxlink.specs.preview import preview
from airflow_provider_nxlink.specs.rules import load, problems
from airflow_provider_nxlink.specs.spelling import BUTTON, EVENT, MEDIA, SPEC
from airflow_provider_nxlink.specs.violations import TemplateSpecError
from tests.specs.conftest import VENDOR_BODIES

NAMES = sorted(
    {name for table in (SPEC, BUTTON, EVENT, MEDIA) for pair in table.wire.items() for name in pair}
    | {
        "category_type",
        "components",
        "tenant_id",
        "tenant_id ",
        "languages",
        "type",
        "format",
        "example",
        "id",
    }
)
WORDS = [
    "",
    "MARKETING",
    "en_US",
    "IMAGE",
    "URL",
    "FLOW",
    "{{1}}",
    "{{ x }}",
    "{% if",
    "https://[",
    "\ud83d",
    "4:a:b",
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(WORDS)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=12,
)


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A body of the vendor's page with a few of its values, wherever they are, replaced by anything."""
    body = json.loads(json.dumps(draw(st.sampled_from(sorted(VENDOR_BODIES.items())))[1]))
    for _ in range(draw(st.integers(1, 3))):
        part: Any = body
        while True:
            keys = list(part) if isinstance(part, dict) else list(range(len(part)))
            if isinstance(part, dict):
                keys += draw(st.lists(st.sampled_from(NAMES), max_size=1))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            inner = part[key] if not isinstance(part, dict) or key in part else None
            if isinstance(inner, (dict, list)) and inner and draw(st.booleans()):
                part = inner
                continue
            part[key] = draw(VALUES)
            break
    return body


ANYTHING = spoilt() | VALUES
BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@BOUNDED
@given(ANYTHING, st.sampled_from(["strict", "warn", "off"]), st.booleans())
def test_a_template_given_as_anything_is_a_spec_or_our_error(
    value: Any, validation: Any, rendered: bool
) -> None:
    spec, found = None, []
    try:
        spec, found = load(value, validation=validation, rendered=rendered)
    except TemplateSpecError as error:
        found = error.violations
        assert found, str(error)  # noqa: PT017 - either way of ending is right
    assert all(str(violation) for violation in found)
    if spec is not None and rendered:
        assert TemplateSpec(**json.loads(json.dumps(spec.to_dict()))) == spec
        assert preview(spec)
        if not (spec.header_media and spec.header_media.needs_upload):
            json.dumps(spec.to_wire(7), allow_nan=False).encode()


@BOUNDED
@given(ANYTHING, st.booleans())
def test_what_is_wrong_with_anything_can_be_listed(value: Any, rendered: bool) -> None:
    listed = problems(value, rendered=rendered)
    try:
        load(value, rendered=rendered)
    except TemplateSpecError:
        assert any(violation.level == "error" for violation in listed)
    else:
        assert all(violation.level != "error" for violation in listed)


def answers(body: Any) -> list[dict[str, Any]]:
    """Return how a list and details in both shapes would show a body."""
    if not isinstance(body, dict):
        return []
    buttons, text = (
        body.get("buttonComponents"),
        {"text": body.get("content"), "format": body.get("mediaType")},
    )
    shown = [{**text, "type": kind, "buttons": buttons} for kind in ("HEADER", "BODY", "FOOTER", "BUTTONS")]
    return [body, {**body, "buttons": buttons}, {**body, "components": [*shown, body]}]


@BOUNDED
@given(st.sampled_from(sorted(VENDOR_BODIES)), ANYTHING, st.sampled_from(["full", "content"]))
def test_a_spec_is_compared_with_whatever_nxlink_says_a_template_is(
    body: str, said: Any, compare: Any
) -> None:
    spec, _ = load(VENDOR_BODIES[body])
    assert spec is not None
    for answer in answers(said):
        live = Template.model_validate(answer)
        assert all(str(difference) for difference in diff(spec, live, compare=compare))
        assert isinstance(not_told(spec, live, compare=compare), list)
