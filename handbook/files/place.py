"""Where this application's files lie, and how large a file it takes."""

from flask import current_app

from handbook.config import Settings
from handbook.files.storage import FileStore


def store() -> FileStore:
    """Return the application's file store."""
    found: FileStore = current_app.extensions["handbook_files"]
    return found


def most_bytes() -> int:
    """Return how many bytes an uploaded file may have."""
    settings: Settings = current_app.extensions["handbook_settings"]
    return settings.upload_max_bytes
