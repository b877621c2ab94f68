"""``chaoxin user import``: people of another system, from a CSV file. What is done about a row: ``idp.administration.importing``."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from idp.administration import importing
from idp.administration.importing import RowOutcome
from kernel.errors import Misuse, Refusal
from service.cli.options import EXIT_NO, emit, json_option, pass_services, writing
from service.cli.preview import yes_option
from service.wiring import Services

_COLUMNS = ("row", "outcome", "username", "account", "field", "code", "message")
_SHOWN = 100
"""So many refused rows are shown; the report has all of them."""


@click.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write each row's outcome to this CSV file.")
@yes_option
@json_option
@pass_services
def import_(services: Services, file: Path, report: Path | None, yes: bool, as_json: bool) -> None:
    """Create an account for each good row of FILE (CSV) and refuse the others with row, field and reason.

    Columns: name, resident_id or uscc; where wanted kind (citizen, enterprise), username, phone, email, address, real_name_level,
    proofed_by, password_hash (argon2id). Nobody gets a role. Who is here already stays as they are, so an interrupted run is simply
    repeated. Without --yes the rows are only checked. Exit 1 when a row was refused.
    """
    counts: Counter[str] = Counter()
    refused: list[RowOutcome] = []
    with file.open("rb") as stream, _report(report) as write:
        try:
            rows = importing.open_file(stream, file.name)
        except Refusal as refusal:  # a file that cannot be read is a wrong command, not a row's fault
            raise Misuse(refusal.error, field=refusal.field, **refusal.details) from None
        outcomes = (
            importing.import_file(services.idp, rows, actor="operator:cli") if yes else importing.examine_file(services.idp, rows)
        )
        with click.progressbar(length=rows.count, label="导入 importing", file=sys.stderr, update_min_steps=1000) as bar:
            for outcome in outcomes:
                write(outcome)
                counts[outcome.outcome] += 1
                if outcome.refusal is not None and len(refused) < _SHOWN:
                    refused.append(outcome)
                bar.update(1)
    words = ("imported" if yes else "acceptable", "already", "refused")
    totals = {word: counts[word] for word in words}
    emit({"changed": yes, **totals, "rows": [_as_json(one) for one in refused]}, as_json, lambda: _as_text(refused, totals))
    if counts["refused"]:
        raise SystemExit(EXIT_NO)


@contextmanager
def _report(path: Path | None) -> Iterator[Callable[[RowOutcome], object]]:
    """Yield what writes one row of the report; the file is opened before anybody is imported."""
    if path is None:
        yield lambda _outcome: None
        return
    with writing(path), path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        yield lambda one: writer.writerow(_cells(one))


def _cells(one: RowOutcome) -> tuple[str, ...]:
    refusal = one.refusal
    told = ("", "", "") if refusal is None else (refusal.field or "", refusal.code, refusal.text.zh)
    return (one.row, one.outcome, one.username, one.account, *told)


def _as_json(one: RowOutcome) -> dict[str, Any]:
    data: dict[str, Any] = {"row": one.row, "outcome": one.outcome}
    if one.refusal is not None:
        refusal = one.refusal
        data |= {
            "field": refusal.field,
            "code": refusal.code,
            "message": refusal.text.as_json(),
            "remedy": refusal.remedy.as_json(),
        }
    return data


def _as_text(refused: list[RowOutcome], totals: dict[str, int]) -> str:
    lines = [
        f"第 {one.row} 行 {one.refusal.code}（{one.refusal.field or '-'}）：{one.refusal.text.zh} {one.refusal.text.en}"
        for one in refused
        if one.refusal is not None
    ]
    if totals["refused"] > len(refused):
        lines.append("……其余见 --report。 … the rest are in --report.")
    if "imported" in totals:
        total = f"导入 {totals['imported']}，已有 {totals['already']}，拒绝 {totals['refused']}"
    else:
        total = f"可导入 {totals['acceptable']}，已有 {totals['already']}，拒绝 {totals['refused']}；没有改动，加 --yes 导入"
    return "\n".join([*lines, f"{total} ({', '.join(f'{word} {count}' for word, count in totals.items())})"])
