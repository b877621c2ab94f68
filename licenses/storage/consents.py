"""Consents in SQL: one row for each department, holder and type. Who the holder is and what they read is encrypted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kernel.canonical import canonical
from kernel.clock import from_micros, to_micros
from licenses.consent_records import Consent, ConsentState
from licenses.storage.registry import HOLDER_ID
from licenses.storage.shelves import OnConnection
from licenses.storage.wallet_tables import consents
from pki.storage import index_keys

_WORDS = "licenses.consent"
_PLAIN = ("id", "department", "department_name", "type_code", "state")
_ONE = ("department", "holder_index", "type_code")


class SqlConsents(OnConnection):
    """``licenses.consent_records.ConsentRecords``."""

    def find_consent(self, department: str, holder_id: str, type_code: str) -> Consent | None:
        """Return how a department's wish stands."""
        mine = (consents.c.department == department, consents.c.type_code == type_code)
        query = sa.select(consents).where(*mine, consents.c.holder_index.in_(self._vault.index(holder_id, HOLDER_ID).both))
        row = self._connection.execute(query).first()
        return None if row is None else self._consent(row)

    def put_consent(self, consent: Consent, *, over_before: datetime) -> bool:
        """Store a new wish; False when one is there that waits, counts, or was said no to after ``over_before``."""
        holder = self._vault.index(consent.holder_id, HOLDER_ID)
        index_keys.hold(self._connection, holder.key)
        if holder.earlier is not None:  # the wish that is there is met under the present key
            earlier = consents.update().where(consents.c.holder_index == holder.earlier)
            self._connection.execute(earlier.values(holder_index=bytes(holder)))
        values = {
            **{name: getattr(consent, name) for name in _PLAIN},
            "holder_index": bytes(holder),
            "words": self._vault.encrypt_bytes(canonical({"holder_id": consent.holder_id, "purpose": consent.purpose}), _WORDS),
            "asked_at": to_micros(consent.asked_at),
            "decided_at": None,
            "ends_at": None,
        }
        ended = sa.and_(consents.c.state == "granted", consents.c.ends_at <= to_micros(consent.asked_at))
        denied = sa.and_(consents.c.state.in_(("refused", "withdrawn")), consents.c.decided_at <= to_micros(over_before))
        changed = {name: value for name, value in values.items() if name not in _ONE}
        statement = self._insert(consents).values(values)
        statement = statement.on_conflict_do_update(index_elements=list(_ONE), set_=changed, where=sa.or_(ended, denied))
        return self._connection.execute(statement.returning(consents.c.id)).first() is not None

    def decide_consent(self, decided: Consent, before: ConsentState) -> bool:
        """Record what the holder says, as ``decided`` tells it; False when it is not ``before`` any more."""
        statement = (
            consents.update()
            .where(consents.c.id == decided.id, consents.c.state == before)
            .values(state=decided.state, decided_at=_micros(decided.decided_at), ends_at=_micros(decided.ends_at))
        )
        return self._connection.execute(statement).rowcount == 1

    def consents(self, holder_id: str) -> Sequence[Consent]:
        """Return a holder's consents and what waits for their word, the newest wish first."""
        query = sa.select(consents).where(consents.c.holder_index.in_(self._vault.index(holder_id, HOLDER_ID).both))
        return [self._consent(row) for row in self._connection.execute(query.order_by(consents.c.asked_at.desc()))]

    def _consent(self, row: Any) -> Consent:
        words = json.loads(self._vault.decrypt_bytes(bytes(row.words), _WORDS))
        return Consent(
            **{name: getattr(row, name) for name in _PLAIN},
            **words,
            asked_at=from_micros(row.asked_at),
            decided_at=_moment(row.decided_at),
            ends_at=_moment(row.ends_at),
        )


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
