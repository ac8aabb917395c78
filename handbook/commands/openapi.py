"""``openapi``: docs/openapi.yaml written from the code, or compared with it."""

import click

from handbook import config, launch, openapi
from handbook.app import create_app

FILE = launch.ROOT / "docs" / "openapi.yaml"


@click.command()
@click.option("--check", is_flag=True, help="Only tell whether the file is what the code says.")
def command(*, check: bool) -> None:
    """Write docs/openapi.yaml from the code."""
    settings = config.load({"HANDBOOK_ENV": "test"})
    text = openapi.as_yaml(create_app(settings, "postgresql+psycopg://unused@localhost/unused"))
    if not check:
        FILE.write_text(text, encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        raise launch.LaunchError("docs/openapi.yaml is not what the code says: run `make openapi`.")
