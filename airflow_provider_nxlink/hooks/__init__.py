"""Connections to NXLink."""
