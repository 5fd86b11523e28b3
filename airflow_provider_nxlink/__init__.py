"""Apache Airflow provider for NXLink, a WhatsApp business platform."""

__version__ = "0.1.0"
