"""Sessions and logins on their way in SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import AccountRecord, Client, PushedRequest, Session, Transaction
from idp.storage.clients import STANDS_AS, as_it_was
from idp.storage.connection import OnConnection, as_json, as_texts, as_values, micros, moment, texts
from idp.storage.people import read_account
from idp.storage.tables import (
    accounts,
    clients,
    device_requests,
    grants,
    logout_deliveries,
    pushed_requests,
    session_clients,
    sessions,
    transactions,
)
from idp.storage.tables.logins import HAS_PASSED
from kernel.clock import from_micros, to_micros
from pki.storage.prepared import Prepared, Row

_OF_SESSION = "session_"
_KEY: sa.BindParameter[Any] = sa.bindparam("key")
_AT: sa.BindParameter[Any] = sa.bindparam("at")
_ACCOUNT: sa.BindParameter[Any] = sa.bindparam("account")
# Of an account that was disabled since it was looked up there is none here, which its column does not allow: nothing is committed.
_STANDS = (accounts.c.id == sa.bindparam("account_id"), accounts.c.disabled_at.is_(None))
_BEGUN_FOR = {"account_id": sa.select(accounts.c.id).where(*_STANDS).scalar_subquery()}
_ADD_SESSION = Prepared(
    lambda insert: insert(sessions).values({column.name: sa.bindparam(column.name) for column in sessions.c} | _BEGUN_FOR)
)
_SESSION = Prepared(sa.select(sessions).where(sessions.c.id == _KEY))
_SESSION_BY_SECRET = Prepared(
    sa.select(accounts, *(column.label(_OF_SESSION + column.name) for column in sessions.c))
    .join_from(sessions, accounts, accounts.c.id == sessions.c.account_id)
    .where(sessions.c.secret_hash == _KEY)
)
_SEE_SESSION = Prepared(sessions.update().where(sessions.c.id == _KEY, sessions.c.seen_at < _AT).values(seen_at=_AT))
_ADD_TRANSACTION = Prepared(lambda insert: insert(transactions))
TRANSACTION = Prepared(sa.select(transactions).where(transactions.c.id == _KEY))
_OPEN_TRANSACTION = transactions.update().where(transactions.c.id == _KEY, transactions.c.finished_at.is_(None))
_PASS_FACTOR = Prepared(_OPEN_TRANSACTION.values(account_id=_ACCOUNT, passed=sa.bindparam("methods")))
_PASSED_BY = _OPEN_TRANSACTION.where(transactions.c.account_id == _ACCOUNT, HAS_PASSED)
_KEEP_PASSED = Prepared(_PASSED_BY.values(account_id=_ACCOUNT))
# Whoever logs in now has chosen nothing yet.
_AUTHENTICATE_TRANSACTION = Prepared(_OPEN_TRANSACTION.values(account_id=_ACCOUNT, authenticated_at=_AT, acting=sa.null()))
_CHOOSE_IDENTITY = Prepared(_OPEN_TRANSACTION.values(acting=sa.bindparam("acting")))
FINISH_TRANSACTION = Prepared(_OPEN_TRANSACTION.values(finished_at=_AT))

_PUSHED_REQUEST = Prepared(
    sa.select(pushed_requests).where(
        pushed_requests.c.uri_hash == _KEY,
        pushed_requests.c.client_id == sa.bindparam("client"),
        pushed_requests.c.expires_at > _AT,
    )
)


# Where the client is not as it was there is no moment here, which its column does not allow: nothing is committed.
_BEGUN_IF = {"created_at": sa.select(sa.bindparam("created_at", type_=sa.BigInteger)).where(STANDS_AS).scalar_subquery()}
_ADD_TRANSACTION_OF_KNOWN = Prepared(
    lambda insert: insert(transactions).values({column.name: sa.bindparam(column.name) for column in transactions.c} | _BEGUN_IF)
)


class SqlSessions(OnConnection):
    """``SessionRecords`` on one connection."""

    def add_session(self, session: Session) -> None:
        """Store a session; ``Conflict``, at the end at the latest, where its account does not stand any more."""
        self._put_off(_ADD_SESSION, **_session_values(session))

    def lend_session(self, lent: Session, lender_id: str) -> bool:
        """Store a session that another lends; False when that one was ended meanwhile."""
        values = _session_values(lent)
        written = (sa.literal(value, sessions.c[name].type) for name, value in values.items())
        lender = sa.select(*written).select_from(sessions).where(sessions.c.id == lender_id, sessions.c.ended_at.is_(None))
        # The lender's row is locked: whoever ends it waits, and then finds what it lent.
        statement = self._insert(sessions).from_select(list(values), lender.with_for_update(read=True))
        return self._connection.execute(statement.returning(sessions.c.id)).first() is not None

    def find_session(self, session_id: str) -> Session | None:
        """Return the session with this identifier."""
        row = self._find(_SESSION, key=session_id)
        return None if row is None else read_session(row)

    def find_session_by_secret(self, secret_hash: bytes) -> tuple[Session, AccountRecord] | None:
        """Return the session whose cookie has this hash, with its account."""
        row = self._find(_SESSION_BY_SECRET, key=secret_hash)
        return None if row is None else (read_session(row, _OF_SESSION), read_account(row))

    def sessions(self, account_id: str) -> Sequence[Session]:
        """Return the sessions of an account that were not ended, newest first."""
        query = sa.select(sessions).where(sessions.c.account_id == account_id, sessions.c.ended_at.is_(None))
        return [read_session(row) for row in self._all(query.order_by(sessions.c.created_at.desc()))]

    def see_session(self, session_id: str, at: datetime) -> None:
        """Move on the moment at which it was last used."""
        self._put_off(_SEE_SESSION, key=session_id, at=to_micros(at))

    def raise_session(self, session: Session) -> bool:
        """Store a new level, methods, lifetime and cookie hash; False when the session was ended meanwhile."""
        values = _session_values(session)
        kept = ("secret_hash", "acr", "amr", "auth_time", "seen_at", "ends_at", "idle_seconds", "device")
        alive = (sessions.c.id == session.id, sessions.c.ended_at.is_(None))
        return self._change(sessions.update().where(*alive).values({name: values[name] for name in kept}))

    def end_session(self, session_id: str, at: datetime) -> bool:
        """End a session, revoke its grants that don't outlive it and owe its clients a logout; False when it was ended before."""
        alive = (sessions.c.id == session_id, sessions.c.ended_at.is_(None))
        if not self._change(sessions.update().where(*alive).values(ended_at=to_micros(at))):
            return False
        bound = (grants.c.session_id == session_id, grants.c.offline.is_(False), grants.c.revoked_at.is_(None))
        self._change(grants.update().where(*bound).values(revoked_at=to_micros(at)))
        self._owe_logouts(sessions.c.id == session_id, at)
        self._end_lent(session_id, at)
        return True

    def _end_lent(self, session_id: str, at: datetime) -> None:
        """End what a session lent to kiosks."""
        lent = (
            sa.select(device_requests.c.session_id)
            .join(grants, grants.c.id == device_requests.c.grant_id)
            .where(grants.c.session_id == session_id, device_requests.c.session_id.is_not(None))
        )
        for each in self._connection.execute(lent).scalars().all():
            self.end_session(each, at)

    def end_sessions(self, account_id: str, at: datetime) -> int:
        """End all sessions of an account, revoke *all* its grants and owe the clients logouts; return how many sessions were ended.

        What waits for a second factor is void with them.
        """
        self.void_passed(account_id)
        alive = (sessions.c.account_id == account_id, sessions.c.ended_at.is_(None))
        statement = sessions.update().where(*alive).values(ended_at=to_micros(at)).returning(sessions.c.id)
        ended = self._connection.execute(statement).scalars().all()
        # What was lent while the first statement waited for its lender was no row of that statement's snapshot.
        ended = [*ended, *self._connection.execute(statement).scalars().all()]
        # After the sessions, as where one ends: whoever was granted something while these were waited for is found, and no other is any more.
        unrevoked = (grants.c.account_id == account_id, grants.c.revoked_at.is_(None))
        self._change(grants.update().where(*unrevoked).values(revoked_at=to_micros(at)))
        self._owe_logouts(sessions.c.id.in_(ended), at)
        return len(ended)

    def end_acting(self, mandate_id: str, at: datetime) -> int:
        """Revoke all grants by a mandate and owe their clients a logout of the session; return how many grants that were."""
        unrevoked = (grants.c.mandate_id == mandate_id, grants.c.revoked_at.is_(None))
        statement = (
            grants.update().where(*unrevoked).values(revoked_at=to_micros(at)).returning(grants.c.session_id, grants.c.client_id)
        )
        ended = [(row.session_id, row.client_id) for row in self._connection.execute(statement)]
        for session_id, client_id in dict.fromkeys(ended):
            self._owe_logouts(sa.and_(sessions.c.id == session_id, clients.c.client_id == client_id), at)
        return len(ended)

    def _owe_logouts(self, which: sa.ColumnElement[bool], at: datetime) -> None:
        moment_due = sa.literal(to_micros(at), sa.BigInteger)
        told = (
            sa.select(
                sessions.c.id,
                session_clients.c.client_id,
                clients.c.name,
                sessions.c.account_id,
                moment_due.label("owed_at"),
                moment_due.label("next_try_at"),
                sa.literal(0, sa.Integer).label("tries"),
            )
            .join_from(sessions, session_clients, session_clients.c.session_id == sessions.c.id)
            .join(clients, clients.c.client_id == session_clients.c.client_id)
            .where(which)
        )
        columns = ("session_id", "client_id", "client_name", "account_id", "owed_at", "next_try_at", "tries")
        statement = self._insert(logout_deliveries).from_select(columns, told)
        # A client that was told that an agent acts no longer, and to which the person went again, is told once more.
        again: dict[str, Any] = {name: statement.excluded[name] for name in ("owed_at", "next_try_at", "tries")}
        again |= dict.fromkeys(("tried_at", "outcome", "error"))
        self._connection.execute(statement.on_conflict_do_update(index_elements=["session_id", "client_id"], set_=again))

    def add_transaction(self, transaction: Transaction, known: Client | None = None) -> None:
        """Store a login on its way; ``Conflict``, at the end at the latest, where its ``known`` client is not what it was."""
        values = as_values(transaction) | {
            "request": None if transaction.request is None else as_json(transaction.request),
            "passed": as_texts(transaction.passed),
        }
        values |= {name: micros(values[name]) for name in ("created_at", "expires_at", "authenticated_at", "finished_at")}
        if known is None:
            self._put_off(_ADD_TRANSACTION, **values)
        else:
            self._put_off(_ADD_TRANSACTION_OF_KNOWN, **(values | as_it_was(known)))

    def find_transaction(self, transaction_id: str) -> Transaction | None:
        """Return a login on its way, or finished."""
        row = self._find(TRANSACTION, key=transaction_id)
        return None if row is None else read_transaction(row)

    def bind_transaction(self, transaction_id: str, browser_hash: bytes) -> bool:
        """Bind it to the first browser that shows it; False when one has it."""
        free = (transactions.c.id == transaction_id, transactions.c.browser_hash.is_(None))
        return self._change(transactions.update().where(*free).values(browser_hash=browser_hash))

    def pass_factor(self, transaction_id: str, account_id: str, passed: tuple[str, ...]) -> bool:
        """Remember the factors passed; False when it was finished meanwhile."""
        return self._run(_PASS_FACTOR, key=transaction_id, account=account_id, methods=as_json(passed))

    def keep_passed(self, transaction_id: str, account_id: str) -> bool:
        """Keep others from voiding the factors passed until the unit of work is over; False when somebody was quicker."""
        return self._run(_KEEP_PASSED, key=transaction_id, account=account_id)

    def void_passed(self, account_id: str) -> None:
        """Let no login go on by a factor of this account that was passed before: all begin anew."""
        waiting = (transactions.c.account_id == account_id, transactions.c.finished_at.is_(None), HAS_PASSED)
        self._change(transactions.update().where(*waiting).values(account_id=None, passed=as_json(())))

    def authenticate_transaction(self, transaction_id: str, account_id: str, at: datetime) -> bool:
        """Remember that somebody logged in through it; False when it was finished meanwhile."""
        return self._run(_AUTHENTICATE_TRANSACTION, key=transaction_id, account=account_id, at=to_micros(at))

    def choose_identity(self, transaction_id: str, acting: str) -> bool:
        """Remember as whom somebody acts; False when it was finished meanwhile."""
        return self._run(_CHOOSE_IDENTITY, key=transaction_id, acting=acting)

    def finish_transaction(self, transaction_id: str, at: datetime) -> bool:
        """Finish it; False when it was finished before."""
        return self._run(FINISH_TRANSACTION, key=transaction_id, at=to_micros(at))

    def add_pushed_request(self, pushed: PushedRequest) -> None:
        """Store a pushed authorization request."""
        values = as_values(pushed) | {"request": as_json(pushed.request)}
        values |= {name: to_micros(values[name]) for name in ("created_at", "expires_at")}
        self._connection.execute(pushed_requests.insert(), values)

    def find_pushed_request(self, uri_hash: bytes, client_id: str, at: datetime) -> PushedRequest | None:
        """Return a client's pushed request; None when it is unknown, another's, too old at ``at``, or was used up."""
        row = self._find(_PUSHED_REQUEST, key=uri_hash, client=client_id, at=to_micros(at))
        if row is None:
            return None
        created_at, expires_at = from_micros(row["created_at"]), from_micros(row["expires_at"])
        return PushedRequest(bytes(row["uri_hash"]), row["client_id"], json.loads(row["request"]), created_at, expires_at)

    def use_pushed_request(self, uri_hash: bytes) -> bool:
        """Use up a pushed request, however old it has become while somebody logged in; False when it was before."""
        return self._change(pushed_requests.delete().where(pushed_requests.c.uri_hash == uri_hash))


