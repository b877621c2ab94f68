"""``chaoxin db``: the database's version."""

from __future__ import annotations

import click

from service import schema
from service.cli.options import EXIT_NO, emit, json_option, pass_services
from service.wiring import Services


@click.group()
def command() -> None:
    """Bring the database schema up to date, or say at which version it is."""


@command.command()
@pass_services
def upgrade(services: Services) -> None:
    """Run the migrations that are missing, in one transaction."""
    schema.upgrade(services.engine)
    click.echo(schema.wanted_version())


@command.command()
@json_option
@pass_services
def version(services: Services, as_json: bool) -> None:
    """Print the version found and the version wanted; exit 1 when they differ."""
    found, wanted = schema.found_version(services.engine), schema.wanted_version()
    emit({"found": found, "wanted": wanted}, as_json, f"{found} (wanted: {wanted})")
    if found != wanted:
        raise SystemExit(EXIT_NO)
