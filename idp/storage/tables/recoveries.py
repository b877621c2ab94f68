"""The table of recoveries."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import (
    PERSONAL,
    SECRET,
    json_column,
    metadata,
    moment_column,
    octets_column,
    text_column,
)

recoveries = sa.Table(
    "idp_recoveries",
    metadata,
    text_column("id", 60, key=True),
    text_column("account_id", 60, optional=True),
    text_column("step", 20),
    text_column("channel", 10, optional=True),
    octets_column("browser_hash", SECRET),
    octets_column("token_hash", SECRET),
    octets_column("tried_as", PERSONAL),
    octets_column("code_digest", SECRET),
    moment_column("code_until"),
    moment_column("created_at"),
    moment_column("expires_at", index=True),
    moment_column("due_at", optional=True),
    json_column("proofs"),
    sa.Index("idp_recoveries_account", "account_id"),
)
