"""What a login looks up, each time in one statement: on the way to a database and back more is lost than what it finds there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import AccountRecord, Authenticator, Client, Foreseen, Session, Switch, Transaction
from idp.storage.clients import read_client, read_consent
from idp.storage.connection import OnConnection
from idp.storage.logins import TRANSACTION, read_session, read_transaction
from idp.storage.mandates import mandates_of
from idp.storage.notices import DEVICE, LAST_LOGINS
from idp.storage.people import USE_AUTHENTICATOR, read_account, read_authenticator
from idp.storage.switches import read_switch
from idp.storage.tables import accounts, authenticators, clients, consents, sessions, switches, transactions
from kernel.clock import to_micros
from pki.storage.prepared import Prepared, Row

_CLIENT, _AUTHENTICATOR, _SWITCH, _SESSION, _CONSENT = "client_", "authenticator_", "switch_", "session_", "consent_"
_KEY: sa.BindParameter[Any] = sa.bindparam("key")
_OF_CLIENT: sa.BindParameter[Any] = sa.bindparam("client")


def _labelled(table: sa.Table, prefix: str) -> Sequence[sa.Label[Any]]:
    return [column.label(prefix + column.name) for column in table.c]


_WAITING = Prepared(
    sa.select(transactions, *_labelled(clients, _CLIENT), *_labelled(switches, _SWITCH))
    .select_from(transactions.outerjoin(clients, clients.c.client_id == transactions.c.client_id).outerjoin(switches, sa.true()))
    .where(transactions.c.id == _KEY)
    .order_by(switches.c.what)
)
_HERE = sa.select(sa.literal(1).label("here")).subquery()  # so that what is switched off is told of nobody as well
_NAMED = Prepared(
    sa.select(accounts, *_labelled(authenticators, _AUTHENTICATOR), *_labelled(switches, _SWITCH))
    .select_from(
        _HERE.outerjoin(accounts, accounts.c.username == _KEY)
        .outerjoin(authenticators, authenticators.c.account_id == accounts.c.id)
        .outerjoin(switches, sa.true())
    )
    .order_by(authenticators.c.created_at, authenticators.c.id, switches.c.what)
)


_FORESEEN = Prepared(
    sa.select(
        *_labelled(clients, _CLIENT),
        *_labelled(consents, _CONSENT),
        mandates_of(_KEY).scalar_subquery().label("mandates"),
    ).select_from(
        _HERE.outerjoin(clients, clients.c.client_id == _OF_CLIENT).outerjoin(
            consents, sa.and_(consents.c.account_id == _KEY, consents.c.client_id == _OF_CLIENT)
        )
    )
)
_COMER = Prepared(
    sa.select(
        accounts,
        *_labelled(sessions, _SESSION),
        *_labelled(consents, _CONSENT),
        mandates_of(accounts.c.id).correlate(accounts).scalar_subquery().label("mandates"),
    )
    .select_from(
        sessions.join(accounts, accounts.c.id == sessions.c.account_id).outerjoin(
            consents, sa.and_(consents.c.account_id == accounts.c.id, consents.c.client_id == _OF_CLIENT)
        )
    )
    .where(sessions.c.secret_hash == _KEY)
)


class SqlEntering(OnConnection):
    """``EnteringRecords`` on one connection."""

    def find_comer(self, secret_hash: bytes, client_id: str) -> tuple[Session, AccountRecord, Foreseen | None] | None:
        """Return the session whose cookie has this hash with its account, and what a client's answer stands on; not for an agent of anybody's."""
        row = self._find(_COMER, key=secret_hash, client=client_id)
        if row is None:
            return None
        return read_session(row, _SESSION), read_account(row), _foreseen(row)

    def foresee(self, account_id: str, client_id: str) -> tuple[Client | None, Foreseen | None]:
        """Return the client, disabled or not, and what its answer stands on; not for an agent of anybody's."""
        row = self._find_all(_FORESEEN, key=account_id, client=client_id)[0]
        return None if row[f"{_CLIENT}client_id"] is None else read_client(row, _CLIENT), _foreseen(row)

    def expect_foreseeing(self, account_id: str, client_id: str) -> None:
        """Be ready for what an answer stands on."""
        _FORESEEN.expect(self._connection, {"key": account_id, "client": client_id})

    def find_waiting(self, transaction_id: str) -> tuple[Transaction, Client | None, Sequence[Switch]] | None:
        """Return a login on its way, or finished, with its client and what is switched off."""
        rows = self._find_all(_WAITING, key=transaction_id)
        if not rows:
            return None
        client = None if rows[0][f"{_CLIENT}client_id"] is None else read_client(rows[0], _CLIENT)
        return read_transaction(rows[0]), client, _switches(rows)

    def find_named(self, username: str) -> tuple[AccountRecord | None, Sequence[Authenticator], Sequence[Switch]]:
        """Return whose username (in its normal form) this is with all their authenticators, oldest first, and what is switched off."""
        rows = self._find_all(_NAMED, key=username)
        account = None if rows[0]["id"] is None else read_account(rows[0])
        enrolled = {row[f"{_AUTHENTICATOR}id"]: row for row in rows if row[f"{_AUTHENTICATOR}id"] is not None}
        return account, [read_authenticator(row, _AUTHENTICATOR) for row in enrolled.values()], _switches(rows)

    def expect_transaction(self, transaction_id: str) -> None:
        """Be ready for a login on its way."""
        TRANSACTION.expect(self._connection, {"key": transaction_id})

    def expect_use(self, used: Authenticator, at: datetime) -> None:
        """Be ready for the use of an authenticator."""
        USE_AUTHENTICATOR.expect(self._connection, {"key": used.id, "was": used.secret, "at": to_micros(at)})

    def expect_weighing(self, account_id: str, devices: Sequence[bytes], *, logins: int) -> None:
        """Be ready for what a login is weighed by: the browser's values, and so many logins before it."""
        for device in devices:
            DEVICE.expect(self._connection, {"account": account_id, "key": device})
        if logins:
            LAST_LOGINS.expect(self._connection, {"key": account_id, "limit": logins})


def _foreseen(row: Row) -> Foreseen | None:
    if row["mandates"]:
        return None
    return Foreseen(None if row[f"{_CONSENT}client_id"] is None else read_consent(row, _CONSENT))


def _switches(rows: Sequence[Row]) -> Sequence[Switch]:
    off = {row[f"{_SWITCH}what"]: row for row in rows if row[f"{_SWITCH}what"] is not None}
    return [read_switch(row, _SWITCH) for row in off.values()]
