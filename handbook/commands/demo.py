"""``demo``: an empty database filled with made-up data."""

import click

from handbook import demo, launch, upgrades
from handbook.app import create_app
from handbook.commands.common import console, settings


@click.command()
@click.option("--size", type=click.Choice(["commune", "province"]), default="commune")
def command(size: str) -> None:
    """Fill an empty database with made-up data."""
    found = settings()
    if found.production:
        raise launch.LaunchError("Demo data is not for production.")
    with launch.database_running(found) as urls:
        upgrades.upgrade(urls.owner, urls.application_role)
        app = create_app(found, urls.application)
        if not demo.is_empty(app):
            console.print("The database holds data already; nothing was changed.")
        elif size == "province":
            demo.province(app, console, owner_url=urls.owner)
        else:
            demo.commune(app, console)
            launch.write_demo_accounts(found, demo.told())
