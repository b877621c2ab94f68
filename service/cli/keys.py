"""``chaoxin keys``: the key that encrypts personal data, and a new one in its place."""

from __future__ import annotations

import sys

import click

from kernel.audit import AuditEvent
from kernel.errors import Text
from service import sealed
from service.cli.options import by_option, emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services


@click.group()
def command() -> None:
    """Look at the key that encrypts personal data, and rotate it."""


@command.command()
@json_option
@pass_services
def data(services: Services, as_json: bool) -> None:
    """Show the number of the key that encrypts, and how many values of each column are under older ones."""
    waiting = sealed.count_old(services.engine, services.vault)
    told = {"current": services.vault.current, "waiting": waiting}
    lines = [f"vault-{services.vault.current}", *(f"{count:>10}  {name}" for name, count in waiting.items())]
    emit(told, as_json, "\n".join(lines))


@command.command(name="rotate-data")
@click.option("--continue", "carry_on", is_flag=True, help="Make no new key; finish what an interrupted run left.")
@by_option
@yes_option
@json_option
@pass_services
def rotate_data(services: Services, *, carry_on: bool, by: str, yes: bool, as_json: bool) -> None:
    """Make a new key for personal data and encrypt everything under it; it may be interrupted and continued.

    The worker finishes what is left each night. Older keys are kept: backups are read with them.
    """
    waiting = sum(sealed.count_old(services.engine, services.vault).values())
    action = Text(
        f"用现有密钥重新加密 {waiting} 个值。" if carry_on else "换用新的个人信息密钥，并重新加密全部数据。",
        f"Encrypt {waiting} values anew." if carry_on else "Make a new key for personal data and encrypt everything under it.",
    )
    if not go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        return
    number = services.vault.current if carry_on else services.vault.rotate()
    with services.idp.work.begin() as work:
        work.audit.record(AuditEvent(services.clock.now(), by, "service.rotate_data_key", f"key:vault-{number}"))
    total = sum(sealed.count_old(services.engine, services.vault).values())
    done = 0
    with click.progressbar(length=total, label="加密 encrypting", file=sys.stderr) as bar:
        for count in sealed.renew(services.engine, services.vault):
            done += count
            bar.update(count)
    emit({"changed": True, "current": number, "renewed": done}, as_json, f"vault-{number}: {done}")
