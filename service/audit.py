"""Where the audit trail is kept: a row in the same transaction as the change, sealed into a hash chain soon afterwards.

Chaining inside the transaction would make every writer of the node wait for every other. So rows commit unsealed, and
:func:`seal` (the worker, every few seconds) chains what has committed, in the order of its numbers. What lies between a commit
and its sealing is the window in which the database alone vouches for a row.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kernel.audit import GENESIS, AuditEvent, Condition, chain
from kernel.canonical import canonical
from kernel.clock import from_micros, to_micros
from pki.storage.prepared import Named, Prepared, Provided
from service.engine import reading

metadata = sa.MetaData()

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER PRIMARY KEY counts up by itself on SQLite

_SYSTEMS = ("client:", "grant:")
"""Actors and targets of which there is an event for every token, and whose events nobody asks for: they are left out of the indexes."""


def _indexed(column: str) -> sa.TextClause:
    return sa.text(" AND ".join(f"substr({column}, 1, {len(kind)}) <> '{kind}'" for kind in _SYSTEMS))


events = sa.Table(
    "service_audit_events",
    metadata,
    sa.Column("number", _BIG, primary_key=True, autoincrement=True, info={"sensitivity": "internal"}),
    sa.Column("at", sa.BigInteger, nullable=False, info={"sensitivity": "internal"}),
    sa.Column("actor", sa.String(200), nullable=False, info={"sensitivity": "internal"}),
    sa.Column("action", sa.String(100), nullable=False, info={"sensitivity": "internal"}),
    sa.Column("target", sa.String(400), nullable=False, info={"sensitivity": "internal"}),
    sa.Column("outcome", sa.String(10), nullable=False, info={"sensitivity": "internal"}),
    sa.Column("details", sa.Text, nullable=False, info={"sensitivity": "internal"}),
    sa.Index("ix_service_audit_events_at", "at", "action", "outcome"),  # with all that is counted by the hour
    *(  # in the order in which they are read
        sa.Index(f"ix_service_audit_events_{name}", name, "number", sqlite_where=_indexed(name), postgresql_where=_indexed(name))
        for name in ("actor", "target")
    ),
)
links = sa.Table(
    "service_audit_links",
    metadata,
    sa.Column("position", _BIG, primary_key=True, autoincrement=False, info={"sensitivity": "public"}),
    sa.Column("event", sa.BigInteger, nullable=False, unique=True, info={"sensitivity": "internal"}),
    sa.Column("hash", sa.LargeBinary(32), nullable=False, info={"sensitivity": "public"}),
)
_HOUR = 3_600_000_000
_LATE = 100_000
"""So many events may commit while one is on its way."""
TOLD = ("at", "actor", "action", "target", "outcome", "details")
_GIVEN = tuple(sa.bindparam(name, type_=events.c[name].type) for name in TOLD)
_RECORD = Prepared(lambda insert: insert(events).values({name: sa.bindparam(name) for name in TOLD}))


@functools.cache
def _recording_if(clause: sa.ColumnElement[bool]) -> Prepared:
    told = sa.select(*_GIVEN).where(clause)
    return Prepared(lambda insert: insert(events).from_select(TOLD, told))


@functools.cache
def _recording_about(target: sa.Select[tuple[str]]) -> Prepared:
    (found,) = target.subquery().c
    told = sa.select(*(found if each.key == "target" else each for each in _GIVEN))
    return Prepared(lambda insert: insert(events).from_select(TOLD, told))


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event of the trail with its number and, once sealed, its link."""

    number: int
    event: AuditEvent
    sealed: bool


