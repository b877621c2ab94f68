"""``chaoxin ca ceremony``: make or roll over CAs by a written plan, before witnesses, on the record; and verify such a record.

Left to others: the steps (``pki.ceremony``), the record's form (``pki.transcript``).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click
from cryptography.hazmat.primitives.hashes import SHA256

from crosscert import agreements
from kernel.errors import Misuse, Text
from pki import ceremony, transcript
from pki.ceremony import Confirmation
from pki.errors import CEREMONY_INVALID
from pki.transcript import Plan, VerifiedTranscript, witness_hash
from service.cli.options import emit, json_option, pass_services, writing
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services

_file = click.Path(path_type=Path, dir_okay=False)


@click.group()
def command() -> None:
    """Key ceremonies: a plan, witnesses, a transcript that can be verified."""


@command.command()
@click.argument("plan", type=_file)
@click.argument("record", type=_file)
@click.option("--rehearsal", is_flag=True, help="Compute the witnesses' hashes here; the transcript says that nobody typed them.")
@yes_option
@json_option
@pass_services
def run(services: Services, *, plan: Path, record: Path, rehearsal: bool, yes: bool, as_json: bool) -> None:
    """Carry out what the transcript RECORD does not have of PLAN yet; interrupted, run it again."""
    found = transcript.read_plan(_toml(plan))
    if go_ahead(_preview(services, found), yes=yes, overrides=(), as_json=as_json):
        with writing(record):
            ceremony.conduct(services.pki, found, record, _computed if rehearsal else _typed)
        verified = transcript.verify(record.read_bytes())
        emit(_as_json(verified), as_json, lambda: _as_text(verified))


@command.command()
@click.argument("record", type=_file)
@json_option
def verify(record: Path, *, as_json: bool) -> None:
    """Say whether a transcript is whole, confirmed by its witnesses and signed by the key that it tells of."""
    verified = transcript.verify(_read(record))
    emit(_as_json(verified), as_json, lambda: _as_text(verified))


def _typed(name: str, head: str) -> Confirmation:
    click.echo(f"\n{head}\n  printf '%s%s' {head} {name} | sha256sum", err=True)
    return Confirmation(click.prompt(f"{name}", err=True), typed=True)


def _computed(name: str, head: str) -> Confirmation:
    return Confirmation(witness_hash(head, name), typed=False)


def _preview(services: Services, plan: Plan) -> Preview:
    peers = agreements.list_peers(services.crosscert)
    steps = "; ".join(step.text or step.act for step in plan.steps)
    return Preview(
        action=Text(f"{plan.title}（{plan.purpose}）：{steps}。", f"{plan.title} ({plan.purpose}): {steps}."),
        people=[plan.operator, *plan.witnesses],
        certificates=[f"{name}: {algorithm}" for name, algorithm in plan.algorithms.items()],
        peers=[f"{peer.node.code} {peer.node.name}" for peer in peers if peer.relation == "agreed"],
    )


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_read(file).decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Misuse(CEREMONY_INVALID, field=str(file), problem=str(error)) from None


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(transcript.MAX_BYTES + 1)
    except OSError as error:
        raise Misuse(CEREMONY_INVALID, field=str(file), problem=error.strerror or "cannot be opened") from None


def _as_json(found: VerifiedTranscript) -> dict[str, Any]:
    witnesses = [line.body for line in found.lines if line.body["kind"] == "witness"]
    return {
        "valid": True,
        "title": found.plan.title,
        "purpose": found.plan.purpose,
        "node": found.lines[0].body.get("node"),
        "operator": found.plan.operator,
        "witnesses": list(found.plan.witnesses),
        "typed": all(body.get("typed") is True for body in witnesses),
        "steps": [line.body for line in found.lines if line.body["kind"] == "step"],
        "certificate_sha256": found.certificate.fingerprint(SHA256()).hex(),
        "hash": found.lines[-1].hash,
    }


def _as_text(found: VerifiedTranscript) -> str:
    data = _as_json(found)
    by = "" if data["typed"] else "  （排练：散列由本机计算 rehearsal: computed here）"
    return "\n".join(
        [
            f"✓ {data['title']}  {data['purpose']}  {data['node']}{by}",
            f"  {data['operator']}; {', '.join(data['witnesses'])}",
            *(f"  {body['at']}  {body['text'] or body['ran']}" for body in data["steps"]),
            f"  certificate sha256 {data['certificate_sha256']}",
            f"  transcript  sha256 {data['hash']}",
        ]
    )
