"""The tables beside authenticators: recovery codes, challenges that were answered, codes that were sent and when such a one was last used."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import INTERNAL, KEY_ALONE, PERSONAL, SECRET, metadata, moment_column, octets_column, text_column

recovery_codes = sa.Table(
    "idp_recovery_codes",
    metadata,
    text_column("authenticator_id", 60, key=True),
    octets_column("digest", SECRET, key=True),
    moment_column("used_at", optional=True),
)

challenges = sa.Table(
    "idp_challenges",
    metadata,
    octets_column("digest", INTERNAL, key=True),
    moment_column("expires_at"),
    **KEY_ALONE,
)

sent_codes = sa.Table(
    "idp_sent_codes",
    metadata,
    text_column("account_id", 60, key=True),
    text_column("channel", 10, key=True),
    octets_column("digest", SECRET),
    octets_column("destination", PERSONAL),
    moment_column("expires_at"),
)

code_uses = sa.Table(
    "idp_code_uses",
    metadata,
    text_column("account_id", 60, key=True),
    text_column("channel", 10, key=True),
    moment_column("used_at"),
)
