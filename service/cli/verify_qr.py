"""``chaoxin verify --qr``: is the QR code genuine? By this node and what it holds of others, or by an anchor and a status list in files.

Left to others: the verdict (``licenses.qr_check``, ``licenses.qr_offline``), pictures (``licenses.qr_pictures``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kernel.clock import SystemClock
from licenses.qr_check import QrVerdict, check
from service.cli.options import EXIT_NO, emit, pass_services
from service.cli.path import gather_files

if TYPE_CHECKING:
    from service.wiring import Services

_MARKS = {"ok": "✓", "warn": "!", "bad": "✗"}
_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_path = click.Path(exists=True, path_type=Path)

Command = TypeVar("Command", bound=Callable[..., Any])


def qr_options(command: Command) -> Command:
    """Add the options for a QR code to a command."""
    for option in (
        click.option("--status-list", type=_file, help="With --qr: the issuing node's status list; no node is needed then."),
        click.option(
            "--certs", multiple=True, type=_path, help="With --status-list: certificates between the anchor and its signer."
        ),
        click.option("--anchor", "anchors", multiple=True, type=_path, help="With --status-list: the trust anchor."),
        click.option("--qr", metavar="TEXT|PICTURE", help="The text of a licence's QR code, or a picture of it."),
    ):
        command = option(command)
    return command


def verify_qr(
    code: str, *, anchors: Sequence[Path], certs: Sequence[Path], status_list: Path | None, at: datetime | None, as_json: bool
) -> None:
    """Print what the code is worth; exit 1 when it may not be relied on."""
    text = _text_of(code)
    if (status_list is None) != (not anchors):
        message = "--anchor and --status-list go together"
        raise click.UsageError(message)
    if status_list is None:
        verdict: QrVerdict = pass_services(_by_node)(text=text, at=at)
    else:
        from licenses.qr_offline import check_by_files  # noqa: PLC0415 - the path engine is slow to load, and rarely wanted here

        trusted, beside = (gather_files(paths).certificates for paths in (anchors, certs))
        token = status_list.read_bytes()
        verdict = check_by_files(text, token, trusted, beside, at or SystemClock().now())
    emit(verdict.as_json(), as_json, lambda: _told(verdict))
    if verdict.kind != "ok":
        raise SystemExit(EXIT_NO)


def _by_node(services: Services, *, text: str, at: datetime | None) -> QrVerdict:
    return check(services.licenses, text, actor="operator:cli", at=at)


def _text_of(code: str) -> str:
    """Return the code's text: the word itself, or what is read from the picture that it names."""
    if "#" in code or not Path(code).is_file():
        return code
    from licenses.qr_pictures import MAX_PICTURE_BYTES, read_picture  # noqa: PLC0415 - libraries that a text does not need

    with Path(code).open("rb") as stream:
        return read_picture(stream.read(MAX_PICTURE_BYTES + 1))


def _told(verdict: QrVerdict) -> str:
    lines = [f"{_MARKS[verdict.kind]} {verdict.message.zh} {verdict.message.en}"]
    for part in (verdict.as_json()["licence"] or {}, {"node": verdict.node_url, "status": verdict.status}):
        lines += [f"  {name:<16} {value}" for name, value in part.items() if value is not None]
    if verdict.age_seconds is not None:
        lines.append(f"  {'status age':<16} {verdict.age_seconds} s ({verdict.source})")
    return "\n".join(lines)
