"""The tables of mandates, of those that wait to be accepted, and of who represents organisations."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import INTERNAL, PERSONAL, json_column, metadata, moment_column, octets_column, text_column

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

mandate_offers = sa.Table(
    "idp_mandate_offers",
    metadata,
    text_column("id", 60, key=True),
    text_column("organization_id", 60),
    octets_column("agent_index", INTERNAL),
    octets_column("agent", PERSONAL),
    json_column("departments"),
    json_column("powers"),
    moment_column("valid_until"),
    moment_column("created_at"),
    moment_column("expires_at", index=True),
    sa.Index("idp_mandate_offers_organization", "organization_id"),
    sa.Index("idp_mandate_offers_agent", "agent_index"),
)

representatives = sa.Table(
    "idp_representatives",
    metadata,
    text_column("organization_id", 60, key=True),
    text_column("account_id", 60),
    moment_column("since"),
    moment_column("checked_at", index=True),
    sa.Index("idp_representatives_account", "account_id"),
)
