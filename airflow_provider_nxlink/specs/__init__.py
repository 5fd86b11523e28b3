"""What a user wants a WhatsApp template to be; no Airflow and no HTTP in here."""
