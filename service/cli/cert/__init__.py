"""``chaoxin cert``: certificates from being asked for to their end. What changes something only shows what it would do, without ``--yes``."""

from __future__ import annotations

import click

from service.cli.cert import asking, ending, looking


@click.group()
def command() -> None:
    """Look at certificates, ask for them, issue, renew and end them."""


for _each in (
    looking.list_,
    looking.show,
    looking.due,
    asking.request,
    asking.invite,
    asking.issue,
    asking.renew,
    asking.rekey,
    ending.revoke,
    ending.suspend,
    ending.release,
    ending.resume,
):
    command.add_command(_each)
