"""The table of what clients are told of ended sessions."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import INTERNAL, PUBLIC, metadata, moment_column, text_column

_UNTOLD = sa.text("error IS NOT NULL")

logout_deliveries = sa.Table(
    "idp_logout_deliveries",
    metadata,
    text_column("session_id", 60, key=True),
    text_column("client_id", 100, key=True),
    text_column("client_name", 200, PUBLIC),
    text_column("account_id", 60),
    moment_column("owed_at"),
    moment_column("next_try_at", optional=True, index=True),
    sa.Column("tries", sa.Integer, nullable=False, info=INTERNAL),
    moment_column("tried_at", optional=True),
    text_column("outcome", 20, optional=True),
    text_column("error", 100, optional=True),
    sa.Index("idp_logout_deliveries_account", "account_id", "owed_at"),
    sa.Index("idp_logout_deliveries_untold", "client_id", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
)
