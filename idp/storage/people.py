"""Accounts, authenticators and counted tries in SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import AccountRecord, Authenticator, ThrottleKey, Verification
from idp.storage.connection import as_json, as_values, micros, moment, texts
from idp.storage.indexes import OnIndexes
from idp.storage.tables import accounts, authenticators, tries, verifications
from kernel.clock import from_micros, to_micros
from pki.storage.prepared import Insert, Inserted, Prepared, Row
from pki.vault import Index
from policies.role_models import AccountKind

_KEY: sa.BindParameter[Any] = sa.bindparam("key")
_ACCOUNT = Prepared(sa.select(accounts).where(accounts.c.id == _KEY))
_USERNAME = Prepared(sa.select(accounts).where(accounts.c.username == _KEY))
_HOLDER = Prepared(sa.select(accounts).where(accounts.c.holder_index == _KEY))
_AUTHENTICATORS = Prepared(
    sa.select(authenticators)
    .where(authenticators.c.account_id == _KEY)
    .order_by(authenticators.c.created_at, authenticators.c.id)
)
_VERIFICATIONS = Prepared(
    sa.select(verifications)
    .where(verifications.c.account_id == _KEY)
    .order_by(verifications.c.verified_at.desc(), verifications.c.id)
)
_AS_IT_WAS = (authenticators.c.id == _KEY, authenticators.c.secret == sa.bindparam("was"))
USE_AUTHENTICATOR = Prepared(authenticators.update().where(*_AS_IT_WAS).values(last_used_at=sa.bindparam("at")))


_OVER = tries.c.since <= sa.bindparam("begun")
_LEFT = tries.c.count < sa.bindparam("limit")


def _take_try(insert: Insert, where: sa.ColumnElement[bool] | None, count: sa.ColumnElement[int]) -> Inserted:
    statement = insert(tries)
    since = sa.case((_OVER, statement.excluded.since), else_=tries.c.since)
    counted = {"since": since, "count": sa.case((_OVER, 1), else_=count)}
    return statement.on_conflict_do_update(index_elements=[tries.c.what, tries.c.digest], set_=counted, where=where)


_ONE_MORE = tries.c.count + 1
_TAKE_TRY = Prepared(lambda insert: _take_try(insert, sa.or_(_OVER, _LEFT), _ONE_MORE))
# Where none is left there is no count, which its column does not allow: nothing is committed.
_NEED_TRY = Prepared(lambda insert: _take_try(insert, None, sa.case((_LEFT, _ONE_MORE))))
_THESE = (tries.c.what == sa.bindparam("kind"), tries.c.digest == _KEY)
_GIVE_TRY_BACK = Prepared(tries.update().where(*_THESE, tries.c.count > 0).values(count=tries.c.count - 1))
_FORGET_TRIES = Prepared(tries.delete().where(*_THESE))


class SqlAccounts(OnIndexes):
    """``AccountRecords`` on one connection."""

    def add_account(self, record: AccountRecord) -> bool:
        """Store an account; False when its username or holder is taken."""
        self._bring_forward(record.holder_index)
        return self._add_once(accounts, account_values(record))

    def find_account(self, account_id: str) -> AccountRecord | None:
        """Return the account with this identifier."""
        return self._account(_ACCOUNT, account_id)

    def find_username(self, username: str) -> AccountRecord | None:
        """Return the account with this username (in its normal form)."""
        return self._account(_USERNAME, username)

    def find_holder(self, holder_index: Index) -> AccountRecord | None:
        """Return the account of this resident ID or credit code."""
        found = (self._account(_HOLDER, one) for one in holder_index.both)
        return next((one for one in found if one is not None), None)

    def accounts(self, *, after: str = "", kind: AccountKind | None = None, limit: int = 100) -> Sequence[AccountRecord]:
        """Return accounts ordered by username, starting beyond ``after``."""
        query = sa.select(accounts).where(accounts.c.username > after).order_by(accounts.c.username).limit(limit)
        if kind is not None:
            query = query.where(accounts.c.kind == kind)
        return [read_account(row) for row in self._all(query)]

    def set_disabled(self, account_id: str, at: datetime | None) -> bool:
        """Disable (or with None enable again); False when it is so already."""
        other = accounts.c.disabled_at.is_not(None) if at is None else accounts.c.disabled_at.is_(None)
        return self._change(accounts.update().where(accounts.c.id == account_id, other).values(disabled_at=micros(at)))

    def add_verification(self, verification: Verification) -> None:
        """Store the evidence behind a level."""
        self._connection.execute(verifications.insert(), verification_values(verification))

    def verifications(self, account_id: str) -> Sequence[Verification]:
        """Return the evidence behind an account's levels, newest first."""
        return [
            Verification(**dict(row) | {"claims": texts(row["claims"]), "verified_at": from_micros(row["verified_at"])})
            for row in self._find_all(_VERIFICATIONS, key=account_id)
        ]

    def add_authenticator(self, authenticator: Authenticator) -> bool:
        """Store an authenticator; False when the account has one of this kind and name."""
        return self._add_once(authenticators, authenticator_values(authenticator))

    def authenticators(self, account_id: str) -> Sequence[Authenticator]:
        """Return all authenticators of an account, oldest first."""
        return [read_authenticator(row) for row in self._find_all(_AUTHENTICATORS, key=account_id)]

    def replace_secret(self, authenticator_id: str, secret: bytes, *, instead_of: bytes) -> bool:
        """Exchange an authenticator's secret; False when it is another one by now."""
        same = (authenticators.c.id == authenticator_id, authenticators.c.secret == instead_of)
        return self._change(authenticators.update().where(*same).values(secret=secret))

    def use_authenticator(self, used: Authenticator, at: datetime) -> bool:
        """Remember when it was last used; False when it was taken away or changed since it was looked up."""
        return self._run(USE_AUTHENTICATOR, key=used.id, was=used.secret, at=to_micros(at))

    def take_step(self, authenticator_id: str, step: int, at: datetime) -> bool:
        """Accept a TOTP time step; False when it or a later one was accepted before."""
        earlier = (authenticators.c.id == authenticator_id, authenticators.c.counter < step)
        return self._change(authenticators.update().where(*earlier).values(counter=step, last_used_at=to_micros(at)))

    def take_try(self, key: ThrottleKey, *, now: datetime, window_seconds: int, limit: int) -> bool:
        """Count a try before it is made; False when the window's tries are used up."""
        return self._run(_TAKE_TRY, **_try_values(key, now, window_seconds, limit))

    def need_try(self, key: ThrottleKey, *, now: datetime, window_seconds: int, limit: int) -> None:
        """Do what ``take_try`` does, or nothing that belongs to the transaction: ``Conflict``, at its end at the latest."""
        self._put_off(_NEED_TRY, **_try_values(key, now, window_seconds, limit))

    def want_try(self, key: ThrottleKey, *, now: datetime, window_seconds: int, limit: int) -> Callable[[], bool]:
        """Do what ``take_try`` does; what is returned tells after the transaction whether one was left."""
        taken = _TAKE_TRY.put_off(self._connection, _try_values(key, now, window_seconds, limit))
        return lambda: taken.rowcount > 0

    def give_try_back(self, key: ThrottleKey) -> None:
        """Uncount one try, which did not fail."""
        self._put_off(_GIVE_TRY_BACK, kind=key[0], key=key[1])

    def forget_tries(self, key: ThrottleKey) -> None:
        """Uncount all tries."""
        self._put_off(_FORGET_TRIES, kind=key[0], key=key[1])

    def _account(self, statement: Prepared, key: str | bytes) -> AccountRecord | None:
        row = self._find(statement, key=key)
        return None if row is None else read_account(row)


