"""``chaoxin license qr-key``: the keys that sign QR codes; the next one, and one that may have got into wrong hands.

Left to others: what follows from it (``licenses.qr_rotation``).
"""

from __future__ import annotations

from typing import Any

import click

from kernel.clock import rfc3339
from kernel.errors import Text
from licenses import qr_rotation
from licenses.qr_key_records import QrKey
from licenses.qr_keys import name_of
from service.cli.options import EXIT_NO, by_option, emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services


@click.group(name="qr-key")
def command() -> None:
    """Show and replace the keys that sign what QR codes say."""


@command.command(name="list")
@json_option
@pass_services
def list_(services: Services, *, as_json: bool) -> None:
    """List the keys: which signs, which is announced, which is withdrawn."""
    data = [_told(services, name, key) for name, key in qr_rotation.list_keys(services.licenses)]
    emit(data, as_json, "\n".join(f"{one['key']}  {one['state']:<10}  {one['signs_from']}" for one in data))


@command.command()
@by_option
@yes_option
@json_option
@pass_services
def rotate(services: Services, *, by: str, yes: bool, as_json: bool) -> None:
    """Make the next key. It is in the status list at once and signs a day later; what the old one signed stays verifiable."""
    action = Text(
        "制作下一把二维码密钥：现在公布，一天以后开始签名；旧的二维码仍可核验。",
        "Make the next key for QR codes: announced now, signing in a day; old codes stay verifiable.",
    )
    if not go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        return
    key = qr_rotation.rotate(services.licenses, by=by)
    name = name_of(services.licenses, key)
    emit({"changed": True, **_told(services, name, key)}, as_json, f"{name}  {rfc3339(key.signs_from)}")


@command.command()
@click.argument("key", metavar="KEY")
@by_option
@yes_option
@json_option
@pass_services
def withdraw(services: Services, *, key: str, by: str, yes: bool, as_json: bool) -> None:
    """Withdraw a key that may have got into wrong hands; two people run this. No code that it signed counts afterwards. Exit 1 after the first."""
    action = Text(
        f"作废二维码密钥 {key}：它签过的所有二维码都不再可信，证照文件不受影响。",
        f"Withdraw the key {key}: none of the QR codes that it signed counts any more; the licences' files are not touched.",
    )
    if not go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        return
    gone = qr_rotation.withdraw(services.licenses, key, by=by)
    zh, en = ("已作废。", "It is withdrawn.") if gone else ("还要另一人同意。", "Another one has to agree.")
    emit({"changed": gone, "withdrawn": gone}, as_json, f"{zh} {en}")
    if not gone:
        raise SystemExit(EXIT_NO)


def _told(services: Services, name: str, key: QrKey) -> dict[str, Any]:
    announced = key.signs_from > services.clock.now()
    return {
        "key": name,
        "state": "withdrawn" if key.withdrawn_at else "announced" if announced else "good",
        "announced_at": rfc3339(key.announced_at),
        "signs_from": rfc3339(key.signs_from),
        "withdrawn_at": rfc3339(key.withdrawn_at) if key.withdrawn_at else None,
    }
