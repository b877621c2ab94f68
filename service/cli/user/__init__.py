"""``chaoxin user``: accounts. Passwords and personal numbers are asked for or read from standard input, never arguments."""

from __future__ import annotations

import sys

import click

from idp.administration import adding
from idp.administration.admins import operator
from idp.people import accounts, one_time_codes
from idp.records import Account
from kernel.errors import Text
from policies.assurance import needs_second_factor
from policies.role_models import AccountKind
from service.cli import mandate
from service.cli.options import emit, json_option, operator_name, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.cli.user import deciding, importing, looking
from service.wiring import Services

_ACTOR = "operator:cli"
_KINDS: tuple[AccountKind, ...] = ("citizen", "enterprise", "staff", "security_admin")


@click.group()
def command() -> None:
    """Create, list and disable accounts."""


command.add_command(mandate.command, "mandate")
for _each in (
    importing.import_,
    looking.show,
    looking.find,
    deciding.disable,
    deciding.enable,
    deciding.close,
    deciding.recover,
    deciding.role,
    deciding.approvals,
):
    command.add_command(_each)


@command.command()
@click.argument("username")
@click.option("--kind", type=click.Choice(_KINDS), required=True)
@click.option("--name", required=True, help="The person's or enterprise's name.")
@click.option("--resident-id", is_flag=True, help="Ask for the resident ID after the password.")
@click.option("--uscc", help="An enterprise's unified social credit code.")
@click.option("--phone")
@click.option("--email")
@click.option("--address", help="The postal address.")
@click.option("--real-name-level", type=int, default=2, show_default=True)
@click.option(
    "--proofed-by", metavar="METHOD", help="How that level was reached: a method of assurance.toml; needed where it has several."
)
@click.option("--organization")
@click.option("--department")
@click.option("--role", "roles", multiple=True, help="A role of roles.toml; may be given several times.")
@click.option("--totp", is_flag=True, help="Enroll a one-time-code authenticator; staff and security admins always get one.")
@click.option("--by", default="cli", callback=operator_name, metavar="NAME", help="Who does this; stands in the audit trail.")
@json_option
@pass_services
def add(  # noqa: PLR0917 - one parameter for each option
    services: Services,
    username: str,
    kind: AccountKind,
    name: str,
    resident_id: bool,
    uscc: str | None,
    phone: str | None,
    email: str | None,
    address: str | None,
    real_name_level: int,
    proofed_by: str | None,
    organization: str | None,
    department: str | None,
    roles: tuple[str, ...],
    totp: bool,
    by: str,
    as_json: bool,
) -> None:
    """Create account USERNAME.

    The password, and with --resident-id the resident ID after it, are asked for on a terminal or read line by line from standard
    input. A new authenticator's secret is printed once.
    """
    password = _ask("口令 Password", confirm=True)
    number = _ask("身份证号码 Resident ID", confirm=False) if resident_id else None
    wants_totp = totp or needs_second_factor(services.policies.assurance, kind)
    secret = one_time_codes.new_secret() if wants_totp else None
    new = accounts.NewAccount(
        username=username,
        kind=kind,
        name=name,
        password=password,
        resident_id=number,
        uscc=uscc,
        phone=phone,
        email=email,
        address=address,
        real_name_level=real_name_level,
        proofed_by=proofed_by,
        organization=organization,
        department=department,
        roles=roles,
        totp_secret=secret,
    )
    account, waiting = adding.add(services.idp, operator(by), new)
    issuer = f"潮信 {services.node.name}"
    uri = None if secret is None else one_time_codes.enrolment_uri(secret, username=account.username, issuer=issuer)
    data = {"account": account.id, "username": account.username, "totp_secret": secret, "totp_uri": uri}
    told = {**data, "proposals": [each.id for each in waiting]}
    lines = [f"{account.username}  {account.kind}  {account.id}", *((secret, uri) if secret and uri else ())]
    lines += [f"chaoxin user approvals approve {each.id}  ({each.role})" for each in waiting]
    emit(told, as_json, "\n".join(lines))


@command.command()
@click.argument("username")
@yes_option
@json_option
@pass_services
def enroll(services: Services, username: str, yes: bool, as_json: bool) -> None:
    """Give account USERNAME (say, of a directory's new colleague) a one-time-code authenticator; its secret is printed once."""
    account = accounts.get_by_username(services.idp, username)
    action = Text(f"为 {account.username} 绑定验证器。", f"Enroll an authenticator for {account.username}.")
    if not go_ahead(Preview(action, people=[account.username]), yes=yes, overrides=(), as_json=as_json):
        return
    secret = one_time_codes.enrol(services.idp, account.id, actor=_ACTOR)
    uri = one_time_codes.enrolment_uri(secret, username=account.username, issuer=f"潮信 {services.node.name}")
    emit(
        {"account": account.id, "username": account.username, "totp_secret": secret, "totp_uri": uri}, as_json, f"{secret}\n{uri}"
    )


@command.command(name="list")
@click.option("--kind", type=click.Choice(_KINDS))
@click.option("--after", default="", help="Start beyond this username.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@json_option
@pass_services
def list_(services: Services, kind: AccountKind | None, after: str, limit: int, as_json: bool) -> None:
    """List accounts by username, without personal data."""
    found = accounts.page(services.idp, after=after, kind=kind, limit=limit)
    lines = (f"{_state(one):<9} {one.kind:<15} {one.username}  {' '.join(one.roles)}" for one in found)
    emit([_as_json(one) for one in found], as_json, "\n".join(lines))


def _ask(prompt: str, *, confirm: bool) -> str:
    if sys.stdin.isatty():
        answer: str = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
        return answer
    return sys.stdin.readline().rstrip("\r\n")


def _state(account: Account) -> str:
    return "enabled" if account.disabled_at is None else "disabled"


def _as_json(account: Account) -> dict[str, object]:
    return {
        "account": account.id,
        "username": account.username,
        "kind": account.kind,
        "real_name_level": account.real_name_level,
        "organization": account.organization,
        "department": account.department,
        "roles": list(account.roles),
        "state": _state(account),
    }
