"""Numbers, levels and codes for windows in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from idp.records import AccountRecord
from idp.storage.connection import OnConnection
from idp.storage.people import read_account
from idp.storage.tables import accounts


class SqlProofs(OnConnection):
    """``ProofRecords`` on one connection."""

    def find_number(self, number_index: bytes, *, limit: int) -> Sequence[AccountRecord]:
        """Return the accounts whose owners say that this number is theirs, the surest first."""
        query = sa.select(accounts).where(accounts.c.number_index == number_index)
        query = query.order_by(accounts.c.real_name_level.desc(), accounts.c.created_at.desc(), accounts.c.id).limit(limit)
        return [read_account(row) for row in self._all(query)]
