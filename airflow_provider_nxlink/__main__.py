"""``python -m airflow_provider_nxlink``: the command line without Airflow."""

import sys

from airflow_provider_nxlink.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
