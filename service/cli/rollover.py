"""``chaoxin ca rollover``: a CA's new key in the place of the old. One admin asks, two others approve, or somebody withdraws the request.

Left to others: every step (``pki.rollover``).
"""

from __future__ import annotations

from typing import Any

import click

from crosscert import agreements
from kernel.clock import rfc3339
from kernel.errors import Refusal, Text
from pki import rollover
from pki.errors import ROLLOVER_UNKNOWN
from pki.records import CaRole, Rollover
from pki.roles import CA_ROLES, get_credential
from service.cli.options import by_option, emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services


@click.command()
@click.argument("role", type=click.Choice(CA_ROLES))
@click.option("--approve", "ca", metavar="CA", help="Approve the new CA of a request (principal-2 …) instead of asking for one.")
@click.option("--withdraw", is_flag=True, help="Take the request back that waits for approvals.")
@by_option
@yes_option
@json_option
@pass_services
def command(services: Services, *, role: CaRole, ca: str | None, withdraw: bool, by: str, yes: bool, as_json: bool) -> None:
    """Put a new key in the place of the CA's that serves as ROLE. What the old key signed stays valid.

    The second approval carries it out; after a crash, any approval takes it up again.
    """
    if withdraw:
        _withdraw(services, role, by=by, yes=yes, as_json=as_json)
        return
    found = rollover.find_open(services.pki, role) if ca is None else rollover.find(services.pki, ca)
    if found is not None and found.role != role:
        message = f"{found.ca} is to serve as {found.role}, not as {role}"
        raise click.BadParameter(message, param_hint="--approve")
    if not go_ahead(_preview(services, role, found), yes=yes, overrides=(), as_json=as_json):
        return
    found = rollover.request(services.pki, role, by) if ca is None else rollover.approve(services.pki, ca, by)
    emit(_as_json(found), as_json, lambda: _as_text(found))


def _withdraw(services: Services, role: CaRole, *, by: str, yes: bool, as_json: bool) -> None:
    found = rollover.find_open(services.pki, role)
    if found is None:
        raise Refusal(ROLLOVER_UNKNOWN, field="role", ca=role)
    state = _as_text(found)
    action = Text(
        f"撤回更换密钥的申请，已有的批准作废。({state})", f"Withdraw the request for a new key with its approvals. ({state})"
    )
    if go_ahead(Preview(action=action), yes=yes, overrides=(), as_json=as_json):
        emit(_as_json(rollover.withdraw(services.pki, found.ca, by)), as_json, lambda: _as_text(found))


def _preview(services: Services, role: CaRole, found: Rollover | None) -> Preview:
    """Return what the whole rollover would do: the next yes may be the one that does it."""
    old = get_credential(services.pki, role)
    peers = [peer for peer in agreements.list_peers(services.crosscert) if peer.relation == "agreed"]
    state = "" if found is None else f" ({_as_text(found)})"
    return Preview(
        action=Text(
            f"为 {role} 换用新密钥，旧密钥签过的继续有效。{state}",
            f"Let a new key serve as {role}; what the old one signed stays valid.{state}",
        ),
        certificates=[f"{old.record.serial} {old.record.subject}"],
        peers=[f"{peer.node.code} {peer.node.name}" for peer in peers],
    )


def _as_json(found: Rollover) -> dict[str, Any]:
    return {
        "ca": found.ca,
        "replaces": found.replaces,
        "requested_by": found.requested_by,
        "requested_at": rfc3339(found.requested_at),
        "approvals": list(found.approvals),
        "done_at": None if found.done_at is None else rfc3339(found.done_at),
    }


def _as_text(found: Rollover) -> str:
    done = "—" if found.done_at is None else rfc3339(found.done_at)
    return f"{found.ca}  {found.requested_by}  {len(found.approvals)} ✓  {done}"
