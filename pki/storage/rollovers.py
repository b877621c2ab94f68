"""Decisions to put a new CA in the place of another. Left to others: carrying them out (``rollover``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from kernel.clock import from_micros, to_micros
from pki.records import CaName, CaRole, Rollover
from pki.storage.parts import SqlPart, moment
from pki.storage.tables import rollover_approvals, rollovers


class SqlRollovers(SqlPart):
    """Rollovers; the meaning of each method is told in :mod:`pki.ports`."""

    def add_rollover(self, rollover: Rollover) -> bool:
        """Store a request; False when there is one for the same new CA."""
        values = {
            "ca": rollover.ca,
            "role": rollover.role,
            "replaces": rollover.replaces,
            "requested_by": rollover.requested_by,
            "requested_at": to_micros(rollover.requested_at),
        }
        return self._insert_once(rollovers, values)

    def rollovers(self, role: CaRole) -> Sequence[Rollover]:
        """Return the rollovers of a role with their approvals, the newest first."""
        rows = self._connection.execute(
            sa.select(rollovers).where(rollovers.c.role == role).order_by(rollovers.c.requested_at.desc())
        ).all()
        given = self._connection.execute(
            sa.select(rollover_approvals.c.ca, rollover_approvals.c.approver).order_by(rollover_approvals.c.at)
        ).all()
        return [
            Rollover(
                row.ca,
                row.role,
                row.replaces,
                row.requested_by,
                from_micros(row.requested_at),
                tuple(approval.approver for approval in given if approval.ca == row.ca),
                moment(row.done_at),
            )
            for row in rows
        ]

    def hold_rollover(self, ca: CaName) -> Sequence[str] | None:
        """Return who approved a rollover, None when nobody asked for it; whoever else asks waits until this transaction ends."""
        if self._connection.execute(sa.select(rollovers.c.ca).where(rollovers.c.ca == ca).with_for_update()).first() is None:
            return None
        given = sa.select(rollover_approvals.c.approver).where(rollover_approvals.c.ca == ca)
        return self._connection.execute(given).scalars().all()

    def drop_rollover(self, ca: CaName) -> bool:
        """Forget a rollover and its approvals; False when the new CA serves already."""
        unfinished = sa.exists().where(rollovers.c.ca == ca, rollovers.c.done_at.is_(None))
        self._connection.execute(rollover_approvals.delete().where(rollover_approvals.c.ca == ca, unfinished))
        dropped = rollovers.delete().where(rollovers.c.ca == ca, rollovers.c.done_at.is_(None))
        return self._connection.execute(dropped).rowcount == 1

    def approve_rollover(self, ca: CaName, approver: str, at: datetime) -> bool:
        """Store an admin's yes; False when they gave theirs already."""
        return self._insert_once(rollover_approvals, {"ca": ca, "approver": approver, "at": to_micros(at)})

    def finish_rollover(self, ca: CaName, at: datetime) -> bool:
        """Note that the new CA serves; False when it did already."""
        unfinished = rollovers.update().where(rollovers.c.ca == ca, rollovers.c.done_at.is_(None))
        return self._connection.execute(unfinished.values(done_at=to_micros(at))).rowcount == 1
