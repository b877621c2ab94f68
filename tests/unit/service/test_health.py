"""Readiness: red for what keeps this node from answering truthfully, named; others' troubles are warnings with a countdown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crosscert.records import Delivery, Peer, ProbeResult
from kernel.clock import FixedClock, SystemClock
from kernel.errors import Misuse
from pki.errors import KEY_MISSING
from pki.roles import get_credential
from service.config import load_config
from service.health import Finding, countdown, readiness
from service.wiring import Services
from tests.support.pki import CITY

NOW = SystemClock().now()


@pytest.fixture
def services(config: Path, clock: FixedClock) -> Iterator[Services]:
    with Services(load_config(config)) as opened:
        clock.moment = NOW + timedelta(minutes=1)
        opened.clock = clock  # type: ignore[assignment]  # the one thing here that is not the real one
        yield opened


def failing(services: Services) -> dict[str, Finding]:
    return {finding.check: finding for finding in readiness(services) if not finding.ok}


def test_a_new_node_is_ready_with_nothing_to_warn_of(services: Services) -> None:
    findings = readiness(services)
    assert failing(services) == {}
    assert [finding.warnings for finding in findings if finding.warnings] == []
    assert {finding.check for finding in findings} == {
        "database",
        "anchor",
        "keys",
        "revocation_lists",
        "issuing",
        "expiry",
        "peers",
        "directories",
    }


def test_locked_keys_are_red(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(label: str) -> None:
        raise Misuse(KEY_MISSING, label=label)

    monkeypatch.setattr(services.keys, "get", locked)
    assert "keys" in failing(services)


def test_without_an_anchor_nothing_is_up(services: Services) -> None:
    with services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE pki_roles SET role = 'gone' WHERE role = 'principal'")
    try:
        assert "anchor" in failing(services)
    finally:
        with services.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE pki_roles SET role = 'principal' WHERE role = 'gone'")


def test_what_ends_within_a_month_is_red_by_name_and_what_renews_itself_once_that_is_overdue(
    services: Services, clock: FixedClock
) -> None:
    ends = get_credential(services.pki, "ocsp").record.not_after
    clock.moment = ends - timedelta(days=30)
    assert "expiry" not in failing(services), "the worker renews it within the hour"
    clock.moment = ends - timedelta(days=29) + timedelta(seconds=1)
    assert "证书状态查询" in failing(services)["expiry"].detail
    assert "签发CA" not in failing(services)["expiry"].detail
    clock.moment = get_credential(services.pki, "issuing").record.not_after - timedelta(days=30) + timedelta(seconds=1)
    assert "签发CA" in failing(services)["expiry"].detail
    clock.moment = get_credential(services.pki, "principal").record.not_after - timedelta(days=29)
    assert "anchor" in failing(services)


def test_peers_in_trouble_are_warned_of_with_a_countdown_and_never_red(services: Services, clock: FixedClock) -> None:
    now = clock.moment
    with services.crosscert.work.begin() as work:
        records = work.records
        records.put_peer(Peer(CITY, "agreed", None, None))
        records.note_heard(CITY.code, at=now)
        records.note_failed(CITY.code, at=now, error="peer_unreachable", text="down", next_try_at=now)
        records.put_delivery(Delivery(CITY.code, "principal", 0, None, now, 3, now, "peer_unreachable", "down"))
        records.put_probe(ProbeResult(CITY.code, "ocsp", ok=False, detail="GOOD", at=now, since=now))
    budget = services.policies.certificates.federation.budget_seconds
    clock.advance(timedelta(seconds=100))
    peers = next(finding for finding in readiness(services) if finding.check == "peers")
    assert peers.ok
    assert len(peers.warnings) == 3
    assert f"({budget - 100} s left)" in peers.warnings[0]
    assert countdown(services) == {CITY.code: budget - 100}
    clock.advance(timedelta(days=2))
    assert countdown(services) == {CITY.code: 0}
