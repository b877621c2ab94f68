"""``chaoxin user mandate``: who may act for an organisation (经办人授权). Nothing changes without ``--yes``."""

from __future__ import annotations

from datetime import datetime

import click

from idp.enterprises import mandates
from idp.people import accounts
from idp.records import Account, Mandate
from kernel.clock import rfc3339
from kernel.errors import Text
from service.cli.options import by_option, emit, json_option, moment, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services


@click.group()
def command() -> None:
    """Let an agent act for an organisation towards departments, list and revoke that."""


@command.command()
@click.argument("organization")
@click.argument("agent")
@click.option("--department", "departments", multiple=True, required=True, help="A department's unified social credit code.")
@click.option("--power", "powers", multiple=True, required=True, help="A scope that a token of the organisation may have there.")
@click.option("--from", "valid_from", callback=moment, metavar="RFC3339", help="When it begins; now where left out.")
@click.option("--until", "valid_until", callback=moment, metavar="RFC3339", required=True, help="When it is over.")
@by_option
@yes_option
@json_option
@pass_services
def add(  # noqa: PLR0917 - one parameter for each option
    services: Services,
    organization: str,
    agent: str,
    departments: tuple[str, ...],
    powers: tuple[str, ...],
    valid_from: datetime | None,
    valid_until: datetime,
    by: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Let account AGENT act for account ORGANIZATION."""
    deps = services.idp
    parties = accounts.get_by_username(deps, organization), accounts.get_by_username(deps, agent)
    mandate = mandates.prepare(
        deps,
        *parties,
        departments=departments,
        powers=powers,
        valid_from=valid_from or deps.clock.now(),
        valid_until=valid_until,
    )
    action = Text(
        f"授权 {agent} 代表 {organization}，向 {'、'.join(mandate.departments)} 办理 {'、'.join(mandate.powers)}。",
        f"{agent} may act for {organization} towards {', '.join(mandate.departments)} with {', '.join(mandate.powers)}.",
    )
    if go_ahead(Preview(action, people=_people(*parties)), yes=yes, overrides=(), as_json=as_json):
        mandates.give(deps, mandate, actor=by)
        emit({"changed": True, **_as_json(mandate, *parties)}, as_json, f"{mandate.id}  {agent} → {organization}")


@command.command()
@click.argument("mandate_id", metavar="MANDATE")
@by_option
@yes_option
@json_option
@pass_services
def revoke(services: Services, mandate_id: str, by: str, yes: bool, as_json: bool) -> None:
    """Revoke MANDATE: it gives nothing any more, and neither do tokens that it gave."""
    mandate = mandates.get(services.idp, mandate_id)
    people = _people(*mandates.parties(services.idp, mandate))
    action = Text(f"撤销授权 {mandate_id}。", f"Mandate {mandate_id} is revoked.")
    if go_ahead(Preview(action, people=people), yes=yes, overrides=(), as_json=as_json):
        mandates.revoke(services.idp, mandate_id, actor=by)
        emit({"changed": True, "mandate": mandate_id}, as_json, f"{mandate_id}: revoked")


@command.command(name="list")
@click.option("--organization", help="Only what was given by this account.")
@json_option
@pass_services
def list_(services: Services, organization: str | None, as_json: bool) -> None:
    """List mandates, those that are over or revoked too."""
    deps = services.idp
    account_id = None if organization is None else accounts.get_by_username(deps, organization).id
    now = deps.clock.now()
    found = [
        {**_as_json(one, *mandates.parties(deps, one)), "in_force": one.is_in_force(now)}
        for one in mandates.listed(deps, account_id)
    ]
    lines = (f"{'+' if one['in_force'] else '-'} {one['mandate']}  {one['agent']} → {one['organization']}" for one in found)
    emit(found, as_json, "\n".join(lines))


def _people(*parties: Account | None) -> list[str]:
    return [party.username for party in parties if party is not None]


def _as_json(mandate: Mandate, organization: Account | None, agent: Account | None) -> dict[str, object]:
    return {
        "mandate": mandate.id,
        "organization": None if organization is None else organization.username,
        "agent": None if agent is None else agent.username,
        "departments": list(mandate.departments),
        "powers": list(mandate.powers),
        "from": rfc3339(mandate.valid_from),
        "until": rfc3339(mandate.valid_until),
        "revoked_at": None if mandate.revoked_at is None else rfc3339(mandate.revoked_at),
    }
