"""Numbers, levels and codes for windows in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from idp.records import AccountRecord, WindowCode
from idp.storage.indexes import OnIndexes
from idp.storage.people import read_account
from idp.storage.tables import accounts, window_codes
from kernel.clock import to_micros
from pki.storage.prepared import Prepared
from pki.vault import Index

_NUMBERED = Prepared(
    sa.select(accounts)
    .where(accounts.c.number_index == sa.bindparam("number"))
    .order_by(accounts.c.real_name_level.desc(), accounts.c.created_at.desc(), accounts.c.id)
    .limit(sa.bindparam("most"))
)


class SqlProofs(OnIndexes):
    """``ProofRecords`` on one connection."""

    def find_number(self, number_index: Index, *, limit: int) -> Sequence[AccountRecord]:
        """Return the accounts whose owners say that this number is theirs, the surest first."""
        # Each by itself: for one of several PostgreSQL may keep a plan that reads every account.
        found = [read_account(row) for one in number_index.both for row in self._find_all(_NUMBERED, number=one, most=limit)]
        return sorted(found, key=lambda one: (-one.real_name_level, -to_micros(one.created_at), one.id))[:limit]

    def put_proven(self, record: AccountRecord) -> bool:
        """Store an account's person, level and number; False when the number is another account's."""
        names = ("person", "real_name_level", "holder_index", "number_index")
        values = {name: getattr(record, name) for name in names} | {"updated_at": to_micros(record.updated_at)}
        self._bring_forward(record.holder_index)
        try:
            with self._connection.begin_nested():  # two who prove one number at once: the constraint lets one through
                return self._change(accounts.update().where(accounts.c.id == record.id).values(values))
        except sa.exc.IntegrityError:
            return False

    def put_window_code(self, code: WindowCode) -> None:
        """Store a code; the account's earlier one is void."""
        self._put(window_codes, asdict(code) | {"expires_at": to_micros(code.expires_at)})

    def find_window_code(self, digest: bytes, at: datetime) -> AccountRecord | None:
        """Return whose code this is, while it counts."""
        counts = (window_codes.c.digest == digest, window_codes.c.expires_at > to_micros(at))
        query = sa.select(accounts).join_from(accounts, window_codes, accounts.c.id == window_codes.c.account_id).where(*counts)
        row = self._first(query)
        return None if row is None else read_account(row)

    def end_window_code(self, account_id: str) -> None:
        """Let the account's code count no longer."""
        self._change(window_codes.delete().where(window_codes.c.account_id == account_id))
