"""Fixtures of the spec tests."""

import json
from pathlib import Path
from typing import Any

import pytest

VENDOR_BODIES: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("vendor_bodies.json").read_text(encoding="utf-8")
)


@pytest.fixture(params=sorted(VENDOR_BODIES))
def vendor_body(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each request body of the vendor's page, as it stands there."""
    return dict(VENDOR_BODIES[request.param])


@pytest.fixture
def minimal() -> dict[str, Any]:
    """The least a template needs."""
    return {"name": "hello", "language": "en_US", "category": "UTILITY", "content": "Hello there"}
