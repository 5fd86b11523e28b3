"""Sensors that wait for NXLink."""
