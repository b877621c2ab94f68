"""``chaoxin keys``: the keys that encrypt personal data and index it, and new ones in their place."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from itertools import chain

import click

from kernel.audit import AuditEvent
from kernel.errors import Refusal, Text
from service import indexed, sealed
from service.cli.options import by_option, emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.errors import INDEX_UNFINISHED
from service.wiring import Services


@click.group()
def command() -> None:
    """Look at the keys that encrypt and index personal data, and rotate them."""


@command.command()
@json_option
@pass_services
def data(services: Services, as_json: bool) -> None:
    """Show the numbers of the keys that encrypt and that index, and how many values are under older ones."""
    vault = services.vault
    waiting, unindexed = sealed.count_old(services.engine, vault), indexed.count_old(services.engine, vault)
    told = {"current": vault.current, "waiting": waiting, "index": {"current": vault.index_current, "waiting": unindexed}}
    lines = [f"vault-{vault.current}", *_counts(waiting), f"vault-index-{vault.index_current}", *_counts(unindexed)]
    emit(told, as_json, "\n".join(lines))


@command.command(name="rotate-data")
@click.option("--continue", "carry_on", is_flag=True, help="Make no new key; finish what an interrupted run left.")
@by_option
@yes_option
@json_option
@pass_services
def rotate_data(services: Services, *, carry_on: bool, by: str, yes: bool, as_json: bool) -> None:
    """Make new keys for personal data and its indexes, and encrypt and index everything anew; it may be interrupted and continued.

    The worker finishes what is left each night. Older keys are kept: backups are read with them.
    """
    waiting, unindexed = _waiting(services)
    if unindexed and not carry_on:  # rows are looked for under two keys, not under three
        raise Refusal(INDEX_UNFINISHED, waiting=unindexed)
    action = Text(
        f"用现有密钥重新加密和索引 {waiting + unindexed} 个值。"
        if carry_on
        else "换用新的个人信息密钥和索引密钥，并重新加密、索引全部数据。",
        f"Encrypt and index {waiting + unindexed} values anew."
        if carry_on
        else "Make new keys for personal data and its indexes, and encrypt and index everything anew.",
    )
    if not go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        return
    vault = services.vault
    number, index = (vault.current, vault.index_current) if carry_on else (vault.rotate(), vault.rotate_index())
    with services.idp.work.begin() as work:
        details = {"index": f"key:vault-index-{index}"}
        work.audit.record(AuditEvent(services.clock.now(), by, "service.rotate_data_key", f"key:vault-{number}", details=details))
    done = 0
    with click.progressbar(length=sum(_waiting(services)), label="加密 encrypting", file=sys.stderr) as bar:
        for count in chain(sealed.renew(services.engine, vault), indexed.renew(services.engine, services.idp)):
            done += count
            bar.update(count)
    emit(
        {"changed": True, "current": number, "index": index, "renewed": done},
        as_json,
        f"vault-{number} vault-index-{index}: {done}",
    )


def _waiting(services: Services) -> tuple[int, int]:
    """Return how many values are under older keys: encrypted, and rows with an index."""
    found = (each.count_old(services.engine, services.vault) for each in (sealed, indexed))
    encrypted, unindexed = (sum(counts.values()) for counts in found)
    return encrypted, unindexed


def _counts(waiting: Mapping[str, int]) -> Iterator[str]:
    return (f"{count:>10}  {name}" for name, count in waiting.items())
