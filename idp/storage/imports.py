"""Many accounts at once in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa

from idp.records import AccountRecord, Authenticator, Verification
from idp.storage.indexes import OnIndexes
from idp.storage.people import account_values, authenticator_values, read_account, verification_values
from idp.storage.tables import accounts, authenticators, verifications
from pki.storage.prepared import Prepared
from pki.vault import Index

# A statement a row, sent together: SQLAlchemy's own way of many rows at once costs several times as much.
_ADD_ACCOUNT = Prepared(lambda insert: insert(accounts).on_conflict_do_nothing())
_ADD_VERIFICATION = Prepared(lambda insert: insert(verifications))
_ADD_AUTHENTICATOR = Prepared(lambda insert: insert(authenticators))
# A look-up a row too, each by one index: for many values at once, or for one index or another, PostgreSQL may keep a plan that reads every account.
_NUMBERED = Prepared(sa.select(accounts).where(accounts.c.number_index == sa.bindparam("number")))
_NAMED = Prepared(sa.select(accounts).where(accounts.c.username == sa.bindparam("username")))


class SqlImports(OnIndexes):
    """``ImportRecords`` on one connection."""

    def add_accounts(self, records: Sequence[AccountRecord]) -> Collection[str]:
        """Store those whose username and holder are free; return their identifiers."""
        # In one order, so that two imports of the same people wait for each other instead of both being undone.
        self._bring_forward(*(record.holder_index for record in records))
        for row in sorted(map(account_values, records), key=lambda row: row["number_index"] or b""):
            self._put_off(_ADD_ACCOUNT, **row)
        added = sa.select(accounts.c.id).where(accounts.c.id.in_([record.id for record in records]))
        return frozenset(self._connection.execute(added).scalars())

    def add_verifications(self, verifications_: Sequence[Verification]) -> None:
        """Store the evidence behind their levels."""
        for one in verifications_:
            self._put_off(_ADD_VERIFICATION, **verification_values(one))

    def add_authenticators(self, authenticators_: Sequence[Authenticator]) -> None:
        """Store the authenticators of new accounts."""
        for one in authenticators_:
            self._put_off(_ADD_AUTHENTICATOR, **authenticator_values(one))

    def accounts_like(self, people: Iterable[tuple[Index, str]]) -> Sequence[AccountRecord]:
        """Return the accounts that have one of these numbers, theirs or only said, or one of the usernames beside them."""
        alike = {
            row["id"]: row
            for number, username in people
            for row in (
                *(row for one in number.both for row in self._find_all(_NUMBERED, number=one)),
                *self._find_all(_NAMED, username=username),
            )
        }
        return [read_account(row) for row in alike.values()]
