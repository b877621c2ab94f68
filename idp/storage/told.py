"""Whom a session told, in SQL: a client that is told of it, now or as a login ends by that.

Left to others: sessions and logins on their way (``logins``), what is owed when a session ends (``logout``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import Client, Foreseen
from idp.storage.clients import STANDS_AS, as_it_was, read_client
from idp.storage.connection import OnConnection
from idp.storage.logins import FINISH_TRANSACTION
from idp.storage.mandates import mandates_of
from idp.storage.tables import clients, consents, session_clients, sessions, transactions
from kernel.clock import from_micros, to_micros
from pki.storage.prepared import Insert, Prepared

_KEY: sa.BindParameter[Any] = sa.bindparam("key")
_WAITS = sa.select(transactions.c.id).where(transactions.c.id == sa.bindparam("login"), transactions.c.finished_at.is_(None))
_STILL_WAITS = _WAITS.with_for_update().scalar_subquery().is_not(None)


def _tell_client(insert: Insert, *conditions: sa.ColumnElement[bool]) -> sa.Executable:
    alive = sa.select(sessions.c.id).where(sessions.c.id == _KEY, sessions.c.ended_at.is_(None), *conditions)
    # The session's row is locked: whoever ends it next sees this client and owes it a logout. Where it has ended, or anything else is not as
    # it must be, there is no identifier here, which its column does not allow: nothing is committed.
    told = {
        "session_id": alive.with_for_update(read=True).scalar_subquery(),
        "client_id": sa.bindparam("client"),
        "told_at": sa.bindparam("at"),
    }
    statement = insert(session_clients).values(told)
    again = {"told_at": statement.excluded.told_at}
    return statement.on_conflict_do_update(index_elements=["session_id", "client_id"], set_=again)


_NEVER = 0
_BETWEEN = (consents.c.account_id == sessions.c.account_id, consents.c.client_id == sa.bindparam("client"))
_LAST_USE = sa.select(consents.c.used_at).where(*_BETWEEN).correlate(sessions).scalar_subquery()  # each change is one
_AS_FORESEEN = (
    sa.func.coalesce(_LAST_USE, sa.literal_column(str(_NEVER))) == sa.bindparam("used_at"),
    mandates_of(sessions.c.account_id).correlate(sessions).scalar_subquery() == sa.literal_column("0"),
)
_TELL_CLIENT = Prepared(_tell_client)
_TELL_AS_FORESEEN = Prepared(lambda insert: _tell_client(insert, STANDS_AS, *_AS_FORESEEN))
_TELL_KNOWN_CLIENT = Prepared(lambda insert: _tell_client(insert, STANDS_AS))
_TELL_CLIENT_AT_END = Prepared(lambda insert: _tell_client(insert, _STILL_WAITS))


class SqlTold(OnConnection):
    """The part of ``SessionRecords`` about clients that are told of a session, on one connection."""

    def tell_client(
        self, session_id: str, client_id: str, at: datetime, known: Client | None = None, foreseen: Foreseen | None = None
    ) -> None:
        """Remember that a client is told of this session.

        ``Conflict``, at the end of the transaction at the latest, where the session was ended meanwhile, or its ``known`` client, or what was
        ``foreseen`` beside that, is not what it was.
        """
        values: dict[str, Any] = {"key": session_id, "client": client_id, "at": to_micros(at)}
        if known is None:
            self._put_off(_TELL_CLIENT, **values)
        elif foreseen is not None:
            used_at = _NEVER if foreseen.consent is None else to_micros(foreseen.consent.used_at)
            self._put_off(_TELL_AS_FORESEEN, **(values | as_it_was(known)), used_at=used_at)
        else:
            self._put_off(_TELL_KNOWN_CLIENT, **(values | as_it_was(known)))

    def finish_telling(self, transaction_id: str, session_id: str, client_id: str, at: datetime) -> None:
        """Finish a login on its way by telling its client of this session; ``Conflict`` likewise where either was over before."""
        moment_now = to_micros(at)
        self._put_off(_TELL_CLIENT_AT_END, key=session_id, client=client_id, at=moment_now, login=transaction_id)
        self._put_off(FINISH_TRANSACTION, key=transaction_id, at=moment_now)

    def session_clients(self, session_id: str) -> Sequence[tuple[Client, datetime]]:
        """Return the clients that were told of this session, with the moment of the last time."""
        query = (
            sa.select(clients, session_clients.c.told_at)
            .join_from(session_clients, clients, clients.c.client_id == session_clients.c.client_id)
            .where(session_clients.c.session_id == session_id)
            .order_by(session_clients.c.told_at)
        )
        return [(read_client(row), from_micros(row["told_at"])) for row in self._all(query)]
