"""The commands by which systems come to be registered: ``add``, and ``invite`` for those that register themselves."""

from __future__ import annotations

from typing import Any

import click

from idp import endpoints
from idp.clients import invitations, registry
from idp.records import Client, Stage
from kernel.errors import Text
from service.cli.client.forms import OPERATOR, chosen, describe, metadata_options
from service.cli.options import emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
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


@click.command()
@click.option("--department", required=True, help="The department whose systems may register themselves (credit code).")
@click.option("--uses", type=int, default=1, show_default=True, help="How many systems.")
@click.option("--hours", type=int, default=24, show_default=True, help="For how long.")
@yes_option
@json_option
@pass_services
def invite(services: Services, *, department: str, uses: int, hours: int, yes: bool, as_json: bool) -> None:
    """Print an initial access token (RFC 7591): whoever has it may register systems of the department. It is not shown again."""
    action = Text(
        f"允许 {department} 在 {hours} 小时内自行登记 {uses} 个系统。",
        f"Let {department} register {uses} of its systems by itself within {hours} hours.",
    )
    if not go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        return
    value = invitations.invite(services.idp, department, uses=uses, hours=hours, actor=OPERATOR)
    url = endpoints.url(services.idp, endpoints.REGISTER)
    emit({"initial_access_token": value, "registration_endpoint": url, "uses": uses, "hours": hours}, as_json, f"{url}\n{value}")
