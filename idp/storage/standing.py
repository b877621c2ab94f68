"""Whether tokens still count, in SQL: each question one statement over all that can end a token, read with the client that asks where one does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from idp.records import AccountRecord, Client, Grant, RefreshFamily
from idp.storage.clients import read_client
from idp.storage.connection import OnConnection
from idp.storage.grants import read_grant, read_refresh_token
from idp.storage.people import read_account
from idp.storage.tables import accounts, clients, grants, refresh_tokens, revoked_tokens
from pki.storage.prepared import Prepared, Row

_OF_GRANT, _OF_ACCOUNT, _OF_TOKEN = "grant_", "account_", "token_"
_KEY: sa.BindParameter[Any] = sa.bindparam("key")
_ASKER = clients.alias()
_ASKS = _ASKER.c.client_id == sa.bindparam("asker")


def _labelled(table: sa.Table, prefix: str) -> Collection[sa.Label[Any]]:
    return [column.label(prefix + column.name) for column in table.c]


_FAMILY = (
    *_labelled(refresh_tokens, _OF_TOKEN),
    *_labelled(grants, _OF_GRANT),
    sa.exists().where(accounts.c.id == grants.c.account_id, accounts.c.disabled_at.is_(None)).label("account_stands"),
)
_WITH_GRANT = refresh_tokens.join(grants, grants.c.id == refresh_tokens.c.grant_id)
_REFRESH_FAMILY = Prepared(sa.select(*_FAMILY).select_from(_WITH_GRANT).where(refresh_tokens.c.token_hash == _KEY))
_SHOWN_BY = Prepared(
    sa.select(_ASKER, *_FAMILY).select_from(_ASKER.outerjoin(_WITH_GRANT, refresh_tokens.c.token_hash == _KEY)).where(_ASKS)
)

_COUNTS_ALONE_IF = (
    clients.c.client_id == sa.bindparam("client"),
    clients.c.disabled_at.is_(None),
    ~sa.exists().where(revoked_tokens.c.jti == _KEY),
)
_GRANTED_TO = clients.alias()
_GRANT_COUNTS_IF = (
    grants.c.id == sa.bindparam("grant"),
    grants.c.revoked_at.is_(None),
    accounts.c.id == grants.c.account_id,
    accounts.c.disabled_at.is_(None),
    _GRANTED_TO.c.client_id == grants.c.client_id,  # another than the token's, where that was had by exchange
    _GRANTED_TO.c.disabled_at.is_(None),
)
_ALONE = sa.select(clients.c.client_id).where(*_COUNTS_ALONE_IF)
_GRANTED = _ALONE.where(sa.exists().where(*_GRANT_COUNTS_IF))
_COUNTS_ALONE, _COUNTS = Prepared(_ALONE), Prepared(_GRANTED)
_ASKED_ALONE, _ASKED = (Prepared(sa.select(_ASKER, one.exists().label("counts")).where(_ASKS)) for one in (_ALONE, _GRANTED))
_STANDING = Prepared(
    sa.select(clients, *_labelled(grants, _OF_GRANT), *_labelled(accounts, _OF_ACCOUNT)).where(
        *_COUNTS_ALONE_IF, *_GRANT_COUNTS_IF
    )
)


class SqlStanding(OnConnection):
    """The part of ``GrantRecords`` that tells what still counts, on one connection."""

    def find_refresh_family(self, token_hash: bytes) -> RefreshFamily | None:
        """Return a refresh token, used or not, with its grant, revoked or not, and whether the account behind it stands."""
        row = self._find(_REFRESH_FAMILY, key=token_hash)
        return None if row is None else _read_family(row)

    def find_showing_client(self, client_id: str, token_hash: bytes) -> tuple[Client, RefreshFamily | None] | None:
        """Return the client that shows a refresh token, disabled or not, and the token's family, which may be another's."""
        row = self._find(_SHOWN_BY, asker=client_id, key=token_hash)
        return None if row is None else (read_client(row), _read_family(row))

    def does_access_token_count(self, client_id: str, jti: str, grant_id: str | None) -> bool:
        """Tell whether client, token, and where there is one grant, its client and account, all still stand."""
        if grant_id is None:
            return self._find(_COUNTS_ALONE, client=client_id, key=jti) is not None
        return self._find(_COUNTS, client=client_id, key=jti, grant=grant_id) is not None

    def find_asking_client(self, asker: str, client_id: str, jti: str, grant_id: str | None) -> tuple[Client, bool] | None:
        """Return the client ``asker``, disabled or not, and whether the access token that it asks about counts."""
        if grant_id is None:
            row = self._find(_ASKED_ALONE, asker=asker, client=client_id, key=jti)
        else:
            row = self._find(_ASKED, asker=asker, client=client_id, key=jti, grant=grant_id)
        return None if row is None else (read_client(row), bool(row["counts"]))

    def find_standing(self, client_id: str, jti: str, grant_id: str) -> tuple[Client, Grant, AccountRecord] | None:
        """Return client, grant and account of an access token that counts, None where it or any of them does not."""
        row = self._find(_STANDING, client=client_id, key=jti, grant=grant_id)
        return None if row is None else (read_client(row), read_grant(row, _OF_GRANT), read_account(row, _OF_ACCOUNT))


def _read_family(row: Row) -> RefreshFamily | None:
    if row[_OF_TOKEN + "token_hash"] is None:
        return None
    return RefreshFamily(read_refresh_token(row, _OF_TOKEN), read_grant(row, _OF_GRANT), bool(row["account_stands"]))
