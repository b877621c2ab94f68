"""``chaoxin client secret``: changing over to another secret without a moment at which none works."""

from __future__ import annotations

from typing import Literal

import click

from idp.clients import registry, secrets
from kernel.errors import Text
from service.cli.client.forms import OPERATOR, as_line
from service.cli.options import emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services


@click.group()
def secret() -> None:
    """Add a second secret, let the system change over to it, drop the first."""


@secret.command()
@click.argument("client_id")
@yes_option
@json_option
@pass_services
def add(services: Services, *, client_id: str, yes: bool, as_json: bool) -> None:
    """Print a second secret for CLIENT_ID beside the one in use: it is not shown again."""
    client = registry.get(services.idp, client_id)
    action = Text(f"增加第二个密钥：{as_line(client)}", f"Add a second secret: {as_line(client)}")
    if go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        value = secrets.add(services.idp, client_id, actor=OPERATOR)
        emit({"client_id": client_id, "client_secret": value}, as_json, f"{client_id}  {value}")


@secret.command()
@click.argument("client_id")
@click.option("--older", "which", flag_value="older", default="older", help="The one of before (the default).")
@click.option("--newer", "which", flag_value="newer", help="The one that was added.")
@yes_option
@json_option
@pass_services
def drop(services: Services, *, client_id: str, which: Literal["older", "newer"], yes: bool, as_json: bool) -> None:
    """Let one of the two secrets of CLIENT_ID not count any more."""
    client = registry.get(services.idp, client_id)
    kind = {"older": "旧", "newer": "新"}[which]
    action = Text(f"去掉{kind}密钥：{as_line(client)}", f"Drop the {which} secret: {as_line(client)}")
    if go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        secrets.drop(services.idp, client_id, which, actor=OPERATOR)
        emit({"client_id": client_id, "dropped": which}, as_json, f"{client_id}: {which} dropped")