def _try_values(key: ThrottleKey, now: datetime, window_seconds: int, limit: int) -> dict[str, Any]:
    since = to_micros(now)
    begun = since - window_seconds * 1_000_000
    return {"what": key[0], "digest": key[1], "since": since, "count": 1, "begun": begun, "limit": limit}


def account_values(record: AccountRecord) -> dict[str, Any]:
    """Return the row of an account. Its indexes are kept for looking people up by what they remember."""
    return as_values(record) | {
        "roles": as_json(record.roles),
        "created_at": to_micros(record.created_at),
        "updated_at": to_micros(record.updated_at),
        "disabled_at": micros(record.disabled_at),
    }


def verification_values(verification: Verification) -> dict[str, Any]:
    """Return the row of the evidence behind a level."""
    return as_values(verification) | {
        "claims": as_json(verification.claims),
        "verified_at": to_micros(verification.verified_at),
    }


def authenticator_values(authenticator: Authenticator) -> dict[str, Any]:
    """Return the row of an authenticator."""
    return as_values(authenticator) | {
        "created_at": to_micros(authenticator.created_at),
        "last_used_at": micros(authenticator.last_used_at),
    }


def read_account(row: Mapping[str, Any] | sa.RowMapping, prefix: str = "") -> AccountRecord:
    """Return the account that a row holds."""
    return AccountRecord(
        id=row[prefix + "id"],
        username=row[prefix + "username"],
        kind=row[prefix + "kind"],
        person=bytes(row[prefix + "person"]),
        holder_index=row[prefix + "holder_index"],
        number_index=row[prefix + "number_index"],
        phone_index=row[prefix + "phone_index"],
        email_index=row[prefix + "email_index"],
        real_name_level=row[prefix + "real_name_level"],
        organization=row[prefix + "organization"],
        department=row[prefix + "department"],
        roles=texts(row[prefix + "roles"]),
        created_at=from_micros(row[prefix + "created_at"]),
        updated_at=from_micros(row[prefix + "updated_at"]),
        disabled_at=moment(row[prefix + "disabled_at"]),
    )


def read_authenticator(row: Row | sa.RowMapping, prefix: str = "") -> Authenticator:
    """Return the authenticator that a row holds."""
    lookup = row[prefix + "lookup"]
    return Authenticator(
        id=row[prefix + "id"],
        account_id=row[prefix + "account_id"],
        kind=row[prefix + "kind"],
        name=row[prefix + "name"],
        secret=bytes(row[prefix + "secret"]),
        created_at=from_micros(row[prefix + "created_at"]),
        counter=row[prefix + "counter"],
        last_used_at=moment(row[prefix + "last_used_at"]),
        alone=row[prefix + "alone"],
        lookup=None if lookup is None else bytes(lookup),
    )
