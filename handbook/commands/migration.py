"""``migration``: the next migration drafted."""

import click
from alembic import command as alembic

from handbook import launch, upgrades
from handbook.commands.common import settings
from handbook.commands.run import HEAD


@click.command()
@click.argument("name")
def command(name: str) -> None:
    """Draft the next migration NAME from the difference between models and database."""
    with launch.database_running(settings()) as urls:
        upgrades.upgrade(urls.owner, urls.application_role)
        number = f"{int(HEAD.read_text(encoding='utf-8').strip()) + 1:04}"
        options = upgrades.alembic_config(urls.owner, urls.application_role)
        alembic.revision(options, message=name, autogenerate=True, rev_id=number)
        HEAD.write_text(f"{number}\n", encoding="utf-8")
