"""``chaoxin user show|find``: somebody's data, masked, for a purpose that is audited and shown to them."""

from __future__ import annotations

import sys
from typing import Any, get_args

import click

from idp.administration import looking
from idp.administration.admins import operator
from idp.administration.looking import Purpose, Seen, What
from idp.people import accounts
from kernel.clock import rfc3339
from service.cli.options import EXIT_NO, by_option, emit, json_option, pass_services
from service.wiring import Services

_purpose_option = click.option("--purpose", required=True, help="What for: a purpose of roles.toml. The person is shown it.")
_reference_option = click.option("--reference", default="", help="Where that is on file, e.g. the number of a complaint.")


@click.command()
@click.argument("username")
@_purpose_option
@_reference_option
@by_option
@json_option
@pass_services
def show(services: Services, *, username: str, purpose: str, reference: str, by: str, as_json: bool) -> None:
    """Show account USERNAME with personal data masked."""
    account = accounts.get_by_username(services.idp, username)
    seen = looking.look(services.idp, operator(by), account.id, Purpose(purpose, reference))
    data = _as_json(seen)
    emit(data, as_json, "\n".join(f"{name:<16} {value}" for name, value in data.items()))


@click.command()
@click.argument("what", type=click.Choice(get_args(What)))
@_purpose_option
@_reference_option
@by_option
@json_option
@pass_services
def find(services: Services, *, what: What, purpose: str, reference: str, by: str, as_json: bool) -> None:
    """Find who has exactly this username, number, phone or email, which is asked for or read from standard input.

    Exit 1 when there is nobody.
    """
    if sys.stdin.isatty():
        value: str = click.prompt(what, hide_input=True, err=True)
    else:
        value = sys.stdin.readline().rstrip("\r\n")
    found = looking.find(services.idp, operator(by), what, value, Purpose(purpose, reference))
    lines = (f"{one.account.username}  {one.account.kind}  {one.name}  {one.number or ''}" for one in found)
    emit([_as_json(one) for one in found], as_json, "\n".join(lines))
    if not found:
        raise SystemExit(EXIT_NO)


def _as_json(seen: Seen) -> dict[str, Any]:
    account = seen.account
    return {
        "account": account.id,
        "username": account.username,
        "kind": account.kind,
        "state": "enabled" if account.disabled_at is None else "disabled",
        "name": seen.name,
        "number": seen.number,
        "phone": seen.phone,
        "email": seen.email,
        "real_name_level": account.real_name_level,
        "verified": [{"level": one.level, "method": one.method, "at": rfc3339(one.verified_at)} for one in seen.verifications],
        "organization": account.organization,
        "department": account.department,
        "roles": list(account.roles),
        "authenticators": list(seen.authenticators),
    }
