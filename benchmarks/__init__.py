"""Measurements, never tests: each module here has a `run()` that measures and prints its own table."""
