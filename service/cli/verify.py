"""``chaoxin verify``: is this licence genuine, and why? Exit 0 when it is (TOTAL_PASSED), 1 when not, 2 for misuse.

Left to others: the verdict (``licenses.verification``).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from licenses.presentation import TITLES
from licenses.verdict import Verdict
from licenses.verification import check_size, verify
from service.cli.options import EXIT_NO, at_option, emit, json_option, pass_services

if TYPE_CHECKING:
    from service.wiring import Services

_MARKS = {"passed": "✓", "failed": "✗", "indeterminate": "?", "not_checked": "-"}


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@at_option
@json_option
@pass_services
def command(services: Services, file: Path, at: datetime | None, as_json: bool) -> None:
    """Say whether the licence in FILE (a PDF) is genuine, and why."""
    check_size(services.licenses, file.stat().st_size)
    verdict = verify(services.licenses, file.read_bytes(), actor="operator:cli", at=at)
    emit(verdict.as_json(), as_json, lambda: _text(verdict))
    if verdict.indication != "TOTAL_PASSED":
        raise SystemExit(EXIT_NO)


def _text(verdict: Verdict) -> str:
    head = verdict.indication + (f" ({verdict.subindication})" if verdict.subindication else "")
    lines = [head, verdict.message.zh, verdict.message.en, ""]
    for finding in verdict.checks:
        title = TITLES[finding.id]
        lines.append(f"  {_MARKS[finding.result]} {title.zh} {title.en}: {finding.text.zh} {finding.text.en}")
    if verdict.path:
        lines += ["", "  " + " → ".join(str(step["subject"]) for step in verdict.path)]
    return "\n".join(lines)
