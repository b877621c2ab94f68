"""``chaoxin license issue --background`` and ``chaoxin license batch``: have the workers issue a file, and ask how far they are."""

from __future__ import annotations

from pathlib import Path

import click

from kernel.errors import Misuse, Refusal
from licenses.bulk import intake, outcomes
from licenses.life.orders import operator
from service import jobs
from service.cli.options import EXIT_NO, emit, json_option, pass_services, writing
from service.wiring import Services

_OPERATOR = operator("operator:cli")


def hand_over(services: Services, file: Path, *, as_json: bool) -> None:
    """Take a file in and tell the workers of it."""
    with file.open("rb") as stream:
        try:
            batch = intake.take_in(services.licenses, stream, file.name, _OPERATOR)
        except Refusal as refusal:  # a file that cannot be read is a wrong command, not a row's fault
            raise Misuse(refusal.error, field=refusal.field, **refusal.details) from None
    jobs.issue_in_background(services, batch)
    told = outcomes.as_json(*outcomes.get_batch(services.licenses, batch.id, _OPERATOR))
    emit(told, as_json, f"{batch.id}  {batch.rows} 行 rows: chaoxin license batch {batch.id}")


@click.command(name="batch")
@click.argument("batch_id", metavar="BATCH")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write each row's outcome so far to this CSV file."
)
@json_option
@pass_services
def show_batch(services: Services, *, batch_id: str, report: Path | None, as_json: bool) -> None:
    """Tell how far the workers are with a batch; exit 1 while they are not through, or when a row was refused."""
    batch, progress = outcomes.get_batch(services.licenses, batch_id, _OPERATOR)
    if report is not None:
        with writing(report.parent), report.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(outcomes.as_csv(outcomes.rows_of(services.licenses, batch), "zh"))
    told = outcomes.as_json(batch, progress)
    zh = f"{told['done']}/{batch.rows}：签发 {progress.issued}，已有 {progress.already}，拒绝 {progress.refused}"
    en = f"issued {progress.issued}, already {progress.already}, refused {progress.refused}"
    emit(told, as_json, f"{zh} ({en})")
    if not told["finished"] or progress.refused:
        raise SystemExit(EXIT_NO)