class SqlAuditTrail:
    """The trail on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def record(self, event: AuditEvent) -> None:
        """Append ``event`` to the current transaction."""
        _RECORD.put_off(self._connection, _row(event))

    def record_if(self, event: AuditEvent, condition: Condition) -> Callable[[], bool]:
        """Append ``event`` to the current transaction if a condition of a room's holds; return what tells afterwards whether it did."""
        if not isinstance(condition, Provided):
            raise TypeError(condition)
        recorded = _recording_if(condition.clause).put_off(self._connection, {**_row(event), **condition.values})
        return lambda: recorded.rowcount > 0

    def record_about(self, event: AuditEvent, target: Condition) -> Callable[[], bool]:
        """Append ``event`` to the current transaction if a room's records name its target; return what tells afterwards whether they did."""
        if not isinstance(target, Named):
            raise TypeError(target)
        recorded = _recording_about(target.text).put_off(self._connection, {**_row(event), **target.values})
        return lambda: recorded.rowcount > 0

    def record_all(self, recorded: Sequence[AuditEvent]) -> None:
        """Append events to the current transaction, in their order."""
        self._connection.execute(events.insert(), [_row(event) for event in recorded])

    def page(
        self, *, before: int | None = None, limit: int = 50, contains: str | None = None, down_to: int | None = None
    ) -> Sequence[StoredEvent]:
        """Return up to ``limit`` events, newest first, numbered below ``before``, whose actor, action or target has ``contains``.

        No text can be looked up within others, so each event is looked at; ``down_to`` is the last one that is.
        """
        query = (
            sa.select(events, links.c.position)
            .select_from(events.outerjoin(links, links.c.event == events.c.number))
            .order_by(events.c.number.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(events.c.number < before)
        if down_to is not None:
            query = query.where(events.c.number >= down_to)
        if contains:
            columns = (events.c.actor, events.c.action, events.c.target)
            query = query.where(sa.or_(*(column.contains(contains, autoescape=True) for column in columns)))
        rows = self._connection.execute(query).mappings()
        return [StoredEvent(row["number"], _event(row), row["position"] is not None) for row in rows]

    def find_end(self, *, before: int | None, of: int) -> int | None:
        """Return the number of the last of so many events below ``before``, newest first; None where there are no more than these."""
        query = sa.select(events.c.number).order_by(events.c.number.desc()).offset(of - 1).limit(2)
        if before is not None:
            query = query.where(events.c.number < before)
        found = self._connection.execute(query).scalars().all()
        return found[0] if len(found) > 1 else None

    def about(self, targets: Collection[str], actions: Collection[str], *, limit: int) -> Sequence[AuditEvent]:
        """Return the latest events of these actions about any of ``targets``, the newest first."""
        rows = self._connection.execute(_latest(targets, None, actions, before=None, limit=limit)).mappings()
        return [_event(row) for row in rows]

    def last(self, action: str, *, since: datetime) -> AuditEvent | None:
        """Return the latest event of an action after ``since``."""
        query = sa.select(events).where(events.c.at > to_micros(since), events.c.action == action)
        row = self._connection.execute(query.order_by(events.c.at.desc()).limit(1)).mappings().first()
        return None if row is None else _event(row)

    def waits_since(self) -> datetime | None:
        """Return when the first event happened that came after all that are chained; None where there is none."""
        chained = sa.select(sa.func.coalesce(sa.func.max(links.c.event), 0)).scalar_subquery()
        at = self._connection.execute(
            sa.select(events.c.at).where(events.c.number > chained).order_by(events.c.number).limit(1)
        ).scalar()
        return None if at is None else from_micros(at)

    def per_hour(self, actions: Collection[str], *, since: datetime, hours: int) -> Mapping[str, Sequence[int]]:
        """Return how often each of ``actions`` came off well in each of the ``hours`` after ``since``, the earliest first."""
        begin = to_micros(since)
        hour = ((events.c.at - begin) // _HOUR).label("hour")
        query = (
            sa.select(events.c.action, hour, sa.func.count().label("times"))
            .where(
                events.c.at >= begin, events.c.at < begin + hours * _HOUR, events.c.action.in_(actions), events.c.outcome == "ok"
            )
            .group_by(events.c.action, hour)
        )
        counted = {action: [0] * hours for action in actions}
        for action, at, times in self._connection.execute(query):
            counted[action][at] = times
        return counted


def _latest(
    targets: Collection[str], actor: str | None, actions: Collection[str], *, before: int | None, limit: int
) -> sa.Select[Any]:
    """Return the query for the latest events of these actions about any of ``targets`` or by ``actor``, numbered below ``before``.

    The latest of each are read by its index. Asked for all of them at once, PostgreSQL looks for them from the end of the whole trail on.
    """
    concerned = [_is(events.c.target, target) for target in targets]
    concerned += [_is(events.c.actor, actor)] if actor is not None else []
    kept = [events.c.action.in_(actions), *([] if before is None else [events.c.number < before])]
    newest = events.c.number.desc()
    each = [sa.select(events).where(one, *kept).order_by(newest).limit(limit).subquery() for one in concerned]
    found = sa.union(*(sa.select(one) for one in each)).subquery()  # once, what is by somebody and about them
    return sa.select(found).order_by(found.c.number.desc()).limit(limit)


def _is(column: sa.Column[str], value: str) -> sa.ColumnElement[bool]:
    equal = column == value
    return equal if value.startswith(_SYSTEMS) else sa.and_(equal, _indexed(column.name))


class AuditJournal:
    """The trail as the identity room's ``Journal``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._reading = reading(engine)

    def about(
        self, targets: Sequence[str], *, actor: str, actions: Sequence[str], before: int | None, limit: int
    ) -> Sequence[tuple[int, AuditEvent]]:
        """Return events of these actions that are about a target or by an actor, newest first, numbered below ``before``."""
        query = _latest(targets, actor, actions, before=before, limit=limit)
        with self._reading.begin() as connection:
            return [(row["number"], _event(row)) for row in connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What checking the chain found: how many events are linked, and the number of the first that does not fit (None: all fit)."""

    length: int
    broken_at: int | None
    head: bytes


def seal(engine: sa.Engine, *, older_than: datetime, limit: int = 5000, whole: bool = False) -> int:
    """Chain up to ``limit`` committed events recorded before ``older_than``; return how many. Safe to run twice at once.

    A number is taken before its transaction commits, so a smaller number may still be on its way: events are only sealed after
    ``older_than``, which the worker sets longer ago than any transaction lives. One that comes later still is chained then, out
    of order: the chain's order is its own.

    Looked for is only from a while before the last event that is chained: in a trail of many millions, not all of it can be looked at each
    minute. ``whole`` looks everywhere, for what came later still, or by a clock that was ahead.
    """
    with engine.begin() as connection:
        # One at a time: whoever looks everywhere takes so long that another would always have gone on with the chain meanwhile.
        connection.execute(sa.select(links.c.position).where(links.c.position == 1).with_for_update())
        last = connection.execute(sa.select(links).order_by(links.c.position.desc()).limit(1)).mappings().first()
        position, head = (last["position"], last["hash"]) if last else (0, GENESIS)
        newest = None if whole else connection.execute(sa.select(sa.func.max(links.c.event))).scalar()
        unsealed = (
            sa.select(events)
            .select_from(events.outerjoin(links, links.c.event == events.c.number))
            .where(events.c.number > (newest or 0) - _LATE, links.c.event.is_(None), events.c.at < to_micros(older_than))
            .order_by(events.c.number)
            .limit(limit)
        )
        rows = []
        for row in connection.execute(unsealed).mappings():
            position += 1
            head = chain(head, _event(row))
            rows.append({"position": position, "event": row["number"], "hash": head})
        if rows:
            connection.execute(links.insert(), rows)
        return len(rows)


def check_chain(engine: sa.Engine) -> ChainReport:
    """Recompute the chain from its start and report the first event that was changed, removed or reordered."""
    query = (
        sa.select(links.c.position, links.c.hash, links.c.event, events)
        .select_from(links.outerjoin(events, links.c.event == events.c.number))
        .order_by(links.c.position)
    )
    head, length = GENESIS, 0
    with engine.connect() as connection, connection.execution_options(yield_per=1000).execute(query) as result:
        for row in result.mappings():
            length += 1
            gone = row["number"] is None or row["position"] != length
            if gone or chain(head, _event(row)) != bytes(row["hash"]):
                return ChainReport(length, int(row["event"]), head)
            head = bytes(row["hash"])
    return ChainReport(length, None, head)


def details_of(event: AuditEvent) -> str:
    """Return an event's details as they are stored."""
    return canonical(dict(event.details)).decode() if event.details else "{}"


def _row(event: AuditEvent) -> dict[str, Any]:
    return {
        "at": to_micros(event.at),
        "actor": event.actor,
        "action": event.action,
        "target": event.target,
        "outcome": event.outcome,
        "details": details_of(event),
    }


def _event(row: Mapping[str, Any] | sa.RowMapping) -> AuditEvent:
    return AuditEvent(
        from_micros(row["at"]), row["actor"], row["action"], row["target"], row["outcome"], json.loads(row["details"])
    )
