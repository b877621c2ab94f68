"""``chaoxin client``: the departments' systems that log in here. Secrets are drawn by the node and printed once."""

from __future__ import annotations

import click

from service.cli.client import adding, changing, inviting, looking, secret


@click.group()
def command() -> None:
    """Register, change, list and disable departments' systems."""


for _each in (
    adding.add,
    inviting.invite,
    inviting.list_,
    inviting.withdraw,
    looking.list_,
    looking.show,
    changing.update,
    changing.promote,
    changing.disable,
    secret.secret,
):
    command.add_command(_each)
