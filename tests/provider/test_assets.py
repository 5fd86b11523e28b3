"""The asset URIs of message templates, through Airflow's own Asset."""

import pytest
from airflow.providers.common.compat.sdk import Asset

from airflow_provider_nxlink.assets import create_asset


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Airflow 2 refuse what it only warns of by default."""
    monkeypatch.setenv("AIRFLOW__CORE__STRICT_DATASET_URI_VALIDATION", "True")


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("nxlink://8615800001795/order_shipped/en_US", "nxlink://8615800001795/order_shipped/en_US"),
        ("nxlink://+86-158-0000-1795/order_shipped/en_US", "nxlink://8615800001795/order_shipped/en_US"),
        ("NXLINK://8615800001795/Order_Shipped/en-us/", "nxlink://8615800001795/order_shipped/en_US"),
        ("nxlink://8615800001795/order_shipped/DE", "nxlink://8615800001795/order_shipped/de"),
        ("nxlink://8615800001795/order_shipped", "nxlink://8615800001795/order_shipped"),
        ("nxlink://8615800001795/", "nxlink://8615800001795"),
    ],
)
def test_a_uri_has_one_form(written: str, normal: str) -> None:
    assert Asset(uri=written).uri == normal


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize(
    "wrong",
    [
        "nxlink://phone/order_shipped/en_US",
        "nxlink://123/order_shipped/en_US",
        "nxlink://8615800001795/order_shipped/en_US/more",
        "nxlink://8615800001795/order shipped/en_US",
        "nxlink://8615800001795/order_shipped?language=en_US",
        "nxlink:///order_shipped/en_US",
    ],
)
def test_a_uri_that_names_no_template_is_refused_with_the_form_to_write(wrong: str) -> None:
    with pytest.raises(ValueError, match="nxlink://<phone>/<name>/<language>"):
        Asset(uri=wrong)


def test_an_asset_is_made_of_its_parts() -> None:
    asset = create_asset(phone="+86 15800001795", name="order_shipped", language="en_US", extra={"a": 1})
    assert asset.uri == "nxlink://8615800001795/order_shipped/en_US"
    assert asset.extra == {"a": 1}
