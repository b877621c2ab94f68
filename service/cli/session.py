"""``chaoxin session``: where somebody is logged in, and ending it from here. The departments are told as by their own logout."""

from __future__ import annotations

from collections.abc import Sequence

import click

from idp.browsers import sessions
from idp.browsers.devices import device_name
from idp.browsers.sessions import Listed
from idp.errors import SESSION_UNKNOWN
from idp.logout import ending
from idp.people import accounts
from kernel.clock import rfc3339
from kernel.errors import Refusal, Text
from service.cli.options import by_option, emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services


@click.group()
def command() -> None:
    """List and end sessions."""


@command.command(name="list")
@click.argument("username")
@json_option
@pass_services
def list_(services: Services, username: str, as_json: bool) -> None:
    """List where USERNAME is logged in, newest first."""
    found = _living(services, username)
    emit([_as_json(one) for one in found], as_json, "\n".join(map(_as_line, found)))


@command.command()
@click.argument("username")
@click.option("--session", "session_id", help="Only this one, by its identifier; all of them if not said.")
@by_option
@yes_option
@json_option
@pass_services
def end(services: Services, *, username: str, session_id: str | None, by: str, yes: bool, as_json: bool) -> None:
    """End the sessions of USERNAME with what hangs on them; ending all ends long-lived tokens as well."""
    account = accounts.get_by_username(services.idp, username)
    found = [one for one in _living(services, username) if session_id in {None, one.session.id}]
    if session_id is not None and not found:
        raise Refusal(SESSION_UNKNOWN, field="--session")
    action = Text("结束会话，并通知去过的部门。", "End sessions and tell the departments that were visited.")
    people = [f"{account.username}: {_as_line(one)}" for one in found]
    if not go_ahead(Preview(action, people=people), yes=yes, overrides=(), as_json=as_json):
        return
    if session_id is None:
        number = ending.end_all(services.idp, account.id, actor=by)
    else:
        ending.end(services.idp, found[0].session, actor=by)
        number = 1
    emit({"changed": True, "ended": number}, as_json, f"已结束 {number} 个会话。 {number} sessions ended.")


def _living(services: Services, username: str) -> Sequence[Listed]:
    return sessions.listed(services.idp, accounts.get_by_username(services.idp, username).id)


def _as_line(one: Listed) -> str:
    clients = " ".join(client.client_id for client, _ in one.clients)
    return f"{one.session.id}  {rfc3339(one.session.seen_at)}  {one.session.acr}  {one.device.address}  {clients}".rstrip()


def _as_json(one: Listed) -> dict[str, object]:
    session = one.session
    return {
        "session": session.id,
        "address": one.device.address,
        "device": device_name(one.device.agent),
        "acr": session.acr,
        "auth_time": rfc3339(session.auth_time),
        "seen_at": rfc3339(session.seen_at),
        "ends_at": rfc3339(session.ends_at),
        "clients": [client.client_id for client, _ in one.clients],
    }
