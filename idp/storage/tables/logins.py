"""The tables of sessions and of logins on their way."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import (
    INTERNAL,
    KEY_ALONE,
    PERSONAL,
    SECRET,
    json_column,
    metadata,
    moment_column,
    octets_column,
    text_column,
)

sessions = sa.Table(
    "idp_sessions",
    metadata,
    text_column("id", 60, key=True),
    octets_column("secret_hash", SECRET),
    text_column("account_id", 60),
    text_column("acr", 100),
    json_column("amr"),
    moment_column("auth_time"),
    moment_column("created_at"),
    moment_column("seen_at"),
    moment_column("ends_at", index=True),
    sa.Column("idle_seconds", sa.Integer, nullable=False, info=INTERNAL),
    octets_column("device", PERSONAL),
    moment_column("ended_at", optional=True),
    sa.Column("lent", sa.Boolean, nullable=False, info=INTERNAL),
    sa.UniqueConstraint("secret_hash", name="idp_sessions_secret"),
    sa.Index("idp_sessions_account", "account_id"),
)

session_clients = sa.Table(
    "idp_session_clients",
    metadata,
    text_column("session_id", 60, key=True),
    text_column("client_id", 100, key=True),
    moment_column("told_at"),
    **KEY_ALONE,
)

HAS_PASSED = sa.text("passed <> '[]'")
"""Of a login on its way: a first factor was accepted."""

transactions = sa.Table(
    "idp_transactions",
    metadata,
    text_column("id", 60, key=True),
    octets_column("browser_hash", SECRET, optional=True),
    text_column("client_id", 100, optional=True),
    json_column("request", optional=True),
    moment_column("created_at"),
    moment_column("expires_at"),
    text_column("account_id", 60, optional=True),
    json_column("passed"),
    moment_column("authenticated_at", optional=True),
    text_column("acting", 60, optional=True),
    moment_column("finished_at", optional=True),
    sa.Index("idp_transactions_passed", "account_id", sqlite_where=HAS_PASSED, postgresql_where=HAS_PASSED),
)

pushed_requests = sa.Table(
    "idp_pushed_requests",
    metadata,
    octets_column("uri_hash", SECRET, key=True),
    text_column("client_id", 100),
    json_column("request"),
    moment_column("created_at"),
    moment_column("expires_at"),
)
