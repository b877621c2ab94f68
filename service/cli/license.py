"""``chaoxin license``: issue licences from a file, show, list and export them. Left to others: what officers do to them (``license_acts``)."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, get_args

import click

from kernel.clock import rfc3339
from kernel.errors import Misuse, Refusal, Text
from kernel.text import mask
from licenses import archive, batch, recover, review
from licenses.batch import RowOutcome
from licenses.registry_records import LicenseRecord
from service.cli.license_acts import make_commands
from service.cli.license_archive import command as renew_timestamps
from service.cli.license_batches import hand_over, show_batch
from service.cli.license_qr_keys import command as qr_keys
from service.cli.license_templates import command as templates
from service.cli.license_types import add_type, types
from service.cli.options import EXIT_NO, by_option, emit, json_option, pass_services, writing
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services

_ACTOR = "operator:cli"
_SHA256_DIGITS = 64
_REPORT_COLUMNS = ("row", "outcome", "number", "identifier", "file", "field", "code", "message")


@click.group()
def command() -> None:
    """Issue licences, show, list and export them, and do to them what policies provide for."""


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write each row's outcome to this CSV file.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Where the PDFs go [default: the node's licenses/]."
)
@click.option("--background", is_flag=True, help="Have the workers issue it, and print the batch to ask about.")
@json_option
@pass_services
def issue(services: Services, *, file: Path, report: Path | None, out: Path | None, background: bool, as_json: bool) -> None:
    """Issue a licence for each good row of FILE (CSV) and refuse the others with row, field and reason.

    What is issued already is not issued again, so an interrupted run is simply repeated. Exit 1 when a row was refused.
    """
    if background:
        hand_over(services, file, as_json=as_json)
        return
    folder = out or services.config.licenses_directory
    outcomes: list[RowOutcome] = []  # the refused; all of them for --json
    counts: Counter[str] = Counter()
    with writing(folder), file.open("rb") as stream, _report(report) as write:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            rows = batch.open_file(services.licenses, stream, file.name)
        except Refusal as refusal:  # a file that cannot be read is a wrong command, not a row's fault
            raise Misuse(refusal.error, field=refusal.field, **refusal.details) from None
        with click.progressbar(length=rows.count, label="签发 issuing", file=sys.stderr) as bar:
            for outcome in batch.issue_file(services.licenses, rows, folder, actor=_ACTOR):
                write(outcome)
                counts[outcome.outcome] += 1
                if as_json or outcome.message is not None:
                    outcomes.append(outcome)
                bar.update(1)
    totals = {word: counts[word] for word in get_args(batch.Outcome)}
    emit({**totals, "rows": [_row_as_json(one) for one in outcomes]}, as_json, lambda: _rows_as_text(outcomes, totals))
    if counts["refused"]:
        raise SystemExit(EXIT_NO)


@command.command()
@click.argument("name", metavar="NUMBER|IDENTIFIER")
@json_option
@pass_services
def show(services: Services, name: str, as_json: bool) -> None:
    """Show one licence; exit 1 when there is none."""
    record = archive.get_license(services.licenses, name)
    data = _as_json(record) | {"holder_name": record.holder_name, "fields": dict(record.fields)}
    emit(data, as_json, "\n".join(f"{key:<14} {value}" for key, value in data.items()))


@command.command(name="list")
@click.option("--type", "type_code", help="Only licences of this type code.")
@click.option("--area", "area_code", help="Only licences of this area code.")
@click.option("--holder", help="Only licences of the holder with exactly this name.")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Continue after this row key.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
@pass_services
def list_(services: Services, as_json: bool, **filters: Any) -> None:
    """List issued licences, oldest first; the first column continues the list by --after."""
    filters["holder_name"] = filters.pop("holder")
    with services.licenses.work.read() as work:
        found = work.records.licenses(**filters)
    data = [{"key": key, **_as_json(record)} for key, record in found]
    lines = (
        f"{key:>8}  {one.number}  {one.issue_date}  {one.status}  {one.issuer_name}  {mask(one.holder_name)}"
        for key, one in found
    )
    emit(data, as_json, "\n".join(lines))


@command.command()
@click.argument("name", metavar="NUMBER|IDENTIFIER|SHA256")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder [default: here].")
@json_option
@pass_services
def export(services: Services, name: str, out: Path, as_json: bool) -> None:
    """Write a licence's PDF, as it was issued, into a folder; an annotated copy by the SHA-256 that making it told."""
    if len(name) == _SHA256_DIGITS and name.isalnum():
        record, pdf = archive.get_copy(services.licenses, name)
    else:
        record = archive.get_license(services.licenses, name)
        pdf = archive.get_document(services.licenses, record)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        path = archive.write_document(out, record, pdf)
    emit({"file": str(path), "sha256": record.pdf_sha256}, as_json, str(path))


