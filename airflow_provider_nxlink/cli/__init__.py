"""The command line, as ``python -m airflow_provider_nxlink`` and, from Airflow 3.2, as ``airflow nxlink``."""
