"""The keys that sign QR codes, in SQL: when they came and went. The keys are in the key store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from kernel.clock import from_micros, to_micros
from licenses.qr_key_records import QrKey
from licenses.storage.shelves import OnConnection
from licenses.storage.tables import qr_keys
from pki.storage.prepared import Prepared

_QR_KEYS = Prepared(sa.select(qr_keys).order_by(qr_keys.c.announced_at, qr_keys.c.label))


class SqlQrKeys(OnConnection):
    """``licenses.qr_key_records.QrKeyRecords``."""

    def qr_keys(self) -> Sequence[QrKey]:
        """Return all keys, the oldest first; none as long as the node has only its first."""
        return [
            QrKey(
                row["label"],
                from_micros(row["announced_at"]),
                from_micros(row["signs_from"]),
                row["consent_by"],
                None if row["withdrawn_at"] is None else from_micros(row["withdrawn_at"]),
            )
            for row in self._find_all(_QR_KEYS)
        ]

    def add_qr_key(self, key: QrKey) -> bool:
        """Store a key; False when its label is there."""
        statement = self._insert(qr_keys).values(
            label=key.label, announced_at=to_micros(key.announced_at), signs_from=to_micros(key.signs_from)
        )
        return self._connection.execute(statement.on_conflict_do_nothing().returning(qr_keys.c.label)).first() is not None

    def consent_to_withdraw(self, label: str, person: str) -> bool:
        """Note who is first to ask for a key's withdrawal; False when somebody did, or it is withdrawn."""
        first = qr_keys.update().where(qr_keys.c.label == label, qr_keys.c.withdrawn_at.is_(None), qr_keys.c.consent_by.is_(None))
        return self._connection.execute(first.values(consent_by=person)).rowcount == 1

    def withdraw_qr_key(self, label: str, person: str, at: datetime) -> bool:
        """Withdraw a key for which somebody else asked; False when nobody else did, or it is withdrawn."""
        asked = sa.and_(qr_keys.c.consent_by.is_not(None), qr_keys.c.consent_by != person)
        second = qr_keys.update().where(qr_keys.c.label == label, qr_keys.c.withdrawn_at.is_(None), asked)
        return self._connection.execute(second.values(withdrawn_at=to_micros(at))).rowcount == 1
