"""``chaoxin doctor``: say what is wrong with the node, if anything."""

from __future__ import annotations

import click

from crosscert import agreements
from service import schema
from service.cli.options import EXIT_NO, emit, json_option, pass_services
from service.health import Finding, archive_finding, jobs_finding, log_finding, readiness
from service.wiring import Services


@click.command()
@json_option
@pass_services
def command(services: Services, as_json: bool) -> None:
    """Look at configuration, database, keys, CAs, revocation lists, what ends soon and the other nodes; exit 1 if anything is wrong."""
    schema.check_current(services.engine)
    findings = [
        *readiness(services),
        _reviews(services),
        log_finding(services),
        archive_finding(services),
        jobs_finding(services),
    ]
    ok = all(finding.ok for finding in findings)
    checks = [{"check": f.check, "ok": f.ok, "detail": f.detail, "warnings": list(f.warnings)} for f in findings]
    emit({"ok": ok, "checks": checks}, as_json, lambda: "\n".join(line for finding in findings for line in _lines(finding)))
    if not ok:
        raise SystemExit(EXIT_NO)


def _reviews(services: Services) -> Finding:
    """Tell of revocations of cross-certificates that no second admin has looked over in time."""
    overdue = agreements.overdue_reviews(services.crosscert)
    return Finding("reviews", not overdue, ", ".join(f"{each.identifier} ({each.peer.code})" for each in overdue) or "ok")


def _lines(finding: Finding) -> list[str]:
    return [
        f"{'✓' if finding.ok else '✗'} {finding.check}: {finding.detail}",
        *(f"  ! {warning}" for warning in finding.warnings),
    ]
