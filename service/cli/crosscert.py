"""``chaoxin crosscert``: agreements and cross-certificates with other nodes.

Before the nodes serve each other, descriptions and certificates change hands as files (``describe``, ``request``, ``issue``, ``receive``);
afterwards ``sync`` fetches. Left to others: every decision (``crosscert``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crosscert import agreements, node_description, sync
from crosscert.description_format import MAX_BYTES
from crosscert.errors import CERTIFICATE_UNREADABLE, DESCRIPTION_INVALID
from crosscert.node_description import IntroducedDescription
from crosscert.paths import encodings
from crosscert.paths.certificates import MAX_CERTIFICATE_BYTES, parse_certificate
from crosscert.records import Agreement, Peer
from kernel.clock import rfc3339
from kernel.errors import Misuse, Refusal
from service.cli.crosscert_graph import COMMANDS
from service.cli.options import EXIT_NO, emit, json_option, pass_services
from service.wiring import Services

_file = click.Path(path_type=Path, dir_okay=False)
_by = click.option("--by", required=True, help="Who does this; stands in the audit trail.")
_out = click.option("--out", type=_file, help="Write to this file instead of standard output.")
_description = click.option(
    "--peer-description", required=True, type=_file, help="The other node's description, from its describe command or address."
)


@click.group()
def command() -> None:
    """Agreements and cross-certificates with other nodes."""


for _more in COMMANDS:
    command.add_command(_more)


@command.command()
@pass_services
@_out
def describe(services: Services, out: Path | None) -> None:
    """Write this node's signed description, for another node's request and receive."""
    document, _ = node_description.describe(services.crosscert)
    _write(document + b"\n", out)


@command.command("list")
@pass_services
@json_option
def list_(services: Services, as_json: bool) -> None:  # noqa: FBT001 - click passes it
    """List the nodes that this one knows, and the agreements."""
    peers = agreements.list_peers(services.crosscert)
    found = agreements.list_agreements(services.crosscert)
    data = {"peers": [_peer_json(peer) for peer in peers], "agreements": [_agreement_json(each) for each in found]}
    emit(data, as_json, lambda: "\n".join([*map(_peer_line, peers), *map(_agreement_line, found)]))


@command.command()
@pass_services
@click.argument("identifier")
@json_option
def show(services: Services, identifier: str, as_json: bool) -> None:  # noqa: FBT001
    """Show an agreement with the constraints of its cross-certificate."""
    found = agreements.get(services.crosscert, identifier)
    emit(_agreement_json(found), as_json, lambda: _agreement_text(found))


@command.command()
@pass_services
@_description
@_by
@json_option
def request(services: Services, peer_description: Path, by: str, as_json: bool) -> None:  # noqa: FBT001
    """Ask this node to certify another. Compare the code that is shown over another channel before approving."""
    found = agreements.request(services.crosscert, _introduce(services, peer_description), requester=f"operator:{by}")
    emit(_agreement_json(found), as_json, lambda: _agreement_text(found))


@command.command()
@pass_services
@click.argument("identifier")
@_by
@json_option
def approve(services: Services, identifier: str, by: str, as_json: bool) -> None:  # noqa: FBT001
    """Approve a request. Two admins must, neither of them the requester."""
    found = agreements.approve(services.crosscert, identifier, approver=f"operator:{by}")
    emit(_agreement_json(found), as_json, lambda: _agreement_line(found))


@command.command()
@pass_services
@click.argument("identifier")
@_by
@json_option
def reject(services: Services, identifier: str, by: str, as_json: bool) -> None:  # noqa: FBT001
    """Reject a request that was not issued yet."""
    found = agreements.reject(services.crosscert, identifier, actor=f"operator:{by}")
    emit(_agreement_json(found), as_json, lambda: _agreement_line(found))


@command.command()
@pass_services
@click.argument("identifier")
@_by
@_out
def issue(services: Services, identifier: str, by: str, out: Path | None) -> None:
    """Issue the cross-certificate of an approved agreement (DER), to be handed to the other node."""
    found = agreements.issue(services.crosscert, identifier, actor=f"operator:{by}")
    _write(found.certificate or b"", out)


@command.command()
@pass_services
@click.argument("certificate", type=_file)
@_description
@_by
def receive(services: Services, certificate: Path, peer_description: Path, by: str) -> None:
    """Store a cross-certificate that another node issued for this one, to be published."""
    found = encodings.read(_read(certificate, MAX_CERTIFICATE_BYTES))
    if len(found.certificates) != 1:
        raise Misuse(CERTIFICATE_UNREADABLE, field=str(certificate), problem="one certificate is wanted")
    introduced = _introduce(services, peer_description)
    agreements.receive(services.crosscert, introduced, found.certificates[0].der, actor=f"operator:{by}")


@command.command()
@pass_services
@click.argument("identifier")
@_by
@click.option("--yes", is_flag=True, help="Do it; without this only what would be done is shown.")
@json_option
def revoke(services: Services, identifier: str, by: str, yes: bool, as_json: bool) -> None:  # noqa: FBT001
    """Revoke a cross-certificate and publish that at once."""
    found = agreements.get(services.crosscert, identifier)
    if yes:
        found = agreements.revoke(services.crosscert, identifier, actor=f"operator:{by}")
    hint = "" if yes else "\n没有改动；加 --yes 执行。 Nothing changed; add --yes."
    emit(_agreement_json(found), as_json, lambda: _agreement_text(found) + hint)


@command.command("sync")
@pass_services
@click.argument("code", required=False)
@json_option
def sync_(services: Services, code: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Fetch what the peers (or one of them) publish. Exit 1 when one of them failed."""
    if code is not None:
        sync.sync_peer(services.crosscert, code)
        outcomes = [sync.SyncOutcome(code, None)]
    else:
        outcomes = list(sync.sync_all(services.crosscert))
    data = [{"code": each.code, "error": each.error} for each in outcomes]
    emit(data, as_json, lambda: "\n".join(f"{each.code}  {each.error or 'ok'}" for each in outcomes))
    if any(each.error for each in outcomes):
        raise SystemExit(EXIT_NO)


