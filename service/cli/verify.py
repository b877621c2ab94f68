"""``chaoxin verify``: is this licence genuine, and why? Exit 0 when it is (TOTAL_PASSED), of several when all are; 1 when not, 2 for misuse.

Left to others: the verdict (``licenses.verification``).
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from licenses.many.verifying import Answer, Item, verify_many
from licenses.many.zips import is_zip, items_of
from licenses.presentation import TITLES
from licenses.verdict import Verdict
from licenses.verification import check_size, verify
from service.cli.options import EXIT_NO, at_option, emit, json_option, pass_services
from service.cli.verify_qr import qr_options, verify_qr

if TYPE_CHECKING:
    from service.wiring import Services

_ACTOR = "operator:cli"
_MARKS = {"passed": "✓", "failed": "✗", "indeterminate": "?", "not_checked": "-"}


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH...", type=click.Path(exists=True, readable=True, path_type=Path))
@qr_options
@at_option
@json_option
def command(*, paths: tuple[Path, ...], qr: str | None, at: datetime | None, as_json: bool, **files: Any) -> None:
    """Say whether the licence in PATH (a PDF), or its QR code, is genuine, and why.

    Of several, a folder or a zip file: each in a line of its own.
    """
    if bool(paths) == (qr is not None):
        message = "either PATH... or --qr"
        raise click.UsageError(message)
    if qr is not None:
        verify_qr(qr, at=at, as_json=as_json, **files)
    else:
        pass_services(_verify_files)(paths=paths, at=at, as_json=as_json)


def _verify_files(services: Services, *, paths: tuple[Path, ...], at: datetime | None, as_json: bool) -> None:
    if len(paths) == 1 and paths[0].is_file() and not _is_zip(paths[0]):
        check_size(services.licenses, paths[0].stat().st_size)
        verdict = verify(services.licenses, paths[0].read_bytes(), actor=_ACTOR, at=at)
        emit(verdict.as_json(), as_json, lambda: _text(verdict))
        if verdict.indication != "TOTAL_PASSED":
            raise SystemExit(EXIT_NO)
        return
    genuine = [_tell(answer, as_json) for answer in _answers(services, paths, at)]
    click.echo(f"{sum(genuine)} / {len(genuine)} TOTAL_PASSED", err=as_json)
    if not all(genuine) or not genuine:
        raise SystemExit(EXIT_NO)


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
    with path.open("rb") as file:
        return is_zip(file.read(4))


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
