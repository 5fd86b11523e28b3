"""Which console belongs to which API base URL."""

import pytest

from airflow_provider_nxlink.api.account import DEFAULT_BASE_URL
from airflow_provider_nxlink.api.regions import console_of


@pytest.mark.parametrize(
    ("base_url", "console"),
    [
        (DEFAULT_BASE_URL, "https://app.nxlink.ai"),
        ("https://api-hk.nxlink.ai", "https://app.nxlink.ai"),
        ("https://chl-api.nxlink.ai", "https://chl-nxlink.nxcloud.com"),
        ("https://api-idn.nxlink.ai", "https://idn.nxlink.ai"),
    ],
)
def test_each_region_has_its_console(base_url: str, console: str) -> None:
    assert console_of(base_url) == console


@pytest.mark.parametrize("spelling", ["https://API-IDN.nxlink.ai", "https://api-idn.nxlink.ai:443/"])
def test_spelling_does_not_matter(spelling: str) -> None:
    assert console_of(spelling) == "https://idn.nxlink.ai"


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:8765", "http://localhost", "https://nxlink.ai", "https://api-hk.nxlink.ai.example"],
)
def test_what_is_not_nxlinks_has_none(base_url: str) -> None:
    assert console_of(base_url) is None
