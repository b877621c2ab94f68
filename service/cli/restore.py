"""``chaoxin restore``: restore a backup into an empty folder."""

from __future__ import annotations

from pathlib import Path

import click

from service import backup


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--identity-file",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The private key that the backup was made for.",
)
def command(file: Path, directory: Path, identity_file: Path) -> None:
    """Restore the backup in FILE into DIRECTORY. Put the passphrase there yourself: it is not in the backup."""
    rows = backup.restore_backup(file, directory, identity_file.read_text(encoding="ascii").strip())
    click.echo(f"{directory}: {rows} rows")
