"""Mandates in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from idp.records import Mandate
from idp.storage.connection import OnConnection, as_json, micros, moment, texts
from idp.storage.prepared import Prepared, Row
from idp.storage.tables import mandates
from kernel.clock import from_micros, to_micros

_KEY: sa.BindParameter[str] = sa.bindparam("key")
_ORDER = (mandates.c.created_at, mandates.c.id)
_OF_AGENT = Prepared(sa.select(mandates).where(mandates.c.agent_id == _KEY).order_by(*_ORDER))
_MANDATE = Prepared(sa.select(mandates).where(mandates.c.id == _KEY))
_MOMENTS = ("valid_from", "valid_until", "created_at", "revoked_at")


class SqlMandates(OnConnection):
    """``MandateRecords`` on one connection."""

    def add_mandate(self, mandate: Mandate) -> None:
        """Store a mandate."""
        values = asdict(mandate) | {"departments": as_json(mandate.departments), "powers": as_json(mandate.powers)}
        self._connection.execute(mandates.insert(), values | {name: micros(values[name]) for name in _MOMENTS})

    def find_mandate(self, mandate_id: str) -> Mandate | None:
        """Return a mandate, in force or not."""
        row = self._find(_MANDATE, key=mandate_id)
        return None if row is None else _read(row)

    def mandates(self, *, organization_id: str | None = None, agent_id: str | None = None) -> Sequence[Mandate]:
        """Return mandates, of one organisation or agent where named, oldest first."""
        if organization_id is None and agent_id is not None:  # asked at every login
            return [_read(row) for row in self._find_all(_OF_AGENT, key=agent_id)]
        query = sa.select(mandates).order_by(*_ORDER)
        if organization_id is not None:
            query = query.where(mandates.c.organization_id == organization_id)
        if agent_id is not None:
            query = query.where(mandates.c.agent_id == agent_id)
        return [_read(row) for row in self._all(query)]

    def revoke_mandate(self, mandate_id: str, at: datetime) -> bool:
        """Revoke a mandate; False when there is none to revoke."""
        standing = (mandates.c.id == mandate_id, mandates.c.revoked_at.is_(None))
        return self._change(mandates.update().where(*standing).values(revoked_at=to_micros(at)))


def _read(row: Row | sa.RowMapping) -> Mandate:
    return Mandate(
        id=row["id"],
        organization_id=row["organization_id"],
        agent_id=row["agent_id"],
        departments=texts(row["departments"]),
        powers=texts(row["powers"]),
        valid_from=from_micros(row["valid_from"]),
        valid_until=from_micros(row["valid_until"]),
        created_at=from_micros(row["created_at"]),
        document=bytes(row["document"]),
        revoked_at=moment(row["revoked_at"]),
    )
