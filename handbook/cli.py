"""The command line: run the house, migrate it, fill it, show it."""

import importlib
import sys

import click

from handbook.commands.common import console
from handbook.config import SettingsError
from handbook.embedded import EmbeddedError
from handbook.launch import LaunchError

NAMES = ("run", "worker", "migrate", "demo", "tour", "openapi", "migration")


class Commands(click.Group):
    """Loads a command's module when it is called: starting the house must not load the tour."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the names in the order of use."""
        return list(NAMES)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Return a command by its name, None for an unknown one."""
        if name not in NAMES:
            return None
        found: click.Command = importlib.import_module(f"handbook.commands.{name}").command
        found.name = name
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Sổ tay Đảng viên: the server of a digital party-member handbook."""


def main() -> None:
    """Run the command line; faults that have a remedy are told in one line, without a trace."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except (SettingsError, LaunchError, EmbeddedError) as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)
