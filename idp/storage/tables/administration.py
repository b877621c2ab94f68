"""The table of what waits for a second admin."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import metadata, moment_column, text_column

proposals = sa.Table(
    "idp_proposals",
    metadata,
    text_column("id", 60, key=True),
    text_column("act", 40),
    text_column("account_id", 60),
    text_column("role", 60, optional=True),
    text_column("reason", 300),
    text_column("proposed_by", 300),
    text_column("proposed_person", 300),
    moment_column("proposed_at"),
    moment_column("expires_at"),
    text_column("state", 20),
    text_column("decided_by", 300, optional=True),
    moment_column("decided_at", optional=True),
    sa.Index("idp_proposals_state", "state", "proposed_at"),
)
