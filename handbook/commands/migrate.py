"""``migrate``: the database brought to the newest migration."""

import click

from handbook import launch, upgrades
from handbook.commands.common import console, settings


@click.command()
def command() -> None:
    """Bring the database to the newest migration."""
    with launch.database_running(settings()) as urls:
        upgrades.upgrade(urls.owner, urls.application_role)
    console.print("The database is at the newest migration.")
