"""Recoveries in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import Recovery
from idp.storage.connection import OnConnection, as_json, as_values, micros, moment, texts
from idp.storage.tables import recoveries as table
from kernel.clock import from_micros, to_micros

_MOMENTS = ("code_until", "created_at", "expires_at", "due_at")
_PROVEN = ("waiting", "window")


class SqlRecoveries(OnConnection):
    """``RecoveryRecords`` on one connection."""

    def add_recovery(self, recovery: Recovery) -> None:
        """Store a recovery."""
        self._connection.execute(table.insert(), _values(recovery))

    def find_recovery(self, recovery_id: str) -> Recovery | None:
        """Return a recovery, whatever became of it."""
        row = self._first(sa.select(table).where(table.c.id == recovery_id))
        return None if row is None else _read(row)

    def move_recovery(self, before: Recovery, after: Recovery) -> bool:
        """Let ``after`` take the place of ``before``; False when that is not how it stands any more."""
        same = (table.c.id == before.id, table.c.step == before.step, table.c.token_hash == before.token_hash)
        return self._change(table.update().where(*same).values(_values(after)))

    def waiting_recoveries(self, account_id: str, at: datetime) -> Sequence[Recovery]:
        """Return an account's recoveries that both proofs were given for and that are not over, oldest first."""
        proven = (table.c.account_id == account_id, table.c.step.in_(_PROVEN), table.c.expires_at > to_micros(at))
        return [_read(row) for row in self._all(sa.select(table).where(*proven).order_by(table.c.created_at, table.c.id))]

    def cancel_recoveries(self, account_id: str) -> int:
        """Cancel whatever is on its way for an account; return how many were."""
        open_ = (table.c.account_id == account_id, table.c.step.not_in(("done", "cancelled")))
        return int(self._connection.execute(table.update().where(*open_).values(step="cancelled")).rowcount)


def _values(recovery: Recovery) -> dict[str, Any]:
    values = as_values(recovery)
    return values | {name: micros(values[name]) for name in _MOMENTS} | {"proofs": as_json(recovery.proofs)}


def _read(row: sa.RowMapping) -> Recovery:
    return Recovery(
        id=row["id"],
        account_id=row["account_id"],
        step=row["step"],
        channel=row["channel"],
        browser_hash=bytes(row["browser_hash"]),
        token_hash=bytes(row["token_hash"]),
        tried_as=bytes(row["tried_as"]),
        code_digest=bytes(row["code_digest"]),
        code_until=from_micros(row["code_until"]),
        created_at=from_micros(row["created_at"]),
        expires_at=from_micros(row["expires_at"]),
        due_at=moment(row["due_at"]),
        proofs=texts(row["proofs"]),
    )
