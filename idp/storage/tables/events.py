"""The table of what clients are told of accounts."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import INTERNAL, metadata, moment_column, text_column

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
)
