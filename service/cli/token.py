"""``chaoxin token``: say whether a token of this node or another is genuine and may be relied on here.

The token comes from a file or standard input, never as an argument, which others on the machine could read. Left to others: the judgement
(``crosscert.tokens``).
"""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO

import click

from crosscert.tokens import MAX_TOKEN_BYTES, TokenVerdict, verify_token
from kernel.clock import rfc3339
from service.cli.options import EXIT_NO, at_option, emit, json_option, pass_services
from service.wiring import Services


@click.group()
def command() -> None:
    """Tokens of this node and of others."""


@command.command()
@pass_services
@click.argument("file", type=click.File("rb"))
@click.option("--audience", help="For whom the token must be meant.")
@at_option
@json_option
def verify(services: Services, file: BinaryIO, audience: str | None, at: datetime | None, as_json: bool) -> None:
    """Say whether the token in FILE (- for standard input) is genuine and its node trusted, and by which path; exit 1 if not."""
    token = file.read(MAX_TOKEN_BYTES + 2).strip()
    verdict = verify_token(services.crosscert, token, at=at or services.clock.now(), audience=audience)
    emit(verdict.as_json(), as_json, lambda: _text(verdict))
    if not verdict.valid:
        raise SystemExit(EXIT_NO)


def _text(verdict: TokenVerdict) -> str:
    lines = []
    if verdict.valid and verdict.node is not None:
        lines.append(f"✓ {verdict.node.code} {verdict.node.name}  {verdict.node.url}")
        lines += [f"  {name}: {value}" for name, value in verdict.claims.items()]
    elif verdict.reason is not None:
        code, text = verdict.reason
        lines.append(f"✗ {code}: {text.zh} {text.en}")
    if verdict.path is not None:
        lines += [f"  ↳ {each.subject_text}" for each in verdict.path.certificates]
    if verdict.relied_until is not None:
        lines.append(f"  信任至 relied on until {rfc3339(verdict.relied_until)}")
    return "\n".join(lines)
