"""The commands that only look: ``list``, ``show``, ``due``."""

from __future__ import annotations

import click

from kernel.clock import rfc3339
from pki import alarms, authority
from service.cli.cert.forms import as_line, as_pem, describe
from service.cli.options import emit, json_option, pass_services
from service.wiring import Services


@click.command("list")
@click.option("--profile", help="Only those of this profile.")
@click.option("--after", metavar="SERIAL", help="Those beyond this serial: where the last page ended.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@json_option
@pass_services
def list_(services: Services, profile: str | None, after: str | None, limit: int, as_json: bool) -> None:
    """List the certificates that the node issued, by serial."""
    with services.pki.work.read() as work:
        records = work.records.certificates(profile=profile, after=after, limit=limit)
    emit([describe(record) for record in records], as_json, lambda: "\n".join(as_line(record) for record in records))


@click.command()
@click.argument("serial")
@json_option
@pass_services
def show(services: Services, serial: str, as_json: bool) -> None:
    """Show the certificate SERIAL (hexadecimal), in PEM too."""
    record = authority.get_certificate(services.pki, serial)
    emit(describe(record) | {"pem": as_pem(record)}, as_json, lambda: f"{as_line(record)}\n{as_pem(record)}")


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 3660), help="All that end within so many days [default: those an alarm is due for]."
)
@json_option
@pass_services
def due(services: Services, days: int | None, as_json: bool) -> None:
    """List the certificates that end soon and have no successor, CAs and cross-certificates too, the first to end first."""
    if days is None:
        records = [alarm.certificate for alarm in alarms.find_due(services.pki)]
    else:
        records = list(alarms.find_ending(services.pki, days))
    now = services.clock.now()
    emit(
        [describe(record) | {"days_left": (record.not_after - now).days} for record in records],
        as_json,
        lambda: "\n".join(f"{rfc3339(record.not_after)}  {as_line(record)}" for record in records),
    )
