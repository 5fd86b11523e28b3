"""What Airflow reads about this provider. It runs in every Airflow process, so it imports nothing heavy."""

from __future__ import annotations

from typing import Any

from airflow_provider_nxlink import __version__
from airflow_provider_nxlink.connection_form import provider_metadata

INTEGRATION = "NXLink"
_PACKAGE = "airflow_provider_nxlink"


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata, as Airflow's ``provider_info.schema.json`` describes it."""
    uris = {
        "schemes": ["nxlink"],
        "handler": f"{_PACKAGE}.assets.sanitize_uri",
        "factory": f"{_PACKAGE}.assets.create_asset",
    }
    return {
        "package-name": "airflow-provider-nxlink",
        "name": INTEGRATION,
        "description": "`NXLink <https://www.nxcloud.com/>`__, a WhatsApp business platform.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://www.nxcloud.com/",
                "tags": ["service"],
            }
        ],
        "operators": [
            _modules(
                "operators.template", "operators.apply", "operators.sync", "operators.media", "operators.flow"
            ),
        ],
        "sensors": [_modules("sensors.template")],
        "hooks": [_modules("hooks.nxlink")],
        "triggers": [_modules("triggers.template", "triggers.changes", "triggers.pause")],
        "extra-links": [f"{_PACKAGE}.links.NxlinkConsoleLink"],
        "asset-uris": [uris],
        # What Airflow 2 calls them.
        "dataset-uris": [uris],
        "cli": [f"{_PACKAGE}.cli.definition.get_nxlink_cli_commands"],
        "connection-types": [provider_metadata()],
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": INTEGRATION, "python-modules": [f"{_PACKAGE}.{name}" for name in names]}
