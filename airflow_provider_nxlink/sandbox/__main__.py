"""Runs the sandbox: ``python -m airflow_provider_nxlink.sandbox``."""

import sys

try:
    from airflow_provider_nxlink.sandbox.cli import main
except ModuleNotFoundError as error:
    sys.exit(str(error))

if __name__ == "__main__":
    sys.exit(main())
