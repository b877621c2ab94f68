"""The room's tables. Moments are microseconds since 1970, lists canonical JSON, digests 32 octets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kernel.canonical import Json, canonical
from kernel.clock import from_micros, to_micros

metadata = sa.MetaData()

_PUBLIC = {"sensitivity": "public"}
_INTERNAL = {"sensitivity": "internal"}
_PERSONAL = {"sensitivity": "personal"}
_SECRET = {"sensitivity": "secret"}


def _text(
    name: str, length: int, info: dict[str, str] = _INTERNAL, *, key: bool = False, optional: bool = False
) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), primary_key=key, nullable=optional, info=info)


def _json(name: str, *, optional: bool = False, info: dict[str, str] = _INTERNAL) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=optional, info=info)


def _moment(name: str, *, optional: bool = False, index: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=optional, index=index, info=_INTERNAL)


def _octets(name: str, info: dict[str, str], *, key: bool = False, optional: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, primary_key=key, nullable=optional, info=info)


accounts = sa.Table(
    "idp_accounts",
    metadata,
    _text("id", 60, key=True),
    _text("username", 100),
    _text("kind", 20),
    _octets("person", _PERSONAL),
    _octets("holder_index", _PERSONAL, optional=True),
    _octets("phone_index", _PERSONAL, optional=True),
    _octets("email_index", _PERSONAL, optional=True),
    sa.Column("real_name_level", sa.Integer, nullable=False, info=_INTERNAL),
    _text("organization", 200, optional=True),
    _text("department", 200, optional=True),
    _json("roles"),
    _moment("created_at"),
    _moment("updated_at"),
    _moment("disabled_at", optional=True),
    sa.UniqueConstraint("username", name="idp_accounts_username"),
    sa.UniqueConstraint("holder_index", name="idp_accounts_holder"),
    sa.Index("idp_accounts_phone", "phone_index"),
    sa.Index("idp_accounts_email", "email_index"),
)
authenticators = sa.Table(
    "idp_authenticators",
    metadata,
    _text("id", 60, key=True),
    _text("account_id", 60),
    _text("kind", 20),
    _text("name", 100),
    _octets("secret", _SECRET),
    sa.Column("counter", sa.BigInteger, nullable=False, info=_INTERNAL),
    _moment("created_at"),
    _moment("last_used_at", optional=True),
    sa.UniqueConstraint("account_id", "kind", "name", name="idp_authenticators_name"),
)
tries = sa.Table(
    "idp_tries",
    metadata,
    _text("what", 20, key=True),
    _octets("digest", _INTERNAL, key=True),
    _moment("since", index=True),
    sa.Column("count", sa.Integer, nullable=False, info=_INTERNAL),
)
clients = sa.Table(
    "idp_clients",
    metadata,
    _text("client_id", 100, _PUBLIC, key=True),
    _text("name", 200, _PUBLIC),
    _text("department", 18, _PUBLIC),
    _text("token_endpoint_auth_method", 40),
    _json("redirect_uris"),
    _json("post_logout_redirect_uris"),
    _json("scopes"),
    _json("grant_types"),
    _json("secrets", info=_SECRET),
    _json("jwks", optional=True),
    sa.Column("require_pkce", sa.Boolean, nullable=False, info=_INTERNAL),
    sa.Column("require_consent", sa.Boolean, nullable=False, info=_INTERNAL),
    _text("id_token_signed_response_alg", 10),
    _text("default_acr", 100, optional=True),
    _text("home_url", 2000, _PUBLIC, optional=True),
    _text("task", 200, _PUBLIC, optional=True),
    _json("origins"),
    _json("request_uris"),
    sa.Column("require_pushed_authorization_requests", sa.Boolean, nullable=False, info=_INTERNAL),
    _text("userinfo_signed_response_alg", 10, optional=True),
    _moment("created_at"),
    _moment("disabled_at", optional=True),
)
origins = sa.Table(
    "idp_origins",
    metadata,
    _text("origin", 300, _PUBLIC, key=True),
    _text("client_id", 100, _PUBLIC, key=True),
)
assertions = sa.Table(
    "idp_assertions",
    metadata,
    _text("client_id", 100, key=True),
    _octets("jti_digest", _INTERNAL, key=True),
    _moment("expires_at", index=True),
)
consents = sa.Table(
    "idp_consents",
    metadata,
    _text("account_id", 60, key=True),
    _text("client_id", 100, key=True),
    _json("scopes"),
    _moment("granted_at"),
)
sessions = sa.Table(
    "idp_sessions",
    metadata,
    _text("id", 60, key=True),
    _octets("secret_hash", _SECRET),
    _text("account_id", 60),
    _text("acr", 100),
    _json("amr"),
    _moment("auth_time"),
    _moment("created_at"),
    _moment("seen_at"),
    _moment("ends_at", index=True),
    sa.Column("idle_seconds", sa.Integer, nullable=False, info=_INTERNAL),
    _octets("device", _PERSONAL),
    _moment("ended_at", optional=True),
    sa.UniqueConstraint("secret_hash", name="idp_sessions_secret"),
    sa.Index("idp_sessions_account", "account_id"),
)
session_clients = sa.Table(
    "idp_session_clients",
    metadata,
    _text("session_id", 60, key=True),
    _text("client_id", 100, key=True),
    _moment("told_at"),
)
transactions = sa.Table(
    "idp_transactions",
    metadata,
    _text("id", 60, key=True),
    _octets("browser_hash", _SECRET, optional=True),
    _text("client_id", 100, optional=True),
    _json("request", optional=True),
    _moment("created_at"),
    _moment("expires_at", index=True),
    _text("account_id", 60, optional=True),
    _json("passed"),
    _moment("authenticated_at", optional=True),
    _moment("finished_at", optional=True),
)
pushed_requests = sa.Table(
    "idp_pushed_requests",
    metadata,
    _octets("uri_hash", _SECRET, key=True),
    _text("client_id", 100),
    _json("request"),
    _moment("created_at"),
    _moment("expires_at", index=True),
)
grants = sa.Table(
    "idp_grants",
    metadata,
    _text("id", 60, key=True),
    _text("client_id", 100),
    _text("account_id", 60),
    _text("session_id", 60),
    _json("scopes"),
    sa.Column("offline", sa.Boolean, nullable=False, info=_INTERNAL),
    _text("acr", 100),
    _json("amr"),
    _moment("auth_time"),
    _moment("created_at", index=True),
    _json("claims", optional=True),
    _moment("revoked_at", optional=True),
    sa.Index("idp_grants_session", "session_id"),
    sa.Index("idp_grants_account", "account_id"),
)
codes = sa.Table(
    "idp_codes",
    metadata,
    _octets("code_hash", _SECRET, key=True),
    _text("grant_id", 60),
    _text("client_id", 100),
    _text("redirect_uri", 2000),
    _text("code_challenge", 128, optional=True),
    _json("nonce", optional=True),
    _moment("created_at"),
    _moment("expires_at", index=True),
    _moment("redeemed_at", optional=True),
)
refresh_tokens = sa.Table(
    "idp_refresh_tokens",
    metadata,
    _octets("token_hash", _SECRET, key=True),
    _text("grant_id", 60),
    _text("client_id", 100),
    _moment("created_at"),
    _moment("expires_at", index=True),
    _moment("used_at", optional=True),
)
revoked_tokens = sa.Table(
    "idp_revoked_tokens",
    metadata,
    _text("jti", 100, key=True),
    _moment("expires_at", index=True),
)
signing_keys = sa.Table(
    "idp_signing_keys",
    metadata,
    _text("algorithm", 10, _PUBLIC, key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False, info=_PUBLIC),
    _text("label", 100),
    _moment("signs_from"),
    _moment("created_at"),
    _text("kid", 100, _PUBLIC, optional=True),
    _json("jwk", optional=True, info=_PUBLIC),
    sa.Column("certificate", sa.LargeBinary, info=_PUBLIC),
)


class OnConnection:
    """What the parts of the records share: the connection and how values are written."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def _add_once(self, table: sa.Table, values: Mapping[str, Any]) -> bool:
        """Insert a row unless any unique constraint has its like."""
        # What was inserted is asked for, because drivers don't agree on the row count of an insert.
        statement = self._insert(table).values(**values).on_conflict_do_nothing().returning(*table.primary_key)
        return self._connection.execute(statement).first() is not None

    def _put(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        """Insert a row or replace the one with the same primary key."""
        statement = self._insert(table)
        keys = [column.name for column in table.primary_key]
        rest = {name: statement.excluded[name] for name in values if name not in keys}
        self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), dict(values))

    def _change(self, statement: sa.Update | sa.Delete) -> bool:
        return self._connection.execute(statement).rowcount > 0

    def _first(self, statement: sa.Select[Any]) -> sa.RowMapping | None:
        return self._connection.execute(statement).mappings().first()

    def _all(self, statement: sa.Select[Any]) -> Sequence[sa.RowMapping]:
        return self._connection.execute(statement).mappings().all()

    def _insert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        return sqlite.insert(table) if self._connection.dialect.name == "sqlite" else postgresql.insert(table)


def as_json(value: Json) -> str:
    """Return the stored form of a list or an object."""
    return canonical(value).decode()


def texts(value: str) -> tuple[str, ...]:
    """Return a stored list of texts."""
    return tuple(json.loads(value))


def micros(moment: datetime | None) -> int | None:
    """Return the stored form of a moment that may be missing."""
    return None if moment is None else to_micros(moment)


def moment(value: int | None) -> datetime | None:
    """Return a stored moment that may be missing."""
    return None if value is None else from_micros(value)
