"""The commands that only look: ``list``, ``show``."""

from __future__ import annotations

import json

import click

from idp.clients import registry
from idp.errors import CLIENT_UNKNOWN
from kernel.errors import Refusal
from service.cli.client.forms import as_line, describe, moment, warnings_of
from service.cli.options import emit, json_option, pass_services
from service.wiring import Services


@click.command(name="list")
@json_option
@pass_services
def list_(services: Services, *, as_json: bool) -> None:
    """List the registered systems."""
    found = registry.all_clients(services.idp)
    emit([describe(one) for one in found], as_json, "\n".join(as_line(one) for one in found))


@click.command()
@click.argument("client_id")
@json_option
@pass_services
def show(services: Services, *, client_id: str, as_json: bool) -> None:
    """Show all that is registered of CLIENT_ID, since when its secrets are and when they were last used, and what it set its event stream to."""
    with services.idp.work.read() as work:
        client = work.records.find_client(client_id)
        uses = work.records.secret_uses([client_id])
        stream = work.records.find_event_stream(client_id)
    if client is None:
        raise Refusal(CLIENT_UNKNOWN, field="client_id")
    secrets = [{"made_at": moment(one.made_at), "last_used_at": moment(uses.get(one.hash))} for one in client.secrets]
    told = None if stream is None else {"status": stream.status, "reason": stream.reason, "events_requested": stream.requested}
    data = describe(client) | {"secrets": secrets, "event_stream": told}
    lines = [f"{name:<40} {json.dumps(value, ensure_ascii=False)}" for name, value in data.items() if value not in (None, [], {})]
    lines += [f"! {each.code}: {each.text.zh} {each.text.en}" for each in warnings_of(client)]
    emit(data, as_json, "\n".join(lines))
