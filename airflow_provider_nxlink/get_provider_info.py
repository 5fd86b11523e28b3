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
        "config": {
            "nxlink": {
                "description": "Settings of the NXLink provider.",
                "options": {
                    "auth_grace": {
                        "description": (
                            "Minutes for which a wait that has looked successfully before goes on while its "
                            "polls fail with an authentication error, or its connection is missing, unusable "
                            "or leads to another account. At least three polls in a row must have failed. A "
                            "wait's first look fails at once. 0 ends a wait at the third failure.\n"
                        ),
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": "240",
                        "default": "90",
                    }
                },
            }
        },
        "cli": [f"{_PACKAGE}.cli.definition.get_nxlink_cli_commands"],
        "connection-types": [provider_metadata()],
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": INTEGRATION, "python-modules": [f"{_PACKAGE}.{name}" for name in names]}
