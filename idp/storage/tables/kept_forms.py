"""The table of forms that wait for their sender to log in again."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import PERSONAL, SECRET, metadata, moment_column, octets_column, text_column

kept_forms = sa.Table(
    "idp_kept_forms",
    metadata,
    text_column("id", 60, key=True),
    text_column("account_id", 60),
    octets_column("browser_hash", SECRET),
    octets_column("content", PERSONAL),
    moment_column("expires_at"),
    sa.Index("idp_kept_forms_account", "account_id", "expires_at"),
    sa.Index("idp_kept_forms_expires", "expires_at"),
)
