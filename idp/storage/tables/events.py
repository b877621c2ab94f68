"""The tables of what clients are told of accounts, and of what they want to be told."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import INTERNAL, SECRET, json_column, metadata, moment_column, octets_column, text_column

_UNTOLD = sa.text("error IS NOT NULL")
_OWED = sa.text("next_try_at IS NOT NULL")

event_deliveries = sa.Table(
    "idp_event_deliveries",
    metadata,
    text_column("jti", 60, key=True),
    text_column("client_id", 100),
    text_column("account_id", 60),
    text_column("event", 60),
    moment_column("at", index=True),
    moment_column("next_try_at", optional=True, index=True),
    sa.Column("tries", sa.Integer, nullable=False, info=INTERNAL),
    text_column("outcome", 20, optional=True),
    text_column("error", 100, optional=True),
    text_column("state", 500, optional=True),
    sa.Index("idp_event_deliveries_untold", "at", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
    sa.Index("idp_event_deliveries_owed", "client_id", "at", "jti", sqlite_where=_OWED, postgresql_where=_OWED),
)

event_streams = sa.Table(
    "idp_event_streams",
    metadata,
    text_column("client_id", 100, key=True),
    json_column("requested", optional=True),
    text_column("description", 500, optional=True),
    octets_column("authorization", SECRET, optional=True),
    text_column("status", 20),
    text_column("reason", 500, optional=True),
    moment_column("verified_at", optional=True),
)

muted_events = sa.Table(
    "idp_muted_events",
    metadata,
    text_column("account_id", 60, key=True),
    text_column("client_id", 100, key=True),
)
