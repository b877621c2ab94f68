"""``chaoxin verify``: is this licence genuine, and why? Exit 0 when it is (TOTAL_PASSED), of several when all are; 1 when not, 2 for misuse.

Left to others: the verdict (``licenses.verification``).
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from licenses.many.verifying import Answer, Item, verify_many
from licenses.many.zips import is_zip, items_of
from licenses.presentation import TITLES
from licenses.report_data import claims_of
from licenses.reports.collected import collect
from licenses.reports.evidence import make_evidence
from licenses.reports.page import make_report
from licenses.reports.statement import make_statement, verify_statement
from licenses.verdict import Verdict
from licenses.verification import check_size, verify
from service.cli.options import EXIT_NO, at_option, emit, json_option, pass_services, writing
from service.cli.verify_qr import qr_options, verify_qr

if TYPE_CHECKING:
    from service.wiring import Services

_ACTOR = "operator:cli"
_TOKEN = b"eyJ"
_MARKS = {"passed": "✓", "failed": "✗", "indeterminate": "?", "not_checked": "-"}


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH...", type=click.Path(exists=True, readable=True, path_type=Path))
@click.option(
    "--statement", type=click.Path(dir_okay=False, path_type=Path), help="Write the verdict to this file, signed by the node."
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the verdict to this file, a PDF that the node seals."
)
@click.option(
    "--evidence", type=click.Path(dir_okay=False, path_type=Path), help="Write all evidence, for openssl, to this zip file."
)
@click.option(
    "--of",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file that the statement in PATH must be about.",
)
@qr_options
@at_option
@json_option
def command(*, paths: tuple[Path, ...], qr: str | None, at: datetime | None, as_json: bool, **files: Any) -> None:
    """Say whether the licence in PATH (a PDF), or its QR code, is genuine, and why.

    Of several, a folder or a zip file: each in a line of its own. A PATH that is a node's signed statement about a verification is
    verified as such; so is a report that a node sealed. What is no licence is told to be none.
    """
    reports = {name: files.pop(name) for name in ("statement", "report", "evidence", "of")}
    if bool(paths) == (qr is not None):
        message = "either PATH... or --qr"
        raise click.UsageError(message)
    single = len(paths) == 1 and paths[0].is_file() and not _is_zip(paths[0])
    if not single and any(reports.values()):
        message = "--statement, --report, --evidence and --of go with one file"
        raise click.UsageError(message)
    if qr is not None:
        verify_qr(qr, at=at, as_json=as_json, **files)
    else:
        pass_services(_verify_files)(paths=paths, reports=reports, at=at, as_json=as_json)


def _verify_files(
    services: Services, *, paths: tuple[Path, ...], reports: Mapping[str, Path | None], at: datetime | None, as_json: bool
) -> None:
    single = len(paths) == 1 and paths[0].is_file() and not _is_zip(paths[0])
    if single and _head(paths[0]).startswith(_TOKEN):
        _verify_statement(services, paths[0], reports["of"], at, as_json)
        return
    if single:
        _verify_one(services, paths[0], reports, at, as_json)
        return
    genuine = [_tell(answer, as_json) for answer in _answers(services, paths, at)]
    click.echo(f"{sum(genuine)} / {len(genuine)} TOTAL_PASSED", err=as_json)
    if not all(genuine) or not genuine:
        raise SystemExit(EXIT_NO)


def _verify_one(services: Services, path: Path, wanted: Mapping[str, Path | None], at: datetime | None, as_json: bool) -> None:
    deps, statement, report, evidence = services.licenses, wanted["statement"], wanted["report"], wanted["evidence"]
    check_size(deps, path.stat().st_size)
    pdf, moment = path.read_bytes(), at or deps.clock.now()
    verdict = verify(deps, pdf, actor=_ACTOR, at=moment)
    emit(verdict.as_json(), as_json, lambda: _text(verdict))
    if statement is not None:
        with writing(statement):
            statement.write_text(make_statement(deps, pdf, verdict, moment) + "\n", encoding="ascii")
    if report is not None:
        sealed = make_report(deps, claims_of(deps.node, pdf, verdict, moment))
        with writing(report):
            report.write_bytes(sealed)
    if evidence is not None:
        made = make_evidence(deps, collect(deps, pdf, actor=_ACTOR, at=moment))
        with writing(evidence), evidence.open("wb") as file:
            file.writelines(made)
    if verdict.indication != "TOTAL_PASSED":
        raise SystemExit(EXIT_NO)


def _verify_statement(services: Services, path: Path, of: Path | None, at: datetime | None, as_json: bool) -> None:
    deps = services.licenses
    pdf = None if of is None else of.read_bytes()
    found = verify_statement(deps, path.read_bytes().strip(), at or deps.clock.now(), pdf=pdf)
    said = found.claims["verdict"]
    text = f"✓ {found.node.code} {found.node.name}: {found.claims['sub']}\n{said['indication']} {said['message']['zh']} {said['message']['en']}"
    emit({"node": found.node.code, **found.claims}, as_json, lambda: text)


def _answers(services: Services, paths: tuple[Path, ...], at: datetime | None) -> Iterator[Answer]:
    """Yield what is said of each file, with a bar on standard error that shows how many there were."""
    with ExitStack() as stack:
        items = chain.from_iterable(_items(services, path, stack) for path in paths)
        answers = verify_many(services.licenses, items, actor=_ACTOR, at=at)
        count = sum(_count(path) for path in paths)
        with click.progressbar(answers, length=count, label="验证 verifying", file=sys.stderr) as shown:
            yield from shown


def _items(services: Services, path: Path, stack: ExitStack) -> Iterator[Item]:
    rules = services.policies.licenses.verification
    if path.is_file() and _is_zip(path):
        yield from items_of(stack.enter_context(path.open("rb")), rules)
        return
    for each in _files(path):
        with each.open("rb") as file:
            yield Item(str(each), file.read(rules.max_upload_bytes + 1))


def _files(path: Path) -> list[Path]:
    return sorted(each for each in path.rglob("*.pdf") if each.is_file()) if path.is_dir() else [path]


def _count(path: Path) -> int:
    if path.is_file() and _is_zip(path) and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as opened:
            return sum(not entry.is_dir() for entry in opened.infolist())
    return len(_files(path))


def _is_zip(path: Path) -> bool:
    return is_zip(_head(path))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _tell(answer: Answer, as_json: bool) -> bool:
    verdict = answer.verdict
    if as_json:
        click.echo(json.dumps(answer.as_json(), ensure_ascii=False))
    elif verdict is None:
        refusal = answer.refusal
        click.echo(f"✗ {answer.name}: " + (f"{refusal.text.zh} {refusal.text.en}" if refusal is not None else ""))
    else:
        mark = {"TOTAL_PASSED": "✓", "TOTAL_FAILED": "✗"}.get(verdict.indication, "?")
        word = verdict.subindication or verdict.status.code or ""
        click.echo(f"{mark} {answer.name}: {verdict.indication} {word} {verdict.message.zh} {verdict.message.en}")
    return verdict is not None and verdict.indication == "TOTAL_PASSED"


def _text(verdict: Verdict) -> str:
    head = verdict.indication + (f" ({verdict.subindication})" if verdict.subindication else "")
    lines = [head, verdict.message.zh, verdict.message.en, ""]
    for finding in verdict.checks:
        title = TITLES[finding.id]
        lines.append(f"  {_MARKS[finding.result]} {title.zh} {title.en}: {finding.text.zh} {finding.text.en}")
    if verdict.path:
        lines += ["", "  " + " → ".join(str(step["subject"]) for step in verdict.path)]
    return "\n".join(lines)
