"""``chaoxin log``: the transparency log: look at it, look it over, prove a licence's entry, settle what contradicted itself.

Left to others: the log and its witnesses (``licenses.log``, ``licenses.transparency``).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from kernel.clock import rfc3339
from kernel.errors import Text
from licenses import archive, checkpoint, notes
from licenses.log_ports import LogFault
from licenses.transparency import faults, receipts
from licenses.transparency.audit import audit
from licenses.transparency.reading import progress_of
from service.cli.options import EXIT_NO, by_option, emit, json_option, pass_services, writing
from service.cli.preview import Preview, go_ahead, override_option, yes_option
from service.wiring import Services


@click.group()
def command() -> None:
    """Look at the transparency log, look it over, prove a licence's entry."""


@command.command()
@json_option
@pass_services
def show(services: Services, as_json: bool) -> None:
    """Show the log's head, who witnessed it, whose logs this node witnesses, and what contradicted itself."""
    deps = services.licenses
    with deps.work.read() as work:
        head = checkpoint.sign_checkpoint(deps, work.records)
        cosigned, witnessed, found = work.records.cosigned(), work.records.witnessed(), work.records.log_faults()
    keys = checkpoint.own_keys(deps)
    present = checkpoint.verify_checkpoint(head, keys.log)
    data = {
        "origin": present.origin,
        "size": present.size,
        "root": present.root.hex(),
        "verifier_key": str(keys.log),
        "witness_key": str(keys.witness),
        "checkpoint": head,
        "witnesses": [{"node": one.witness_code, "size": one.size, "at": rfc3339(one.at)} for one in cosigned],
        "witnessed": [
            {
                "node": one.node_code,
                "size": one.size,
                "read": one.read,
                "state": progress_of(deps, one),
                "at": rfc3339(one.seen_at),
            }
            for one in witnessed
        ],
        "faults": [_fault(one) for one in found],
    }
    emit(data, as_json, lambda: _text(data))


@command.command()
@click.argument("receipt", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", metavar="NAME+ID+KEY", help="The key of the log that gave the receipt [default: this node's].")
@json_option
@pass_services
def verify(services: Services, receipt: Path | None, key: str | None, as_json: bool) -> None:
    """Look over the whole log, or verify the RECEIPT that a log gave; exit 1 when something does not hold."""
    deps = services.licenses
    if receipt is not None:
        by = checkpoint.own_keys(deps).log if key is None else notes.parse_key(key)
        text = receipt.read_bytes()[: receipts.MAX_BYTES + 1].decode(errors="replace")
        proven = receipts.verify_receipt(text, by)
        leaf = {"event": proven.leaf.event, "issuer": proven.leaf.issuer_uscc, "pdf_sha256": proven.leaf.pdf_sha256}
        told = {
            **leaf,
            "status": proven.leaf.status,
            "at": rfc3339(proven.leaf.at),
            "index": proven.index,
            "size": proven.head.size,
        }
        emit({"valid": True, **told}, as_json, lambda: "\n".join(f"{name:<12} {value}" for name, value in told.items()))
        return
    with deps.work.read() as work:
        size = work.records.log_size()
    with click.progressbar(length=size, label="核对 verifying", file=sys.stderr) as bar:
        found = audit(deps, bar.update)
    data = {"intact": not found.problems, "size": found.size, "root": found.root.hex(), "problems": found.problems}
    emit(data, as_json, lambda: "\n".join(found.problems) or f"{found.size} leaves, root {found.root.hex()}")
    if found.problems:
        raise SystemExit(EXIT_NO)


@command.command()
@click.argument("name", metavar="NUMBER|IDENTIFIER")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write it into this folder.")
@json_option
@pass_services
def proof(services: Services, name: str, out: Path | None, as_json: bool) -> None:
    """Print the receipt for the issue of a licence: the proof, by itself, that the log has it (C2SP tlog-proof)."""
    record = archive.get_license(services.licenses, name)
    name, text = receipts.receipt_of(services.licenses, record)
    if out is not None:
        path = out / name
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    emit({"number": record.number, "index": record.log_index, "receipt": text}, as_json, text if out is None else str(path))


@command.command()
@click.argument("code")
@by_option
@yes_option
@override_option
@json_option
@pass_services
def settle(services: Services, code: str, *, by: str, yes: bool, overrides: tuple[str, ...], as_json: bool) -> None:
    """Say that the faults of node CODE's log were looked over; witnessing begins anew with what that log shows next."""
    count = sum(fault.node_code == code for fault in faults.list_open(services.licenses))
    action = Text(f"{code} 的日志有 {count} 处矛盾，标为已处理", f"Mark {count} faults of the log of {code} as settled")
    if go_ahead(Preview(action, peers=(code,)), yes=yes, overrides=overrides, as_json=as_json):
        settled = faults.settle(services.licenses, code, actor=by)
        emit({"changed": settled > 0, "settled": settled}, as_json, f"{settled}")


def _fault(fault: LogFault) -> dict[str, Any]:
    return {
        "node": fault.node_code,
        "kind": fault.kind,
        "found_at": rfc3339(fault.found_at),
        "found_by": fault.found_by,
        "settled_by": fault.settled_by,
        "held": fault.held,
        "shown": fault.shown,
    }


def _text(data: dict[str, Any]) -> str:
    lines = [f"{name:<13} {data[name]}" for name in ("origin", "size", "root", "verifier_key", "witness_key")]
    for name, title in (
        ("witnesses", "见证本日志的节点 witnesses of this log"),
        ("witnessed", "本节点见证的日志 logs witnessed here"),
    ):
        lines += ["", title, *(f"  {one['node']}  {one['size']:>10}  {one['at']}  {one.get('state', '')}" for one in data[name])]
    if data["faults"]:
        lines += ["", "自相矛盾的日志 logs that contradict themselves"]
        lines += [
            f"  {'✓' if one['settled_by'] else '✗'} {one['node']} {one['kind']} {one['found_at']} ({one['found_by']})"
            for one in data["faults"]
        ]
    return "\n".join(lines)
