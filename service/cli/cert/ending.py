"""The commands that end certificates, and the one that lets issuing go on: ``revoke``, ``suspend``, ``release``, ``resume``."""

from __future__ import annotations

from typing import cast, get_args

import click

from kernel.clock import parse_rfc3339
from kernel.errors import Text
from pki import authority, review, revocation
from pki.records import CertificateRecord, Reason
from pki.registry import get_certificate
from service import impact
from service.cli.cert.forms import OPERATOR, as_line, describe
from service.cli.options import by_option, emit, json_option, pass_services
from service.cli.preview import Preview, Warned, go_ahead, override_option, yes_option
from service.wiring import Services


@click.command()
@click.argument("serial")
@click.option("--reason", type=click.Choice(get_args(Reason)), required=True, help="Why (RFC 5280 5.3.1).")
@click.option("--at", metavar="RFC3339", help="Since when; now if not said.")
@yes_option
@override_option
@json_option
@pass_services
def revoke(
    services: Services,
    *,
    serial: str,
    reason: str,
    at: str | None,
    yes: bool,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Revoke the certificate SERIAL (hexadecimal) for good and publish the lists that say so."""
    try:
        moment = services.clock.now() if at is None else parse_rfc3339(at)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--at") from None
    record = get_certificate(services.pki, serial)
    action = Text(f"吊销证书（{reason}），不能恢复。", f"Revoke a certificate ({reason}); this cannot be undone.")
    if go_ahead(preview_of(services, record, action), yes=yes, overrides=overrides, as_json=as_json):
        revoked = authority.revoke(services.pki, serial, cast("Reason", reason), moment, actor=OPERATOR)
        emit(describe(revoked), as_json, lambda: as_line(revoked))


@click.command()
@click.argument("serial")
@yes_option
@override_option
@json_option
@pass_services
def suspend(services: Services, *, serial: str, yes: bool, overrides: tuple[str, ...], as_json: bool) -> None:
    """Suspend the certificate SERIAL until it is released or revoked, and publish the lists that say so."""
    record = get_certificate(services.pki, serial)
    action = Text("暂停证书，直到解除或吊销。", "Suspend a certificate until it is released or revoked.")
    if go_ahead(preview_of(services, record, action), yes=yes, overrides=overrides, as_json=as_json):
        suspended = revocation.suspend(services.pki, serial, actor=OPERATOR)
        emit(describe(suspended), as_json, lambda: as_line(suspended))


@click.command()
@click.argument("serial")
@yes_option
@json_option
@pass_services
def release(services: Services, *, serial: str, yes: bool, as_json: bool) -> None:
    """End the suspension of the certificate SERIAL, and publish the lists without it."""
    record = get_certificate(services.pki, serial)
    preview = Preview(Text("解除证书的暂停。", "End a certificate's suspension."), certificates=[as_line(record)])
    if go_ahead(preview, yes=yes, overrides=(), as_json=as_json):
        released = revocation.release(services.pki, serial, actor=OPERATOR)
        emit(describe(released), as_json, lambda: as_line(released))


@click.command()
@by_option
@yes_option
@json_option
@pass_services
def resume(services: Services, by: str, yes: bool, as_json: bool) -> None:
    """Let issuing go on after the nightly review stopped it; two admins must agree, each by this command."""
    stop = review.find_stop(services.pki)
    if stop is None:
        emit({"stopped": False}, as_json, "签发没有停止。 Issuing is not stopped.")
        return
    concerned = get_certificate(services.pki, stop.serial)
    action = Text(f"恢复签发（复查发现：{stop.finding}）。", f"Issue again, in spite of what the review found: {stop.finding}.")
    if go_ahead(Preview(action, certificates=[as_line(concerned)]), yes=yes, overrides=(), as_json=as_json):
        resumed = review.resume(services.pki, by=by)
        text = "已恢复签发。 Issuing goes on." if resumed else "还需另一名管理员同意。 Another admin must agree."
        emit({"stopped": not resumed}, as_json, text)


def preview_of(services: Services, record: CertificateRecord, action: Text) -> Preview:
    """Return whom it concerns that a certificate ends; ``Refusal`` for a CA in service, which cannot."""
    revocation.check_not_in_service(services.pki, record)
    found = impact.of_ending(services, record)
    warnings = [Warned(code, text) for code, text in found.warnings]
    return Preview(action, found.people, found.certificates, found.licenses, found.peers, warnings)
