"""``chaoxin license renew-timestamps``: stamp documents again whose newest time-stamp will not be worth much longer.

The worker does so every hour by itself. Left to others: which are due and how (``licenses.archival``).
"""

from __future__ import annotations

import sys

import click

from kernel.errors import Text
from licenses import archival
from service.cli.options import EXIT_NO, by_option, emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services


@click.command(name="renew-timestamps")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="All that the authority in use has not stamped, whatever policies say of how long it lasts.",
)
@by_option
@yes_option
@json_option
@pass_services
def command(services: Services, *, every: bool, by: str, yes: bool, as_json: bool) -> None:
    """Put archive time-stamps on the documents that are due."""
    worn = archival.find_due(services.licenses, every=every)
    count = archival.count_due(services.licenses, worn)
    action = Text(f"给 {count} 份证照文件加盖归档时间戳。", f"Put an archive time-stamp on {count} documents.")
    if not go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        return
    with click.progressbar(length=count, label="加盖 stamping", file=sys.stderr) as bar:
        found = archival.renew_due(services.licenses, worn, actor=by, progress=bar.update)
    failed = f"，{len(found.failed)} 份未能加盖 (failed): {', '.join(found.failed)}" if found.failed else ""
    told = {"changed": found.done > 0, "renewed": found.done, "failed": list(found.failed)}
    emit(told, as_json, f"加盖 {found.done} (stamped {found.done}){failed}")
    if found.failed:
        raise SystemExit(EXIT_NO)
