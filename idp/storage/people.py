"""Accounts, authenticators and counted tries in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import AccountRecord, Authenticator, ThrottleKey, Verification
from idp.storage.connection import OnConnection, as_json, micros, moment, texts
from idp.storage.tables import accounts, authenticators, tries, verifications
from kernel.clock import from_micros, to_micros
from policies.models import AccountKind


class SqlAccounts(OnConnection):
    """``AccountRecords`` on one connection."""

    def add_account(self, record: AccountRecord) -> bool:
        """Store an account; False when its username or holder is taken."""
        values = asdict(record) | {
            "phone_index": record.phone_index,  # kept for looking people up by what they remember
            "email_index": record.email_index,
            "roles": as_json(record.roles),
            "created_at": to_micros(record.created_at),
            "updated_at": to_micros(record.updated_at),
            "disabled_at": micros(record.disabled_at),
        }
        return self._add_once(accounts, values)

    def find_account(self, account_id: str) -> AccountRecord | None:
        """Return the account with this identifier."""
        return self._account(accounts.c.id == account_id)

    def find_username(self, username: str) -> AccountRecord | None:
        """Return the account with this username (in its normal form)."""
        return self._account(accounts.c.username == username)

    def find_holder(self, holder_index: bytes) -> AccountRecord | None:
        """Return the account of this resident ID or credit code."""
        return self._account(accounts.c.holder_index == holder_index)

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
        values = asdict(verification) | {
            "claims": as_json(verification.claims),
            "verified_at": to_micros(verification.verified_at),
        }
        self._connection.execute(verifications.insert(), values)

    def verifications(self, account_id: str) -> Sequence[Verification]:
        """Return the evidence behind an account's levels, newest first."""
        query = sa.select(verifications).where(verifications.c.account_id == account_id)
        return [
            Verification(**row | {"claims": texts(row["claims"]), "verified_at": from_micros(row["verified_at"])})
            for row in map(dict, self._all(query.order_by(verifications.c.verified_at.desc(), verifications.c.id)))
        ]

    def add_authenticator(self, authenticator: Authenticator) -> bool:
        """Store an authenticator; False when the account has one of this kind and name."""
        values = asdict(authenticator) | {
            "created_at": to_micros(authenticator.created_at),
            "last_used_at": micros(authenticator.last_used_at),
        }
        return self._add_once(authenticators, values)

    def authenticators(self, account_id: str) -> Sequence[Authenticator]:
        """Return all authenticators of an account, oldest first."""
        query = sa.select(authenticators).where(authenticators.c.account_id == account_id)
        return [_read_authenticator(row) for row in self._all(query.order_by(authenticators.c.created_at, authenticators.c.id))]

    def replace_secret(self, authenticator_id: str, secret: bytes, *, instead_of: bytes) -> bool:
        """Exchange an authenticator's secret; False when it is another one by now."""
        same = (authenticators.c.id == authenticator_id, authenticators.c.secret == instead_of)
        return self._change(authenticators.update().where(*same).values(secret=secret))

    def use_authenticator(self, authenticator_id: str, at: datetime) -> None:
        """Remember when it was last used."""
        self._change(authenticators.update().where(authenticators.c.id == authenticator_id).values(last_used_at=to_micros(at)))

    def take_step(self, authenticator_id: str, step: int, at: datetime) -> bool:
        """Accept a TOTP time step; False when it or a later one was accepted before."""
        earlier = (authenticators.c.id == authenticator_id, authenticators.c.counter < step)
        return self._change(authenticators.update().where(*earlier).values(counter=step, last_used_at=to_micros(at)))

    def take_try(self, key: ThrottleKey, *, now: datetime, window_seconds: int, limit: int) -> bool:
        """Count a try before it is made; False when the window's tries are used up."""
        what, digest = key
        moment_now = to_micros(now)
        over = tries.c.since <= moment_now - window_seconds * 1_000_000
        statement = self._insert(tries).values(what=what, digest=digest, since=moment_now, count=1)
        counted = statement.on_conflict_do_update(
            index_elements=[tries.c.what, tries.c.digest],
            set_={
                "since": sa.case((over, moment_now), else_=tries.c.since),
                "count": sa.case((over, 1), else_=tries.c.count + 1),
            },
            where=sa.or_(over, tries.c.count < limit),
        )
        return self._connection.execute(counted.returning(tries.c.count)).first() is not None

    def give_try_back(self, key: ThrottleKey) -> None:
        """Uncount one try, which did not fail."""
        self._change(tries.update().where(*_is(key), tries.c.count > 0).values(count=tries.c.count - 1))

    def forget_tries(self, key: ThrottleKey) -> None:
        """Uncount all tries."""
        self._change(tries.delete().where(*_is(key)))

    def _account(self, condition: sa.ColumnElement[bool]) -> AccountRecord | None:
        row = self._first(sa.select(accounts).where(condition))
        return None if row is None else read_account(row)


def read_account(row: Mapping[str, Any] | sa.RowMapping) -> AccountRecord:
    """Return the account that a row holds."""
    return AccountRecord(
        id=row["id"],
        username=row["username"],
        kind=row["kind"],
        person=bytes(row["person"]),
        holder_index=row["holder_index"],
        phone_index=row["phone_index"],
        email_index=row["email_index"],
        real_name_level=row["real_name_level"],
        organization=row["organization"],
        department=row["department"],
        roles=texts(row["roles"]),
        created_at=from_micros(row["created_at"]),
        updated_at=from_micros(row["updated_at"]),
        disabled_at=moment(row["disabled_at"]),
    )


def _read_authenticator(row: sa.RowMapping) -> Authenticator:
    return Authenticator(
        id=row["id"],
        account_id=row["account_id"],
        kind=row["kind"],
        name=row["name"],
        secret=bytes(row["secret"]),
        created_at=from_micros(row["created_at"]),
        counter=row["counter"],
        last_used_at=moment(row["last_used_at"]),
    )


def _is(key: ThrottleKey) -> tuple[sa.ColumnElement[bool], ...]:
    return tries.c.what == key[0], tries.c.digest == key[1]
