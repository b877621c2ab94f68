"""``chaoxin user disable|enable|role|approvals``: what one admin asks for and another one approves, where policies want two.

Nothing changes without ``--yes``. Left to others: every decision (``idp.administration.proposals``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import click

from idp.administration import proposals
from idp.administration.acts import TITLES, Wish, act_of
from idp.administration.admins import operator
from idp.administration.proposals import Listed
from idp.people import accounts, one_time_codes
from idp.records import Proposal
from kernel.clock import rfc3339
from kernel.errors import Text
from policies.roles import needs_two
from service.cli.options import by_option, emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services

_Command: TypeAlias = Callable[..., Any]


def _answering(command: _Command) -> _Command:
    """Give a command the options of whoever decides, and the node."""
    return by_option(yes_option(json_option(pass_services(command))))


def _asking(command: _Command) -> _Command:
    """Give a command the options of whoever asks for something, and the node."""
    return click.option("--reason", required=True, help="Why; kept with the decision.")(_answering(command))


@click.command()
@click.argument("username")
@_asking
def disable(services: Services, *, username: str, **options: Any) -> None:
    """Disable account USERNAME; its sessions and tokens end at once."""
    _ask(services, "disable", username, None, **options)


@click.command()
@click.argument("username")
@_asking
def enable(services: Services, *, username: str, **options: Any) -> None:
    """Let the disabled account USERNAME log in again."""
    _ask(services, "enable", username, None, **options)


@click.command()
@click.argument("username")
@_asking
def close(services: Services, *, username: str, **options: Any) -> None:
    """Close account USERNAME after the time in which its owner may take that back; then everything about them is erased."""
    _ask(services, "close", username, None, **options)


@click.command()
@click.argument("username")
@click.option(
    "--lost", type=click.Choice(("password", "factor")), required=True, help="What is to be replaced; the other one stays."
)
@_asking
def recover(services: Services, *, username: str, lost: str, **options: Any) -> None:
    """Replace what official USERNAME lost. Whoever approves is shown once what they hand over: a new authenticator's secret, or a code."""
    _ask(services, "reset_password" if lost == "password" else "reset_factor", username, None, **options)


@click.group()
def role() -> None:
    """Give roles of roles.toml and take them away."""


@role.command()
@click.argument("username")
@click.argument("name", metavar="ROLE")
@_asking
def give(services: Services, *, username: str, name: str, **options: Any) -> None:
    """Give account USERNAME a ROLE."""
    _ask(services, "give_role", username, name, **options)


@role.command()
@click.argument("username")
@click.argument("name", metavar="ROLE")
@_asking
def take(services: Services, *, username: str, name: str, **options: Any) -> None:
    """Take a ROLE away from account USERNAME."""
    _ask(services, "take_role", username, name, **options)


@role.command(name="list")
@json_option
@pass_services
def list_roles(services: Services, as_json: bool) -> None:
    """List the roles, what each may do and who has it."""
    with services.idp.work.read() as work:
        holders = work.records.accounts_with_roles()
    data = [
        {
            "role": name,
            "confined": each.confined,
            "permissions": list(each.permissions),
            "accounts": [one.username for one in holders if name in one.roles],
        }
        for name, each in services.policies.roles.roles.items()
    ]
    emit(data, as_json, "\n".join(f"{one['role']:<18} {' '.join(one['accounts'])}" for one in data))  # type: ignore[arg-type]


@click.group()
def approvals() -> None:
    """List, approve and reject what waits for a second admin."""


@approvals.command(name="list")
@click.option("--all", "everything", is_flag=True, help="What was decided or is over, too.")
@json_option
@pass_services
def list_(services: Services, *, everything: bool, as_json: bool) -> None:
    """List what was asked for, newest first."""
    found = proposals.listed(services.idp, only_open=not everything)
    emit([_as_json(one) for one in found], as_json, "\n".join(map(_as_line, found)))


