"""A loopback NXLink for tests and demonstrations: checks signatures and plays reviews."""
