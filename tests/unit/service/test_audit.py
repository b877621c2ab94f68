"""The audit trail: committed with its change, chained afterwards, and telling when somebody rewrote it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kernel.audit import AuditEvent
from kernel.clock import to_micros
from pki.storage.prepared import Named, Provided
from service import audit
from service.unit_of_work import SqlUnitOfWork
from tests.support.databases import create_all, first_step_on_sqlite

MOMENT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def an_event(number: int) -> AuditEvent:
    return AuditEvent(MOMENT + timedelta(seconds=number), "operator:root", "test.act", f"thing:{number}", details={"n": number})


@pytest.fixture
def trail(engine: sa.Engine) -> sa.Engine:
    create_all(engine, audit.metadata)
    with engine.begin() as connection:
        for number in range(5):
            audit.SqlAuditTrail(connection).record(an_event(number))
    return engine


def test_an_event_is_gone_when_its_transaction_rolls_back(engine: sa.Engine) -> None:
    create_all(engine, audit.metadata)
    work = SqlUnitOfWork(engine, lambda connection: connection)

    def record_and_fail() -> None:
        with work.begin() as opened:
            opened.audit.record(an_event(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_fail()
    with work.read() as opened:
        assert opened.audit.page() == []


def test_events_come_back_newest_first_as_they_were_recorded(trail: sa.Engine) -> None:
    with trail.connect() as connection:
        page = audit.SqlAuditTrail(connection).page(limit=2)
        older = audit.SqlAuditTrail(connection).page(before=page[-1].number, contains="thing:1")
    assert [stored.event for stored in page] == [an_event(4), an_event(3)]
    assert [stored.event for stored in older] == [an_event(1)]


def test_a_word_is_looked_for_in_a_part_of_the_trail_after_the_other(trail: sa.Engine) -> None:
    with trail.connect() as connection:
        stored = audit.SqlAuditTrail(connection)
        newest = [each.number for each in stored.page()]
        end = stored.find_end(before=None, of=2)
        assert end == newest[1]
        assert [each.event for each in stored.page(contains="thing:1", down_to=end)] == []
        further = stored.find_end(before=end, of=2)
        assert further == newest[3]
        assert [each.event for each in stored.page(before=end, contains="thing:1", down_to=further)] == [an_event(1)]
        assert stored.find_end(before=further, of=2) is None, "the rest is no more than a part"
        assert stored.find_end(before=None, of=len(newest)) is None


def test_what_somebody_did_and_what_was_done_to_them_comes_back_once_and_newest_first(trail: sa.Engine) -> None:
    own = AuditEvent(MOMENT, "thing:2", "test.act", "thing:2")
    other = AuditEvent(MOMENT, "thing:2", "test.other", "thing:9")
    with trail.begin() as connection:
        audit.SqlAuditTrail(connection).record_all([own, other])

    def told(targets: list[str], **more: Any) -> list[AuditEvent]:
        asked = {"actor": "thing:2", "actions": ["test.act"], "before": None, "limit": 9, **more}
        return [event for _, event in audit.AuditJournal(trail).about(targets, **asked)]

    assert told(["thing:2", "thing:4"]) == [own, an_event(4), an_event(2)]
    assert told(["thing:2", "thing:4"], limit=2) == [own, an_event(4)]
    assert told([], actions=["test.act", "test.other"]) == [other, own]
    newest = audit.AuditJournal(trail).about(["thing:2"], actor="thing:2", actions=["test.act"], before=None, limit=1)
    assert told(["thing:2"], before=newest[0][0]) == [an_event(2)]


def test_what_systems_do_for_each_token_is_in_no_index_and_found_all_the_same(trail: sa.Engine, tmp_path: Path) -> None:
    refreshed = AuditEvent(MOMENT, "client:scjg", "test.act", "grant:1")
    with trail.begin() as connection:
        audit.SqlAuditTrail(connection).record(refreshed)
    for target in ("grant:1", "client:scjg"):
        found = audit.AuditJournal(trail).about([target], actor="client:scjg", actions=["test.act"], before=None, limit=9)
        assert [event for _, event in found] == [refreshed]

    def first_step(target: str) -> str:
        return first_step_on_sqlite(
            tmp_path, audit.metadata, lambda connection: audit.SqlAuditTrail(connection).about([target], ["test.act"], limit=9)
        )

    assert "ix_service_audit_events_target (target=?)" in first_step("account:sub.zhang")
    assert "ix_service_audit_events_target" not in first_step("grant:1")


def test_sealing_chains_only_what_is_old_enough_and_only_once(trail: sa.Engine) -> None:
    assert audit.seal(trail, older_than=MOMENT + timedelta(seconds=3)) == 3
    assert audit.seal(trail, older_than=MOMENT + timedelta(seconds=3)) == 0
    assert audit.seal(trail, older_than=MOMENT + timedelta(seconds=60)) == 2
    report = audit.check_chain(trail)
    assert (report.length, report.broken_at) == (5, None)


def test_what_comes_very_late_is_not_looked_for_each_time_but_by_whoever_looks_everywhere(
    trail: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = MOMENT + timedelta(days=1)
    with trail.begin() as connection:
        connection.execute(audit.events.update().where(audit.events.c.number == 1).values(at=to_micros(late)))
    soon, afterwards = late - timedelta(hours=1), late + timedelta(hours=1)
    assert audit.seal(trail, older_than=soon) == 4
    monkeypatch.setattr(audit, "_LATE", 3)
    assert audit.seal(trail, older_than=afterwards) == 0
    assert audit.seal(trail, older_than=afterwards, whole=True) == 1
    assert audit.check_chain(trail).length == 5


def test_several_who_chain_at_once_go_on_after_one_another(trail: sa.Engine) -> None:
    late = MOMENT + timedelta(days=1)
    with trail.begin() as connection:
        audit.SqlAuditTrail(connection).record_all([an_event(number) for number in range(5, 40)])
    assert audit.seal(trail, older_than=late, limit=1) == 1

    def chain(_number: int) -> int:
        return sum(iter(lambda: audit.seal(trail, older_than=late, limit=2, whole=True), 0))

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(chain, range(4))) == 39
    report = audit.check_chain(trail)
    assert (report.length, report.broken_at) == (40, None)


@pytest.mark.parametrize(
    "rewrite",
    [
        audit.events.update().where(audit.events.c.number == 3).values(actor="operator:nobody"),
        audit.events.update().where(audit.events.c.number == 3).values(details="{}"),
        audit.events.delete().where(audit.events.c.number == 3),
        audit.links.delete().where(audit.links.c.event == 3),
        audit.links.update().where(audit.links.c.event == 3).values(hash=bytes(32)),
    ],
    ids=["actor", "details", "event removed", "link removed", "hash replaced"],
)
def test_a_rewritten_event_is_found(trail: sa.Engine, rewrite: sa.UpdateBase) -> None:
    audit.seal(trail, older_than=MOMENT + timedelta(seconds=60))
    with trail.begin() as connection:
        connection.execute(rewrite)
    assert audit.check_chain(trail).broken_at in {3, 4}  # with a link removed, the next one does not follow


def test_an_event_that_depends_is_recorded_where_what_it_depends_on_holds(trail: sa.Engine) -> None:
    work = SqlUnitOfWork(trail, lambda connection: connection)
    clause = sa.exists().where(audit.events.c.target == sa.bindparam("wanted"))
    found = []
    for wanted in ("thing:2", "thing:9"):
        with work.note() as opened:
            holds = opened.audit.record_if(an_event(7), Provided(clause, {"wanted": wanted}))
        found.append(holds())
    assert found == [True, False]
    with work.read() as opened:
        assert [stored.event for stored in opened.audit.page(contains="thing:7")] == [an_event(7)]


def test_an_event_is_recorded_about_what_records_name_if_they_name_anything(trail: sa.Engine) -> None:
    work = SqlUnitOfWork(trail, lambda connection: connection)
    named = sa.select("named " + audit.events.c.target).where(audit.events.c.target == sa.bindparam("wanted"))
    found = []
    for wanted in ("thing:2", "thing:9"):
        with work.begin() as opened:
            is_named = opened.audit.record_about(an_event(7), Named(named, {"wanted": wanted}))
        found.append(is_named())
    assert found == [True, False]
    with work.read() as opened:
        assert [one.event for one in opened.audit.page(contains="named ")] == [replace(an_event(7), target="named thing:2")]
