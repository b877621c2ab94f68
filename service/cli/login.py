"""``chaoxin login``: switching a way to log in off when it is not safe any more, and on again."""

from __future__ import annotations

import click

from idp.authenticators import switches
from kernel.clock import rfc3339
from kernel.errors import Text
from service.cli.options import by_option, emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services


@click.group()
def command() -> None:
    """See the ways to log in, and switch one off and on again."""


@command.command(name="list")
@json_option
@pass_services
def list_(services: Services, as_json: bool) -> None:
    """List kinds of authenticators and directories, and which are switched off."""
    off = {one.what: one for one in switches.listed(services.idp)}
    rows = [(what, off.get(what)) for what in switches.choices(services.idp)]
    data = [
        {"what": what, "off": None if one is None else {"since": rfc3339(one.at), "reason": one.reason, "by": one.actor}}
        for what, one in rows
    ]
    lines = (f"{what:<30} {'on' if one is None else f'off since {rfc3339(one.at)}: {one.reason}'}" for what, one in rows)
    emit(data, as_json, "\n".join(lines))


@command.command()
@click.argument("what")
@click.option("--reason", required=True, help="Shown to whoever wants to log in so.")
@by_option
@yes_option
@json_option
@pass_services
def off(services: Services, *, what: str, reason: str, by: str, yes: bool, as_json: bool) -> None:
    """Switch WHAT off (see list) and end the sessions that came in by it."""
    concerned = switches.count_concerned(services.idp, what) if what in switches.choices(services.idp) else 0
    action = Text(f"暂停 {what}，结束 {concerned} 个会话。", f"Switch {what} off and end {concerned} sessions.")
    if not go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        return
    ended = switches.switch_off(services.idp, what, reason, actor=by)
    emit({"changed": True, "ended": ended}, as_json, f"已暂停，结束 {ended} 个会话。 Switched off; {ended} sessions ended.")


@command.command()
@click.argument("what")
@by_option
@yes_option
@json_option
@pass_services
def on(services: Services, *, what: str, by: str, yes: bool, as_json: bool) -> None:
    """Let people log in by WHAT again."""
    if not go_ahead(Preview(Text(f"恢复 {what}。", f"Switch {what} on.")), yes=yes, overrides=(), as_json=as_json):
        return
    switches.switch_on(services.idp, what, actor=by)
    emit({"changed": True}, as_json, "已恢复。 Switched on.")
