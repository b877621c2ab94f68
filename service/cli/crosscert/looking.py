"""``chaoxin crosscert describe|list|show|sync``: what this node says of itself, knows and fetches. Left to others: all of it (``crosscert``)."""

from __future__ import annotations

from pathlib import Path

import click

from crosscert import agreements, node_description
from crosscert.federation import sync
from crosscert.federation.standings import list_standings
from service.cli.crosscert.files import out_option, write
from service.cli.crosscert.forms import agreement_json, agreement_line, agreement_text, peer_json, peer_lines
from service.cli.options import EXIT_NO, emit, json_option, pass_services
from service.wiring import Services


@click.command()
@pass_services
@out_option
def describe(services: Services, out: Path | None) -> None:
    """Write this node's signed description, for another node's ask."""
    document, _ = node_description.describe(services.crosscert)
    write(document + b"\n", out)


@click.command("list")
@pass_services
@json_option
def list_(services: Services, as_json: bool) -> None:
    """List the nodes that this one knows, and the agreements."""
    deps = services.crosscert
    peers, found = list_standings(deps, services.clock.now()), agreements.list_agreements(deps)
    data = {"peers": [peer_json(peer) for peer in peers], "agreements": [agreement_json(deps, each) for each in found]}
    emit(data, as_json, lambda: "\n".join([*map(peer_lines, peers), *(agreement_line(deps, each) for each in found)]))


@click.command()
@pass_services
@click.argument("identifier")
@json_option
def show(services: Services, identifier: str, as_json: bool) -> None:
    """Show an agreement with the constraints of its cross-certificate."""
    found = agreements.get(services.crosscert, identifier)
    emit(agreement_json(services.crosscert, found), as_json, lambda: agreement_text(services.crosscert, found))


@click.command("sync")
@pass_services
@click.argument("code", required=False)
@json_option
def sync_(services: Services, code: str | None, as_json: bool) -> None:
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
