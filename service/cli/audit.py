"""``chaoxin audit``: read the audit trail and check that nobody rewrote it."""

from __future__ import annotations

import click

from service import audit
from service.cli.options import EXIT_NO, emit, json_option, pass_services
from service.engine import reading
from service.wiring import Services


@click.group()
def command() -> None:
    """Read the audit trail and check its chain."""


@command.command(name="list")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--contains", help="Only events whose actor, action or target contains this.")
@json_option
@pass_services
def list_(services: Services, limit: int, contains: str | None, as_json: bool) -> None:
    """Print the newest events."""
    with reading(services.engine).begin() as connection:
        page = audit.SqlAuditTrail(connection).page(limit=limit, contains=contains)
    data = [{"number": stored.number, "sealed": stored.sealed, **stored.event.as_json()} for stored in page]
    lines = (
        f"{s.number:>8} {s.event.at:%F %T} {s.event.outcome:<8} {s.event.action:<28} {s.event.actor} → {s.event.target}"
        for s in page
    )
    emit(data, as_json, "\n".join(lines))


@command.command()
@json_option
@pass_services
def verify(services: Services, as_json: bool) -> None:
    """Recompute the chain; exit 1 if an event was changed, removed or reordered."""
    report = audit.check_chain(services.engine)
    intact = report.broken_at is None
    data = {"intact": intact, "length": report.length, "broken_at": report.broken_at, "head": report.head.hex()}
    emit(data, as_json, f"{report.length} events, head {report.head.hex()}" if intact else f"broken at event {report.broken_at}")
    if not intact:
        raise SystemExit(EXIT_NO)
