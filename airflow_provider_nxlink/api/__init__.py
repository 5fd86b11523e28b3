"""NXLink over HTTP: signing, calls, answers and errors. Knows nothing of Airflow."""
