"""Bringing NXLink's templates to what specs say. No Airflow import below here."""