@approvals.command()
@click.argument("identifier")
@_answering
def approve(services: Services, *, identifier: str, by: str, yes: bool, as_json: bool) -> None:
    """Do what another admin asked for."""
    _decide(services, identifier, by=by, yes=yes, as_json=as_json, approving=True)


@approvals.command()
@click.argument("identifier")
@_answering
def reject(services: Services, *, identifier: str, by: str, yes: bool, as_json: bool) -> None:
    """Say no to what was asked for."""
    _decide(services, identifier, by=by, yes=yes, as_json=as_json, approving=False)


def _ask(
    services: Services, wish: Wish, username: str, role: str | None, *, reason: str, by: str, yes: bool, as_json: bool
) -> None:
    deps = services.idp
    account = accounts.get_by_username(deps, username)
    with deps.work.read() as work:
        record = work.records.find_account(account.id)
    act = act_of(wish, record) if record is not None else "disable_account"
    title = _title(act, role)
    second = needs_two(services.policies.roles, act)
    waits = Text("须另一位管理员批准。", "Another admin must approve it.") if second else Text("立即生效。", "Done at once.")
    action = Text(f"{title.zh}：{account.username}。{waits.zh}", f"To {title.en}: {account.username}. {waits.en}")
    if not go_ahead(Preview(action, people=[account.username]), yes=yes, overrides=(), as_json=as_json):
        return
    waiting = proposals.ask(deps, operator(by), wish, account.id, reason=reason, role=role)
    data = {"changed": waiting is None, "account": account.id, "username": account.username, "proposal": waiting and waiting.id}
    told = f"{account.username}: {title.en}"
    emit(data, as_json, told if waiting is None else f"{told}; chaoxin user approvals approve {waiting.id}")


def _decide(services: Services, identifier: str, *, by: str, yes: bool, as_json: bool, approving: bool) -> None:
    proposal = proposals.get(services.idp, identifier)
    with services.idp.work.read() as work:
        record = work.records.find_account(proposal.account_id)
    one = Listed(proposal, "" if record is None else record.username)
    word = Text("批准", "Approve") if approving else Text("否决", "Reject")
    action = Text(
        f"{word.zh}：{_title(proposal.act, proposal.role).zh}。", f"{word.en}: {_title(proposal.act, proposal.role).en}."
    )
    if not go_ahead(Preview(action, people=[one.username]), yes=yes, overrides=(), as_json=as_json):
        return
    decided = (proposals.approve if approving else proposals.reject)(services.idp, operator(by), identifier)
    done = Listed(decided.proposal, one.username)
    handed = decided.handed
    uri = None
    if handed is not None and handed.what == "totp_secret":
        uri = one_time_codes.enrolment_uri(handed.value, username=handed.username, issuer=f"潮信 {services.node.name}")
    told = {} if handed is None else {handed.what: handed.value, "totp_uri": uri}
    emit({**_as_json(done), **told}, as_json, "\n".join((_as_line(done), *filter(None, told.values()))))


def _title(act: Any, role: str | None) -> Text:
    title = TITLES[act]
    return title if role is None else Text(f"{title.zh} {role}", f"{title.en} {role}")


def _as_json(one: Listed) -> dict[str, object]:
    proposal: Proposal = one.proposal
    return {
        "proposal": proposal.id,
        "act": proposal.act,
        "username": one.username,
        "role": proposal.role,
        "reason": proposal.reason,
        "proposed_by": proposal.proposed_by,
        "proposed_at": rfc3339(proposal.proposed_at),
        "expires_at": rfc3339(proposal.expires_at),
        "state": proposal.state,
        "decided_by": proposal.decided_by,
    }


def _as_line(one: Listed) -> str:
    proposal = one.proposal
    what = f"{proposal.act} {proposal.role or ''}".rstrip()
    return f"{proposal.id}  {proposal.state:<9} {what:<28} {one.username}  {proposal.proposed_by}  {proposal.reason}"
