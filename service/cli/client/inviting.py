"""The commands by which departments come to register their systems themselves: ``invite``, ``invitations``, ``withdraw``."""

from __future__ import annotations

import click

from idp import endpoints
from idp.clients import invitations
from idp.records import Invitation
from kernel.clock import rfc3339
from kernel.errors import Text
from service.cli.client.forms import OPERATOR
from service.cli.options import emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services


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


@click.command(name="invitations")
@json_option
@pass_services
def list_(services: Services, *, as_json: bool) -> None:
    """List the initial access tokens that may still be used, by name."""
    found = invitations.open_invitations(services.idp)
    data = [
        {
            "name": invitations.name_of(one),
            "department": one.department,
            "uses_left": one.uses_left,
            "created_at": rfc3339(one.created_at),
            "expires_at": rfc3339(one.expires_at),
        }
        for one in found
    ]
    emit(data, as_json, "\n".join(_as_line(one) for one in found))


@click.command()
@click.argument("name")
@yes_option
@json_option
@pass_services
def withdraw(services: Services, *, name: str, yes: bool, as_json: bool) -> None:
    """Let the initial access token NAME not count any more; what was registered with it stays."""
    line = _as_line(invitations.get(services.idp, name))
    action = Text(f"收回登记邀请：{line}", f"Withdraw an invitation: {line}")
    if go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        invitations.withdraw(services.idp, name, actor=OPERATOR)
        emit({"name": name, "withdrawn": True}, as_json, f"{name}: withdrawn")


def _as_line(invitation: Invitation) -> str:
    return (
        f"{invitations.name_of(invitation)}  {invitation.department}  x{invitation.uses_left}  {rfc3339(invitation.expires_at)}"
    )