@command.command(name="review")
@json_option
@pass_services
def review_(services: Services, as_json: bool) -> None:
    """Hold what was issued in the last two days against today's rules, as the worker does each night; exit 1 at a fault, which stops issuing."""
    found = review.review(services.licenses)
    faulty = [{"identifier": record.identifier, "finding": str(fault)} for record, fault in found.faulty]
    lines = [f"{one['identifier']}  {one['finding']}" for one in faulty]
    total = f"复查 {found.licenses}，有问题 {len(faulty)} (looked at {found.licenses}, faulty {len(faulty)})"
    emit({"licenses": found.licenses, "faulty": faulty}, as_json, "\n".join([*lines, total]))
    if faulty:
        raise SystemExit(EXIT_NO)


@command.command()
@by_option
@yes_option
@json_option
@pass_services
def resume(services: Services, *, by: str, yes: bool, as_json: bool) -> None:
    """Agree to issue again after the review stopped it; it takes two people, who each run this. Exit 1 while the second is missing."""
    with services.licenses.work.look() as work:
        stop = work.records.find_stop()
    action = Text("同意恢复签发证照。", "Agree to issue licences again.")
    if not go_ahead(Preview(action, licenses=[stop.identifier] if stop else []), yes=yes, overrides=(), as_json=as_json):
        return
    issuing = review.resume(services.licenses, by=by)
    if issuing:
        recover.finish_or_void(services.licenses, actor=by)
    zh, en = ("可以签发了。", "Issuing goes on.") if issuing else ("还要另一人同意。", "Another one has to agree.")
    emit({"issuing": issuing}, as_json, f"{zh} {en}")
    if not issuing:
        raise SystemExit(EXIT_NO)


command.add_command(show_batch)
for _each in (*make_commands(), renew_timestamps, qr_keys, templates, types, add_type):
    command.add_command(_each)


@contextmanager
def _report(path: Path | None) -> Iterator[Any]:
    """Yield a function that writes one row of the report; the file is opened before anything is issued."""
    if path is None:
        yield lambda _outcome: None
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        yield _report_writer(stream)


def _report_writer(stream: TextIO) -> Any:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_REPORT_COLUMNS)

    def write(one: RowOutcome) -> None:
        message = one.message.zh if one.message else ""
        writer.writerow((one.row, one.outcome, one.number, one.identifier, one.file, one.field, one.code, message))
        stream.flush()

    return write


def _row_as_json(one: RowOutcome) -> dict[str, Any]:
    data: dict[str, Any] = {
        "row": one.row,
        "outcome": one.outcome,
        "number": one.number,
        "identifier": one.identifier,
        "file": one.file,
    }
    if one.message is not None and one.remedy is not None:
        data |= {"field": one.field, "code": one.code, "message": one.message.as_json(), "remedy": one.remedy.as_json()}
    return data


def _rows_as_text(outcomes: list[RowOutcome], totals: dict[str, int]) -> str:
    lines = [
        f"第 {one.row} 行 {one.code}（{one.field or '-'}）：{one.message.zh} {one.message.en}" for one in outcomes if one.message
    ]
    zh = f"签发 {totals['issued']}，已有 {totals['already']}，拒绝 {totals['refused']}"
    return "\n".join([*lines, f"{zh} (issued {totals['issued']}, already {totals['already']}, refused {totals['refused']})"])


def _as_json(record: LicenseRecord) -> dict[str, Any]:
    return {
        "number": record.number,
        "identifier": record.identifier,
        "type_code": record.type_code,
        "issuer": record.issuer_name,
        "issuer_uscc": record.issuer_uscc,
        "area_code": record.area_code,
        "issue_date": record.issue_date.isoformat(),
        "valid_from": record.valid_from.isoformat(),
        "valid_to": record.valid_to.isoformat() if record.valid_to else None,
        "status": record.status,
        "status_reason": record.status_reason,
        "version": record.version,
        "replaces": record.replaces,
        "issued_at": rfc3339(record.issued_at) if record.issued_at else None,
        "sha256": record.pdf_sha256,
        "log_index": record.log_index,
    }
