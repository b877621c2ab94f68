"""``chaoxin ca``: the node's certification authorities."""

from __future__ import annotations

import click

from kernel.clock import rfc3339
from pki import crl
from pki.records import CertificateRecord, CrlRecord
from pki.roles import cas_in
from service.cli import ceremony, rollover
from service.cli.cert.ending import revoke
from service.cli.cert.forms import describe
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
def show(services: Services, as_json: bool) -> None:
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
def issue_crl(services: Services, ca: str, as_json: bool) -> None:
    """Publish the next revocation list of a CA now: principal, issuing or, after a rollover, principal-2 and so on."""
    record = crl.publish(services.pki, ca, actor=_OPERATOR)
    emit(describe_crl(record), as_json, lambda: _crl_text(record))


command.add_command(revoke)


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
