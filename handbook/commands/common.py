"""What commands share: settings read, logs set up, the screen."""

from rich.console import Console

from handbook import config, logs
from handbook.config import Settings

console = Console(highlight=False)


def settings() -> Settings:
    """Return the settings of this process, with logs set up."""
    found = config.from_environment()
    logs.configure(found.log_level)
    return found
