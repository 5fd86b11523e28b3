"""Triggers that wait for NXLink without a worker."""
