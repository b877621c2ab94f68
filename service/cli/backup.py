"""``chaoxin backup``: write an encrypted backup."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pyrage

from service import backup
from service.cli.options import pass_services
from service.wiring import Services


def _new_identity(context: click.Context, _parameter: click.Parameter, file: Path | None) -> None:
    if file is None or context.resilient_parsing:
        return
    identity = pyrage.x25519.Identity.generate()
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:  # noqa: PTH123 - mode
        stream.write(f"{identity}\n")
    click.echo(str(identity.to_public()))
    context.exit()


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--recipient", required=True, help="The public key (age1…) that the backup is encrypted to.")
@click.option(
    "--new-identity",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_new_identity,
    expose_value=False,
    is_eager=True,
    help="Write a new private key to this file, print its public key, and stop.",
)
@pass_services
def command(services: Services, file: Path, recipient: str) -> None:
    """Write everything of the node but its passphrase, encrypted, to FILE."""
    rows = backup.write_backup(services, file, recipient)
    click.echo(f"{file}: {rows} rows")
