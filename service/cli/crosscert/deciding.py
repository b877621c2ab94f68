"""``chaoxin crosscert ask|take|outside|confirm|approve|reject|issue|receive``: an agreement comes about.

Requests and certificates change hands as files, or by the peer's description once it serves. Left to others: every decision.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crosscert import agreements
from crosscert.agreements import OutsideRequest, plans
from crosscert.agreements.request_format import MAX_BYTES
from crosscert.constraints import everything
from crosscert.errors import CERTIFICATE_UNREADABLE
from crosscert.paths import encodings
from crosscert.paths.certificates import MAX_CERTIFICATE_BYTES
from kernel.errors import Misuse, Text
from service.cli.crosscert.files import check_writable, file_type, introduce, out_option, read, write
from service.cli.crosscert.forms import agreement_json, agreement_line, agreement_text
from service.cli.crosscert.limits import limit_options, narrow_wish, parse_names
from service.cli.crosscert.previews import FAULT, preview_of, show_or_go
from service.cli.options import EXIT_NO, by_option, emit, json_option, pass_services
from service.cli.preview import override_option, yes_option
from service.wiring import Services

_MAX_BUNDLE = 4 * 1024 * 1024


@click.command()
@pass_services
@click.option("--peer-description", required=True, type=file_type, help="The other node's description.")
@click.option("--out", required=True, type=file_type, help="The file for the signed request.")
@limit_options
@by_option
@json_option
def ask(services: Services, peer_description: Path, out: Path, by: str, as_json: bool, **limits: Any) -> None:
    """Ask another node to certify this one: write the signed request, and show the code to read out to them."""
    check_writable(out)
    deps, introduced = services.crosscert, introduce(services, peer_description)
    wish = narrow_wish(everything(deps.policies, deps.node, introduced.description.node), **limits)
    found, document = agreements.ask(deps, introduced, wish, requester=by)
    write(document + b"\n", out)
    emit(agreement_json(deps, found), as_json, lambda: agreement_text(deps, found))


@click.command()
@pass_services
@click.argument("request", type=file_type)
@click.option("--also", multiple=True, help="Trust this subtree of an outside CA through this bridge too, as C=CN,O=…")
@by_option
@json_option
def take(services: Services, request: Path, also: tuple[str, ...], by: str, as_json: bool) -> None:
    """Take in another node's request to be certified by this one."""
    document = read(request, MAX_BYTES).strip()
    further = tuple(map(parse_names, also))
    found = agreements.take(services.crosscert, document, requester=by, also=further)
    emit(agreement_json(services.crosscert, found), as_json, lambda: agreement_text(services.crosscert, found))


@click.command()
@pass_services
@click.argument("certificates", type=file_type)
@click.option("--code", required=True, help="A short name for it: a letter, then up to five letters or digits, upper case.")
@click.option("--full-name", required=True, help="Its name.")
@click.option("--crl-url", "crl_urls", required=True, multiple=True, help="Where one of its lists is.")
@click.option("--name", "names", required=True, multiple=True, help="A subtree that it may name, as C=CN,O=…")
@click.option(
    "--map", "mappings", required=True, multiple=True, help="LEVEL=OID: which of its policies counts as which level here."
)
@click.option("--path-length", type=click.IntRange(0, 9), default=1, show_default=True, help="How many CAs may follow.")
@click.option("--days", type=click.IntRange(1, 40_000), required=True, help="How long the cross-certificate is to be valid.")
@by_option
@json_option
def outside(services: Services, certificates: Path, by: str, as_json: bool, **said: Any) -> None:
    """Ask this node to certify a CA that is no node: its root and CAs (PEM, DER, PKCS#7), limited as told."""
    wanted = OutsideRequest(
        code=said["code"],
        name=said["full_name"],
        certificates=read(certificates, _MAX_BUNDLE),
        crl_urls=said["crl_urls"],
        names=tuple(map(parse_names, said["names"])),
        mappings=tuple((level, oid) for level, _, oid in (each.partition("=") for each in said["mappings"])),
        path_length=said["path_length"],
        validity_days=said["days"],
    )
    found = agreements.take_outside(services.crosscert, wanted, requester=by)
    emit(agreement_json(services.crosscert, found), as_json, lambda: agreement_text(services.crosscert, found))


