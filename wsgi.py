"""The web application: ``wsgi:gateway`` for granian (RSGI), ``wsgi:app`` for any WSGI server."""

from handbook import config, launch, logs, policies
from handbook.app import create_app
from handbook.gateway import Gateway

settings = config.from_environment()
logs.configure(settings.log_level)
app = create_app(settings, launch.database_urls(settings).application)
gateway = Gateway(app, upload_most=settings.upload_max_bytes + policies.BODY_MAX)
