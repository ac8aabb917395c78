"""``tour``: the main job played through HTTP."""

from pathlib import Path

import click

from handbook import launch, tour
from handbook.commands.common import console, settings


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(files: tuple[Path, ...]) -> None:
    """Play the main job on the running server with FILES (DOCX, PDF or TXT)."""
    try:
        tour.tour(settings(), files, console)
    except tour.TourError as error:
        raise launch.LaunchError(str(error)) from error
