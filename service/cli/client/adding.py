"""The command by which an admin registers a system: ``add``."""

from __future__ import annotations

from typing import Any

import click

from idp.clients import registry
from idp.records import Client, Stage
from service.cli.client.forms import OPERATOR, chosen, describe, metadata_options
from service.cli.options import emit, json_option, pass_services
from service.wiring import Services


@click.command()
@click.argument("client_id")
@click.option("--name", required=True)
@click.option("--department", required=True, help="The department's unified social credit code; policies decide by it.")
@click.option("--stage", type=click.Choice(["test", "production"]), default="test", show_default=True)
@metadata_options
@json_option
@pass_services
def add(services: Services, *, client_id: str, name: str, department: str, stage: Stage, as_json: bool, **options: Any) -> None:
    """Register CLIENT_ID and print its secret, if it has one: it is not shown again."""
    values = {"subject_type": services.policies.clients.subject_type, **chosen(options)}
    registered = registry.register(services.idp, Client(client_id, name, department, stage=stage, **values), actor=OPERATOR)
    data = describe(registered.client) | {"client_secret": registered.client_secret}
    emit(data, as_json, f"{client_id}  {registered.client_secret or '(no secret)'}")
