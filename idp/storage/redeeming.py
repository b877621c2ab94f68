"""Refresh tokens used at once, by statements that go together and none of which is waited for: what speaks against it, SQL finds.

It is what ``tokens.grants`` checks one by one, for grants of the usual kind: for our own endpoints, by no mandate, with tokens bound to no
key. Of anything else, and where a check fails, nothing is done; what is wrong is left to ``tokens.grants``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import Client, Grant, Use
from idp.storage.clients import STANDS_AS
from idp.storage.connection import OnConnection
from idp.storage.grants import read_grant
from idp.storage.tables import accounts, grants, refresh_tokens, sessions
from kernel.clock import to_micros
from pki.storage.prepared import Named, Prepared

_KEY: sa.BindParameter[Any] = sa.bindparam("key")
_AT = sa.bindparam("at", type_=sa.BigInteger)
_SESSION_LASTS = sa.exists().where(
    sessions.c.id == grants.c.session_id,
    sessions.c.ended_at.is_(None),
    sessions.c.ends_at > _AT,
    sessions.c.seen_at + sa.cast(sessions.c.idle_seconds, sa.BigInteger) * 1_000_000 > _AT,
)
_GRANT_OF_TOKEN = Prepared(
    sa.select(grants).join(refresh_tokens, refresh_tokens.c.grant_id == grants.c.id).where(refresh_tokens.c.token_hash == _KEY)
)
_USE_TOKEN = Prepared(
    refresh_tokens.update()
    .where(
        refresh_tokens.c.token_hash == _KEY,
        refresh_tokens.c.used_at.is_(None),
        refresh_tokens.c.expires_at > _AT,
        refresh_tokens.c.client_id == sa.bindparam("client_id"),
        refresh_tokens.c.cnf.is_(None),
        STANDS_AS,
        sa.exists().where(
            grants.c.id == refresh_tokens.c.grant_id,
            grants.c.revoked_at.is_(None),
            grants.c.resources.is_(None),
            grants.c.mandate_id.is_(None),
            sa.or_(grants.c.offline, _SESSION_LASTS),
            accounts.c.id == grants.c.account_id,
            accounts.c.disabled_at.is_(None),
        ),
    )
    .values(used_at=_AT, asked=sa.bindparam("asked"))
)
_USED = (refresh_tokens.c.token_hash == _KEY, refresh_tokens.c.used_at == _AT)
"""Used by the statement before. By another one in the same microsecond it has the same successor, of which there can be no second."""
_HEIR = {
    name: refresh_tokens.c[name] if name in {"grant_id", "client_id"} else sa.bindparam(name, type_=refresh_tokens.c[name].type)
    for name in ("token_hash", "grant_id", "client_id", "created_at", "expires_at")
}
_ADD_HEIR = Prepared(
    lambda insert: insert(refresh_tokens).from_select([*_HEIR], sa.select(*_HEIR.values()).where(*_USED), include_defaults=False)
)
_TARGET = sa.select("grant:" + refresh_tokens.c.grant_id).where(*_USED)


class SqlRedeeming(OnConnection):
    """``RedeemingRecords`` on one connection."""

    def renew_refresh_token(
        self, token_hash: bytes, heir: bytes, client: Client, use: Use, *, expires_at: datetime
    ) -> Callable[[], Grant | None]:
        """Use a refresh token of a usual grant and store its successor, if nothing speaks against it (``renewed`` tells)."""
        at = to_micros(use.at)
        row = _GRANT_OF_TOKEN.ask(self._connection, {"key": token_hash})
        whose = {"client_id": client.client_id, "version": client.version}
        self._put_off(_USE_TOKEN, key=token_hash, at=at, asked=use.asked, **whose)
        self._put_off(_ADD_HEIR, key=token_hash, at=at, token_hash=heir, created_at=at, expires_at=to_micros(expires_at))
        return lambda: None if (found := row()) is None else read_grant(found)

    def renewed(self, token_hash: bytes, at: datetime) -> Named:
        """Return what names the grant of a refresh token that was just used."""
        return Named(_TARGET, {"key": token_hash, "at": to_micros(at)})
