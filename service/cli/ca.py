"""``chaoxin ca``: the node's certification authorities."""

from __future__ import annotations

from typing import cast, get_args

import click

from kernel.clock import parse_rfc3339, rfc3339
from pki import authority, crl
from pki.records import CertificateRecord, CrlRecord, Reason
from pki.roles import cas_in
from service.cli import ceremony, rollover
from service.cli.options import emit, json_option, pass_services
from service.wiring import Services

_OPERATOR = "operator:cli"


@click.group()
def command() -> None:
    """Show the node's certification authorities, publish their lists, revoke, roll over."""


command.add_command(ceremony.command, "ceremony")
command.add_command(rollover.command, "rollover")


@command.command()
@json_option
@pass_services
def show(services: Services, as_json: bool) -> None:  # noqa: FBT001 - a command's flag
    """Show the CAs' certificates and their revocation lists."""
    with services.pki.work.read() as work:
        cas = cas_in(services.pki, work.records)
    found = {ca.key_label: (ca.record, crl.current(services.pki, ca.key_label)) for ca in cas}
    emit(
        {name: {"certificate": describe(record), "crl": describe_crl(current)} for name, (record, current) in found.items()},
        as_json,
        lambda: "\n\n".join(_as_text(name, record, current) for name, (record, current) in found.items()),
    )


@command.command("issue-crl")
@click.argument("ca")
@json_option
@pass_services
def issue_crl(services: Services, ca: str, as_json: bool) -> None:  # noqa: FBT001 - a command's flag
    """Publish the next revocation list of a CA now: principal, issuing or, after a rollover, principal-2 and so on."""
    record = crl.publish(services.pki, ca, actor=_OPERATOR)
    emit(describe_crl(record), as_json, lambda: _crl_text(record))


@command.command()
@click.argument("serial")
@click.option("--reason", type=click.Choice(get_args(Reason)), required=True, help="Why (RFC 5280 5.3.1).")
@click.option("--at", metavar="RFC3339", help="Since when; now if not said.")
@click.confirmation_option(prompt="A revocation cannot be undone. Revoke this certificate?")
@json_option
@pass_services
def revoke(services: Services, serial: str, reason: str, at: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Revoke the certificate SERIAL (hexadecimal) and publish the list that says so."""
    try:
        moment = services.clock.now() if at is None else parse_rfc3339(at)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--at") from None
    record = authority.revoke(services.pki, serial, cast("Reason", reason), moment, actor=_OPERATOR)
    emit(describe(record), as_json, lambda: f"{record.serial} {record.subject}: {record.reason}, {rfc3339(moment)}")


def describe(record: CertificateRecord) -> dict[str, str | None]:
    """Return the JSON form of a certificate's record."""
    return {
        "serial": record.serial,
        "sha256": record.sha256,
        "subject": record.subject,
        "issuer": record.issuer,
        "profile": record.profile,
        "ca": record.ca,
        "not_before": rfc3339(record.not_before),
        "not_after": rfc3339(record.not_after),
        "revoked_at": None if record.revoked_at is None else rfc3339(record.revoked_at),
        "reason": record.reason,
    }


def describe_crl(record: CrlRecord) -> dict[str, str | int]:
    """Return the JSON form of a published list."""
    return {
        "ca": record.ca,
        "number": record.number,
        "this_update": rfc3339(record.this_update),
        "next_update": rfc3339(record.next_update),
        "entries": record.entries,
        "sha256": record.sha256,
    }


def _as_text(name: str, record: CertificateRecord, current: CrlRecord) -> str:
    return (
        f"{name}: {record.subject}\n"
        f"  serial  {record.serial}\n"
        f"  sha256  {record.sha256}\n"
        f"  valid   {rfc3339(record.not_before)} – {rfc3339(record.not_after)}\n"
        f"  {_crl_text(current)}"
    )


def _crl_text(record: CrlRecord) -> str:
    return f"CRL {record.ca} {record.number}: {record.entries} entries, {rfc3339(record.this_update)} – {rfc3339(record.next_update)}"