@click.command()
@pass_services
@click.argument("identifier")
@click.argument("code")
@by_option
@json_option
def confirm(services: Services, identifier: str, code: str, by: str, as_json: bool) -> None:
    """Record the CODE that the other side read out; for an outside CA, the SHA-256 of its root as it publishes it."""
    found = agreements.confirm(services.crosscert, identifier, code, actor=by)
    emit(agreement_json(services.crosscert, found), as_json, lambda: agreement_text(services.crosscert, found))


@click.command()
@pass_services
@click.argument("identifier")
@click.option("--plan", "plan_sha256", help="The digest of the plan that was looked at; wanted with --yes.")
@by_option
@yes_option
@override_option
@json_option
def approve(services: Services, identifier: str, by: str, plan_sha256: str | None, as_json: bool, **said: Any) -> None:
    """Look at the plan, then approve it. Two admins must, neither of them the requester."""
    deps = services.crosscert
    found = agreements.get(deps, identifier)
    plan = plans.plan_of(deps, found)
    preview = preview_of(
        plan, Text(f"批准与 {found.peer.name} 的协议。", f"Approve the agreement with {found.peer.code}."), [found]
    )
    if said["yes"] and plan_sha256 is None:
        message = "--plan is wanted with --yes: the digest of the plan that you looked at"
        raise click.UsageError(message)
    if show_or_go(plan, preview, yes=said["yes"], overrides=said["overrides"], as_json=as_json):
        faults = [each.removeprefix(FAULT) for each in said["overrides"]]
        found = agreements.approve(deps, identifier, approver=by, plan_sha256=plan_sha256 or "", faults=faults)
        emit(agreement_json(deps, found), as_json, lambda: agreement_line(deps, found))


@click.command()
@pass_services
@click.argument("identifier")
@by_option
@json_option
def reject(services: Services, identifier: str, by: str, as_json: bool) -> None:
    """Reject a request that was not issued yet, or withdraw this node's own."""
    found = agreements.reject(services.crosscert, identifier, actor=by)
    emit(agreement_json(services.crosscert, found), as_json, lambda: agreement_line(services.crosscert, found))


@click.command()
@pass_services
@click.argument("identifier")
@by_option
@out_option
@yes_option
@override_option
@json_option
def issue(services: Services, identifier: str, by: str, out: Path | None, as_json: bool, **said: Any) -> None:
    """Issue the cross-certificate of an approved agreement and write it (DER), to be handed to the other side."""
    deps = services.crosscert
    found = agreements.get(deps, identifier)
    plan = plans.plan_of(deps, found)
    preview = preview_of(
        plan, Text(f"为 {found.peer.name} 签发交叉证书。", f"Issue the cross-certificate for {found.peer.code}."), [found]
    )
    if found.state == "issued" or show_or_go(plan, preview, yes=said["yes"], overrides=said["overrides"], as_json=as_json):
        found = agreements.issue(deps, identifier, actor=by)
        if out is not None or not as_json:
            write(found.certificate or b"", out)
        if as_json:
            emit(agreement_json(deps, found), as_json, "")


@click.command()
@pass_services
@click.argument("identifier")
@click.argument("certificate", type=file_type, required=False)
@by_option
@json_option
def receive(services: Services, identifier: str, certificate: Path | None, by: str, as_json: bool) -> None:
    """Store the cross-certificate that this node asked for, to be published: from a file, or as the peer publishes it.

    Exit 1 when the peer does not yet.
    """
    deps = services.crosscert
    if certificate is None:
        agreements.receive_published(deps)
    else:
        found = encodings.read(read(certificate, MAX_CERTIFICATE_BYTES))
        if len(found.certificates) != 1:
            raise Misuse(CERTIFICATE_UNREADABLE, field=str(certificate), problem="one certificate is wanted")
        agreements.receive(deps, identifier, found.certificates[0].der, actor=by)
    agreement = agreements.get(deps, identifier)
    emit(agreement_json(deps, agreement), as_json, lambda: agreement_line(deps, agreement))
    if agreement.state != "received":
        raise SystemExit(EXIT_NO)
