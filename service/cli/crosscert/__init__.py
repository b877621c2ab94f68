"""``chaoxin crosscert``: agreements and cross-certificates with other nodes. One module for one part of the way; none decides."""

from __future__ import annotations

import click

from service.cli.crosscert import changing, deciding, looking, publishing, seeing


@click.group()
def command() -> None:
    """Agreements and cross-certificates with other nodes."""


for _each in (
    looking.describe,
    looking.list_,
    looking.show,
    deciding.ask,
    deciding.take,
    deciding.outside,
    deciding.confirm,
    deciding.approve,
    deciding.reject,
    deciding.issue,
    deciding.receive,
    changing.renew,
    changing.narrow,
    changing.revoke,
    changing.review,
    looking.sync_,
    seeing.graph,
    seeing.plan,
    seeing.breaks,
    seeing.explain,
    publishing.publish_,
):
    command.add_command(_each)
