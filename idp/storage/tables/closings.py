"""The table of accounts that their owners close."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import metadata, moment_column, text_column

closings = sa.Table(
    "idp_closings",
    metadata,
    text_column("account_id", 60, key=True),
    moment_column("asked_at"),
    moment_column("closes_at"),
    moment_column("closed_at", optional=True),
    sa.Index("idp_closings_due", "closed_at", "closes_at"),
)
