"""``chaoxin init``: make a new node, or finish one whose making was interrupted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from kernel.errors import Misuse
from kernel.randomness import token
from pki import authority, known_revoked
from service import schema
from service.config import load_config
from service.errors import FOLDER_UNWRITABLE
from service.files import write_once
from service.wiring import Services

_CONFIG = """\
# The configuration of one node; docs/operations.md explains every key.

[node]
code = {code}
name = {name}
url = {url}
province = {province}
{places}
[listen]
host = "127.0.0.1"
port = {port}

[database]
url = {database}
{keys}"""


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--code", required=True, help="GB/T 2260 area code.")
@click.option("--name", required=True, help="The node's name, e.g. 饶平县.")
@click.option("--url", required=True, help="The address under which everybody reaches the node.")
@click.option("--port", type=int, required=True, help="The port that it listens on, on loopback.")
@click.option("--province", required=True)
@click.option("--city")
@click.option("--county")
@click.option("--database", default="sqlite:///node.sqlite", show_default=True)
@click.option("--pkcs11-module", type=click.Path(path_type=str), help="Keep the keys on a token: its vendor's library.")
@click.option("--pkcs11-token", help="The token's label; its PIN is in CHAOXIN_PIN or the file pin.")
@click.option("--no-ca", is_flag=True, help="Leave the CAs to a key ceremony (chaoxin ca ceremony).")
def command(directory: Path, *, no_ca: bool, **options: str | int | None) -> None:
    """Make a node in DIRECTORY: configuration, passphrase, keys, database, principal and issuing CA.

    What exists is kept, so an interrupted run is simply repeated.
    """
    write_new_files(directory, configuration(options), passphrase=options["pkcs11_token"] is None)
    with Services(load_config(directory / "chaoxin.toml")) as services:
        if no_ca:
            schema.upgrade(services.engine)
        else:
            initialise(services)
        click.echo(f"{services.node.code} {services.node.name}: {services.config.file}")


def configuration(options: Mapping[str, str | int | None]) -> str:
    """Return the text of chaoxin.toml for ``options`` (the command's own)."""
    values = {key: json.dumps(value, ensure_ascii=False) for key, value in options.items() if value is not None}
    places = "".join(f"{key} = {values[key]}\n" for key in ("city", "county") if key in values)
    on_token = [f"{key} = {values[f'pkcs11_{key}']}" for key in ("module", "token") if f"pkcs11_{key}" in values]
    if len(on_token) == 1:
        message = "--pkcs11-module and --pkcs11-token belong together."
        raise click.UsageError(message)
    keys = "\n".join(("", "[keys]", 'kind = "pkcs11"', *on_token, "")) if on_token else ""
    return _CONFIG.format_map(values | {"places": places, "keys": keys})


def write_new_files(directory: Path, config: str, *, passphrase: bool = True) -> None:
    """Write the configuration and, for keys in files, a new passphrase into ``directory`` where they are missing."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_once(directory / "chaoxin.toml", config.encode(), 0o644)
        if passphrase:
            write_once(directory / "passphrase", token().encode(), 0o600)
    except OSError as error:
        raise Misuse(FOLDER_UNWRITABLE, path=str(directory), problem=error.strerror or str(error)) from None


def initialise(services: Services) -> None:
    """Bring database, keys and certification authorities to where a node can be served. Safe to repeat."""
    schema.upgrade(services.engine)
    authority.initialise(services.pki)
    known_revoked.ensure(services.pki)
