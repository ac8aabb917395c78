"""The web application for a WSGI server: ``wsgi:app``."""

from handbook import config, launch, logs
from handbook.app import create_app

settings = config.from_environment()
logs.configure(settings.log_level)
app = create_app(settings, launch.database_urls(settings).application)
