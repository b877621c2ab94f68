"""``chaoxin department``: the departments that issue licences at this node."""

from __future__ import annotations

from pathlib import Path

import click

from kernel.errors import Misuse, Refusal
from kernel.rows import open_rows
from licenses.departments import COLUMNS, MAX_ROWS, DepartmentOutcome
from service.cli.options import EXIT_NO, emit, json_option, pass_services
from service.wiring import Services


@click.group()
def command() -> None:
    """Register and list the departments that issue licences at this node."""


@command.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@json_option
@pass_services
def import_(services: Services, file: Path, as_json: bool) -> None:
    """Register the departments of FILE (CSV: uscc,name,area_code,types); exit 1 when a row was refused."""
    from licenses.departments import import_departments  # noqa: PLC0415 - named for what it does, beside this command's own name

    with file.open("rb") as stream:
        try:
            rows = open_rows(stream, file.name, COLUMNS, max_rows=MAX_ROWS)
        except Refusal as refusal:  # a file that cannot be read is a wrong command, not a row's fault
            raise Misuse(refusal.error, field=refusal.field, **refusal.details) from None
        outcomes = import_departments(services.licenses, rows, actor="operator:cli")
    refused = [outcome for outcome in outcomes if outcome.refusal is not None]
    emit([_as_json(outcome) for outcome in outcomes], as_json, lambda: _as_text(outcomes))
    if refused:
        raise SystemExit(EXIT_NO)


@command.command(name="list")
@json_option
@pass_services
def list_(services: Services, as_json: bool) -> None:
    """List the departments that are registered here."""
    with services.licenses.work.read() as work:
        departments = work.records.departments()
    data = [{"uscc": one.uscc, "name": one.name, "area_code": one.area_code, "types": list(one.types)} for one in departments]
    emit(data, as_json, "\n".join(f"{one.area_code}  {one.uscc}  {one.name}  {';'.join(one.types)}" for one in departments))


def _as_json(outcome: DepartmentOutcome) -> dict[str, object]:
    data: dict[str, object] = {"row": outcome.row, "outcome": outcome.outcome, "uscc": outcome.uscc, "name": outcome.name}
    if outcome.refusal is not None:
        refusal = outcome.refusal
        data |= {
            "code": refusal.code,
            "field": refusal.field,
            "message": refusal.text.as_json(),
            "remedy": refusal.remedy.as_json(),
        }
    return data


def _as_text(outcomes: list[DepartmentOutcome]) -> str:
    counts = {word: sum(outcome.outcome == word for outcome in outcomes) for word in ("added", "unchanged", "refused")}
    lines = [
        f"第 {one.row} 行 {one.refusal.code}（{one.refusal.field or '-'}）：{one.refusal.text.zh} {one.refusal.text.en}"
        for one in outcomes
        if one.refusal is not None
    ]
    total = f"登记 {counts['added']}，未变 {counts['unchanged']}，拒绝 {counts['refused']}"
    return "\n".join([*lines, f"{total} (added {counts['added']}, unchanged {counts['unchanged']}, refused {counts['refused']})"])
