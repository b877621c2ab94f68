"""The last 24 hours as bars: every event in its hour, none that did not come off, none from before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from admin_ui.charts import ACTIONS, HOURS, draw_charts
from kernel.audit import AuditEvent
from service import audit
from service.adapters import AuditReader
from tests.support.databases import create_all

NOW = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)


def record(engine: sa.Engine, action: str, *ago: timedelta, outcome: str = "ok") -> None:
    with engine.begin() as connection:
        trail = audit.SqlAuditTrail(connection)
        for each in ago:
            trail.record(AuditEvent(NOW - each, "system", action, "x:1", outcome))  # type: ignore[arg-type]


def test_each_event_stands_in_its_hour(engine: sa.Engine) -> None:
    create_all(engine, audit.metadata)
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    record(
        engine, "idp.login", 0 * minute, 39 * minute, 40 * minute, 41 * minute, 23 * hour + 40 * minute, 23 * hour + 41 * minute
    )
    record(engine, "idp.login", minute, outcome="refused")
    record(engine, "licenses.verify", *[2 * hour] * 100, minute)
    logins, suspicious, verifications, issued = draw_charts(AuditReader(engine), NOW)
    assert [chart.action for chart in (logins, suspicious, verifications, issued)] == list(ACTIONS)
    assert (logins.total, len(logins.bars)) == (5, HOURS)
    assert logins.bars[-2:] == [14, 40]
    assert logins.bars[0] == 14
    assert verifications.bars[-1] == 1  # little beside much is still seen
    assert set(issued.bars) == set(suspicious.bars) == {0}
