"""``worker``: the clock, the outbox and all due work."""

import click

from handbook import jobs, launch
from handbook.app import create_app
from handbook.commands.common import settings


@click.command()
def command() -> None:
    """Run the worker: the clock, the outbox and all due work."""
    found = settings()
    jobs.run_worker(create_app(found, launch.database_urls(found).application), found)
