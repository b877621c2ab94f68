"""``chaoxin crosscert publish``: write the CAs' entries to the directory now, or look how they stand.

Left to others: what is written (``crosscert.directory.publication``), the directory (``crosscert.directory.ldap``).
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from crosscert.directory.publication import EntryState, publish, states
from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Misuse, Text
from service.cli.options import EXIT_NO, by_option, emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.errors import DIRECTORY_MISSING
from service.wiring import Services


@click.command("publish")
@pass_services
@by_option
@yes_option
@json_option
def publish_(services: Services, by: str, yes: bool, as_json: bool) -> None:
    """Write to the directory what changed, at once. Exit 1 when the directory does not have all of it then."""
    table = services.config.settings.directory
    if table is None or services.directory is None:
        raise Misuse(DIRECTORY_MISSING)
    found = states(services.crosscert)
    action = Text(f"写入目录 {table.url}。", f"Write to the directory {table.url}.")
    preview = Preview(action, certificates=[_line(each) for each in found])
    if not go_ahead(preview, yes=yes, overrides=(), as_json=as_json):
        return
    found = publish(services.crosscert, services.directory, only_due=False, actor=by)
    emit([_json(each) for each in found], as_json, lambda: _lines(found))
    if not all(each.is_current and each.published is not None and each.published.error is None for each in found):
        raise SystemExit(EXIT_NO)


def _json(state: EntryState) -> dict[str, Json]:
    published = state.published
    return {
        "entry": state.entry.common_name,
        "current": state.is_current,
        "values": {name: len(values) for name, values in state.entry.attributes.items()},
        "published_at": None if published is None or published.at is None else rfc3339(published.at),
        "failures": 0 if published is None else published.failures,
        "error": None if published is None else published.error,
    }


def _lines(found: Sequence[EntryState]) -> str:
    return "\n".join(map(_line, found))


def _line(state: EntryState) -> str:
    published = state.published
    at = "—" if published is None or published.at is None else rfc3339(published.at)
    error = "" if published is None or published.error is None else f"  {published.error}"
    stands = "已发布 current" if state.is_current else "待发布 to be written"
    values = ", ".join(f"{name.partition(';')[0]} {len(values)}" for name, values in state.entry.attributes.items())
    return f"{state.entry.common_name}  {stands}  {at}  ({values}){error}"