def _introduce(services: Services, file: Path) -> IntroducedDescription:
    return node_description.introduce(_read(file, MAX_BYTES).strip(), services.clock.now())


def _read(file: Path, max_bytes: int) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise Misuse(DESCRIPTION_INVALID, field=str(file), problem=error.strerror or "cannot be opened") from None
    if len(data) > max_bytes:
        raise Refusal(DESCRIPTION_INVALID, field=str(file), problem=f"more than {max_bytes} bytes")
    return data


def _write(data: bytes, out: Path | None) -> None:
    if out is None:
        click.echo(data, nl=False)
    else:
        out.write_bytes(data)


def _agreement_json(found: Agreement) -> dict[str, Any]:
    constraints = found.constraints
    return {
        "identifier": found.identifier,
        "peer": {"code": found.peer.code, "name": found.peer.name, "url": found.peer.url},
        "state": found.state,
        "code": found.code,
        "requested_by": found.requested_by,
        "requested_at": rfc3339(found.requested_at),
        "approvals": [{"approver": each.approver, "at": rfc3339(each.at)} for each in found.approvals],
        "principal": parse_certificate(found.principal).as_json(),
        "serial": found.serial,
        "constraints": {
            "path_length": constraints.path_length,
            "permitted_names": [dict(names) for names in constraints.permitted_names],
            "permitted_dns": list(constraints.permitted_dns),
            "permitted_uris": list(constraints.permitted_uris),
            "mappings": [list(pair) for pair in constraints.mappings],
            "inhibit_policy_mapping": constraints.inhibit_policy_mapping,
            "validity_days": constraints.validity_days,
        },
    }


def _agreement_line(found: Agreement) -> str:
    return f"{found.identifier}  {found.peer.code} {found.peer.name}  {found.state}  {len(found.approvals)} ✓"


def _agreement_text(found: Agreement) -> str:
    constraints = found.constraints
    return "\n".join(
        [
            _agreement_line(found),
            f"  核对码 code to compare: {found.code}",
            f"  根证书 principal: {parse_certificate(found.principal).sha256}",
            *(f"  允许的名称 permitted: {', '.join('='.join(pair) for pair in names)}" for names in constraints.permitted_names),
            f"  允许的主机 permitted hosts: {', '.join(constraints.permitted_dns)}",
            *(f"  策略映射 mapping: {ours} = {theirs}" for ours, theirs in constraints.mappings),
            f"  pathLenConstraint {constraints.path_length}, inhibitPolicyMapping {constraints.inhibit_policy_mapping}",
            f"  {constraints.validity_days} d",
        ]
    )


def _peer_json(peer: Peer) -> dict[str, Any]:
    return {
        "code": peer.node.code,
        "name": peer.node.name,
        "level": peer.node.level,
        "url": peer.node.url,
        "relation": peer.relation,
        "learned_from": peer.learned_from,
        "last_ok_at": None if peer.last_ok_at is None else rfc3339(peer.last_ok_at),
        "last_error": peer.last_error,
    }


def _peer_line(peer: Peer) -> str:
    heard = "—" if peer.last_ok_at is None else rfc3339(peer.last_ok_at)
    return f"{peer.node.code} {peer.node.name}  {peer.node.url}  {peer.relation}  {heard}  {peer.last_error or ''}".rstrip()
