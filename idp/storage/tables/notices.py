"""The tables of what people are told, of the browsers that they use, and of what they report."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import INTERNAL, PERSONAL, json_column, metadata, moment_column, octets_column, text_column

notices = sa.Table(
    "idp_notices",
    metadata,
    text_column("id", 60, key=True),
    text_column("account_id", 60),
    moment_column("at"),
    text_column("what", 40),
    octets_column("details", PERSONAL),
    moment_column("sent_at", optional=True),
    json_column("sent_over"),
    sa.Index("idp_notices_account", "account_id", "at"),
    sa.Index("idp_notices_waiting", "sent_at", "at"),
)

devices = sa.Table(
    "idp_devices",
    metadata,
    text_column("account_id", 60, key=True),
    octets_column("device", INTERNAL, key=True),
    moment_column("seen_at", index=True),
    sa.Index("idp_devices_device", "device"),
)

cases = sa.Table(
    "idp_cases",
    metadata,
    text_column("id", 60, key=True),
    text_column("account_id", 60),
    text_column("notice_id", 60),
    moment_column("opened_at"),
    sa.UniqueConstraint("notice_id", name="idp_cases_notice"),
)
