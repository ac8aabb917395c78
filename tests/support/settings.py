"""Settings for tests."""

from pathlib import Path

from handbook import config


def make(var: Path, **more: str) -> config.Settings:
    """Return settings of a test with its working folder ``var``; ``more`` are environment names."""
    return config.load({"HANDBOOK_ENV": "test", "HANDBOOK_VAR": str(var), **more})
