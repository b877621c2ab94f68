"""Refresh tokens and codes used at once, by statements that go together, none of which is waited for: what speaks against it, SQL finds.

It is what ``tokens.grants`` checks one by one, for grants of the usual kind: for our own endpoints, by no mandate, with nothing bound to a
key. Of anything else, and where a check fails, nothing is marked as used, and whatever would follow comes of the row that was marked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import Client, Grant, Heir
from idp.storage.clients import STANDS_AS, as_it_was
from idp.storage.connection import OnConnection
from idp.storage.grants import read_grant
from idp.storage.tables import accounts, codes, grants, refresh_tokens, sessions
from kernel.clock import to_micros
from kernel.randomness import random_bytes
from pki.storage.prepared import Named, Prepared

_KEY: sa.BindParameter[Any] = sa.bindparam("key")
_AT = sa.bindparam("at", type_=sa.BigInteger)


def _holds(by_key: sa.ColumnElement[bool], *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Return what tells whether conditions hold of one row, found by its key. With EXISTS PostgreSQL joins, in a new database whole tables."""
    return sa.select(sa.and_(*conditions)).where(by_key).scalar_subquery()


_USUAL = (grants.c.revoked_at.is_(None), grants.c.resources.is_(None), grants.c.mandate_id.is_(None))
_SESSION_LASTS = _holds(
    sessions.c.id == grants.c.session_id,
    sessions.c.ended_at.is_(None),
    sessions.c.ends_at > _AT,
    sessions.c.seen_at + sa.cast(sessions.c.idle_seconds, sa.BigInteger) * sa.literal_column("1000000") > _AT,
)
_ACCOUNT_STANDS = _holds(accounts.c.id == grants.c.account_id, accounts.c.disabled_at.is_(None))

_GRANT_OF_TOKEN = Prepared(
    sa.select(grants).join(refresh_tokens, refresh_tokens.c.grant_id == grants.c.id).where(refresh_tokens.c.token_hash == _KEY)
)
_USE_TOKEN = Prepared(
    refresh_tokens.update()
    .where(
        refresh_tokens.c.token_hash == _KEY,
        refresh_tokens.c.used_at.is_(None),
        refresh_tokens.c.expires_at > _AT,
        refresh_tokens.c.client_id == sa.bindparam("known_client"),
        refresh_tokens.c.cnf.is_(None),
        STANDS_AS,
        _holds(grants.c.id == refresh_tokens.c.grant_id, *_USUAL, _ACCOUNT_STANDS, sa.or_(grants.c.offline, _SESSION_LASTS)),
    )
    .values(used_at=_AT, asked=sa.bindparam("asked"))
)
_GRANT_OF_CODE = Prepared(
    sa.select(grants, codes.c.nonce).join(codes, codes.c.grant_id == grants.c.id).where(codes.c.code_hash == _KEY)
)
_USE_CODE = Prepared(
    codes.update()
    .where(
        codes.c.code_hash == _KEY,
        codes.c.redeemed_at.is_(None),
        codes.c.expires_at > _AT,
        codes.c.client_id == sa.bindparam("known_client"),
        codes.c.redirect_uri == sa.bindparam("returned_to"),
        codes.c.code_challenge == sa.bindparam("challenge"),
        codes.c.dpop_jkt.is_(None),
        STANDS_AS,
        _holds(grants.c.id == codes.c.grant_id, *_USUAL),
    )
    .values(redeemed_at=_AT, redemption=sa.bindparam("mark"))
)


_TOKEN_USED = (refresh_tokens.c.token_hash == _KEY, refresh_tokens.c.used_at == _AT)
"""By the statement before. What another one used in the same microsecond has the same heir, of which there can be no second."""
_CODE_USED = (codes.c.code_hash == _KEY, codes.c.redemption == sa.bindparam("mark"))
_TARGET_OF_TOKEN = sa.select("grant:" + refresh_tokens.c.grant_id).where(*_TOKEN_USED)
_TARGET_OF_CODE = sa.select("grant:" + codes.c.grant_id).where(*_CODE_USED)


def _adding_heir(table: sa.Table, *just_used: sa.ColumnElement[bool]) -> Prepared:
    names = ("token_hash", "created_at", "expires_at")
    values = [sa.bindparam(name, type_=refresh_tokens.c[name].type) for name in names]
    heir = sa.select(table.c.grant_id, table.c.client_id, *values).where(*just_used)
    return Prepared(lambda insert: insert(refresh_tokens).from_select(["grant_id", "client_id", *names], heir))


_ADD_HEIR_OF_TOKEN = _adding_heir(refresh_tokens, *_TOKEN_USED)
_ADD_HEIR_OF_CODE = _adding_heir(codes, *_CODE_USED)


class SqlRedeeming(OnConnection):
    """``RedeemingRecords`` on one connection."""

    def use_refresh_token(
        self, token_hash: bytes, client: Client, heir: Heir, *, asked: bytes
    ) -> tuple[Named, Callable[[], Grant | None]]:
        """Use a refresh token and store its heir, if nothing speaks against it."""
        used = {"key": token_hash, "at": to_micros(heir.created_at)}
        find = _GRANT_OF_TOKEN.ask(self._connection, used)
        self._put_off(_USE_TOKEN, **used, **as_it_was(client), asked=asked)
        self._put_off(_ADD_HEIR_OF_TOKEN, **used, **_values(heir))
        return Named(_TARGET_OF_TOKEN, used), lambda: None if (row := find()) is None else read_grant(row)

    def use_code(
        self, code_hash: bytes, client: Client, heir: Heir | None, *, redirect_uri: str, code_challenge: str, at: datetime
    ) -> tuple[Named, Callable[[], tuple[Grant, str | None] | None]]:
        """Use a code and store its heir, if nothing speaks against it."""
        used = {"key": code_hash, "mark": random_bytes(16)}
        bound = {"returned_to": redirect_uri, "challenge": code_challenge}
        find = _GRANT_OF_CODE.ask(self._connection, used)
        self._put_off(_USE_CODE, **used, **as_it_was(client), **bound, at=to_micros(at))
        if heir is not None:
            self._put_off(_ADD_HEIR_OF_CODE, **used, **_values(heir))
        return Named(_TARGET_OF_CODE, used), lambda: None if (row := find()) is None else (read_grant(row), row["nonce"])


def _values(heir: Heir) -> dict[str, Any]:
    moments = {"created_at": to_micros(heir.created_at), "expires_at": to_micros(heir.expires_at)}
    return {"token_hash": heir.token_hash, **moments}