def read_transaction(row: Row) -> Transaction:
    """Return the login on its way that a row holds."""
    return Transaction(
        id=row["id"],
        browser_hash=row["browser_hash"],
        client_id=row["client_id"],
        request=None if row["request"] is None else json.loads(row["request"]),
        created_at=from_micros(row["created_at"]),
        expires_at=from_micros(row["expires_at"]),
        account_id=row["account_id"],
        passed=texts(row["passed"]),
        authenticated_at=moment(row["authenticated_at"]),
        acting=row["acting"],
        finished_at=moment(row["finished_at"]),
    )


def _session_values(session: Session) -> dict[str, object]:
    values = as_values(session) | {"amr": as_texts(session.amr)}
    return values | {name: micros(values[name]) for name in ("auth_time", "created_at", "seen_at", "ends_at", "ended_at")}


def read_session(row: Row | sa.RowMapping, prefix: str = "") -> Session:
    """Return the session that a row holds."""
    return Session(
        id=row[prefix + "id"],
        secret_hash=bytes(row[prefix + "secret_hash"]),
        account_id=row[prefix + "account_id"],
        acr=row[prefix + "acr"],
        amr=texts(row[prefix + "amr"]),
        auth_time=from_micros(row[prefix + "auth_time"]),
        created_at=from_micros(row[prefix + "created_at"]),
        seen_at=from_micros(row[prefix + "seen_at"]),
        ends_at=from_micros(row[prefix + "ends_at"]),
        idle_seconds=row[prefix + "idle_seconds"],
        device=bytes(row[prefix + "device"]),
        ended_at=moment(row[prefix + "ended_at"]),
        lent=bool(row[prefix + "lent"]),
    )
