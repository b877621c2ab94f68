"""The table of mandates."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import PERSONAL, json_column, metadata, moment_column, octets_column, text_column

mandates = sa.Table(
    "idp_mandates",
    metadata,
    text_column("id", 60, key=True),
    text_column("organization_id", 60),
    text_column("agent_id", 60),
    json_column("departments"),
    json_column("powers"),
    moment_column("valid_from"),
    moment_column("valid_until"),
    moment_column("created_at"),
    octets_column("document", PERSONAL),
    moment_column("revoked_at", optional=True),
    sa.Index("idp_mandates_parties", "organization_id", "agent_id"),
    sa.Index("idp_mandates_agent", "agent_id"),
)
