"""Batches and their chunks in SQL. A chunk is claimed by one conditional statement and ended by another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kernel.canonical import canonical
from kernel.clock import from_micros, to_micros
from licenses.bulk_records import Batch, BatchState, Chunk, Progress
from licenses.storage.shelves import OnConnection
from licenses.storage.tables import batches, chunks

_CONTEXT = "licenses.batch"
_TRIES = 16
_MOVING = ("rows", "chunks", "state", "decided_by")


class SqlBatches(OnConnection):
    """``licenses.bulk_records.BatchRecords``."""

    def add_batch(self, batch: Batch) -> None:
        """Store a batch."""
        departments = None if batch.departments is None else canonical(list(batch.departments)).decode()
        values = {name: getattr(batch, name) for name in ("id", "name", "asked_by", "asked_person", *_MOVING)}
        self._connection.execute(batches.insert(), values | {"asked_at": to_micros(batch.asked_at), "departments": departments})

    def move_batch(self, batch: Batch, before: BatchState) -> bool:
        """Record how large a batch is, its state and who decided; False when its state is not ``before`` any more."""
        values = {name: getattr(batch, name) for name in _MOVING}
        values["decided_at"] = None if batch.decided_at is None else to_micros(batch.decided_at)
        statement = batches.update().where(batches.c.id == batch.id, batches.c.state == before).values(values)
        return self._connection.execute(statement).rowcount == 1

    def drop_chunks(self, batch_id: str) -> None:
        """Remove the rows of a batch."""
        self._connection.execute(chunks.delete().where(chunks.c.batch_id == batch_id))

    def left_over(self, *, arriving_since: datetime, waiting_since: datetime) -> Sequence[Batch]:
        """Return the batches that came to nothing: still arriving, or waiting, since before these moments."""
        since = {"arriving": arriving_since, "waiting": waiting_since}
        over = (sa.and_(batches.c.state == state, batches.c.asked_at < to_micros(at)) for state, at in since.items())
        return [_batch(row) for row in self._connection.execute(sa.select(batches).where(sa.or_(*over)))]

    def add_chunk(self, chunk: Chunk) -> None:
        """Store rows that wait."""
        content = self._vault.encrypt_bytes(chunk.content, _CONTEXT)
        values = {"batch_id": chunk.batch_id, "place": chunk.place, "content": content, "issued": 0, "already": 0, "refused": 0}
        self._connection.execute(chunks.insert(), values)

    def find_batch(self, batch_id: str) -> Batch | None:
        """Return the batch with this id."""
        row = self._connection.execute(sa.select(batches).where(batches.c.id == batch_id)).first()
        return None if row is None else _batch(row)

    def batches(self, *, departments: Sequence[str] | None, state: BatchState | None = None, limit: int) -> Sequence[Batch]:
        """Return batches that have arrived, the newest first; where ``departments`` are given, those that were handed in for no others."""
        shown = batches.c.state != "arriving" if state is None else batches.c.state == state
        query = sa.select(batches).where(shown).order_by(batches.c.asked_at.desc(), batches.c.id)
        if departments is not None:
            query = query.where(batches.c.departments == canonical(list(departments)).decode())
        return [_batch(row) for row in self._connection.execute(query.limit(limit))]

    def claim_chunk(self, batch_id: str, *, now: datetime, until: datetime) -> Chunk | None:
        """Take rows that wait, or whose time with another worker is over; None when there are none now."""
        free = sa.and_(
            chunks.c.batch_id == batch_id,
            chunks.c.done_at.is_(None),
            sa.or_(chunks.c.taken_until.is_(None), chunks.c.taken_until <= to_micros(now)),
        )
        first = sa.select(chunks.c.place, chunks.c.content).where(free).order_by(chunks.c.place).limit(1)
        for _ in range(_TRIES):
            row = self._connection.execute(first.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            taken = chunks.update().where(free, chunks.c.place == row.place).values(taken_until=to_micros(until))
            if self._connection.execute(taken).rowcount == 1:
                return Chunk(batch_id, row.place, self._vault.decrypt_bytes(bytes(row.content), _CONTEXT))
        return None

    def end_chunk(self, chunk: Chunk, progress: Progress, at: datetime) -> bool:
        """Store what became of the rows; False when another worker did."""
        here = (chunks.c.batch_id == chunk.batch_id, chunks.c.place == chunk.place, chunks.c.done_at.is_(None))
        values = {name: getattr(progress, name) for name in ("issued", "already", "refused")}
        content = self._vault.encrypt_bytes(chunk.content, _CONTEXT)
        statement = chunks.update().where(*here).values(done_at=to_micros(at), content=content, **values)
        return self._connection.execute(statement).rowcount == 1

    def progress(self, batch_id: str) -> Progress:
        """Return how far a batch is."""
        done = (sa.func.coalesce(sa.func.sum(chunks.c[name]), 0) for name in ("issued", "already", "refused"))
        query = sa.select(sa.func.count(chunks.c.done_at), *done).where(chunks.c.batch_id == batch_id)
        return Progress(*(int(value) for value in self._connection.execute(query).one()))

    def unfinished(self) -> Sequence[str]:
        """Return the ids of the released batches that have rows left, the oldest first."""
        left = sa.exists().where(chunks.c.batch_id == batches.c.id, chunks.c.done_at.is_(None))
        return list(
            self._connection.execute(
                sa.select(batches.c.id).where(batches.c.state == "released", left).order_by(batches.c.asked_at)
            ).scalars()
        )

    def chunks(self, batch_id: str, *, done: bool, after: int, limit: int, refused: bool = False) -> Sequence[Chunk]:
        """Return chunks that are done, or that are not, in order, from after place ``after``; ``refused``: those with a row that was."""
        state = chunks.c.done_at.is_not(None) if done else chunks.c.done_at.is_(None)
        query = sa.select(chunks).where(chunks.c.batch_id == batch_id, chunks.c.place > after, state)
        if refused:  # what is not shown need not be decrypted
            query = query.where(chunks.c.refused > 0)
        rows = self._connection.execute(query.order_by(chunks.c.place).limit(limit))
        return [Chunk(batch_id, row.place, self._vault.decrypt_bytes(bytes(row.content), _CONTEXT)) for row in rows]


def _batch(row: Any) -> Batch:
    departments = None if row.departments is None else tuple(json.loads(row.departments))
    plain = {name: getattr(row, name) for name in ("id", "name", "asked_by", "asked_person", *_MOVING)}
    decided_at = None if row.decided_at is None else from_micros(row.decided_at)
    return Batch(**plain, asked_at=from_micros(row.asked_at), departments=departments, decided_at=decided_at)
