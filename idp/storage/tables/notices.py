"""The tables of what people are told, of the browsers that they use, and of what they report."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import (
    INTERNAL,
    KEY_ALONE,
    PERSONAL,
    json_column,
    metadata,
    moment_column,
    octets_column,
    text_column,
)

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
    moment_column("read_at", optional=True),
    sa.Index("idp_notices_account", "account_id", "at"),
    sa.Index("idp_notices_waiting", "sent_at", "at"),
)

devices = sa.Table(
    "idp_devices",
    metadata,
    octets_column("device", INTERNAL, key=True),  # first, since whose accounts were used in it is asked
    text_column("account_id", 60, key=True),
    moment_column("seen_at", index=True),
    **KEY_ALONE,
)

cases = sa.Table(
    "idp_cases",
    metadata,
    text_column("id", 60, key=True),
    text_column("account_id", 60),
    moment_column("opened_at"),
    text_column("notice_id", 60, optional=True),
    text_column("login_code", 20, optional=True),
    octets_column("words", PERSONAL),
    moment_column("decided_at", optional=True),
    text_column("decided_by", 200, optional=True),
    text_column("decision", 20, optional=True),
    sa.UniqueConstraint("notice_id", name="idp_cases_notice"),
    sa.UniqueConstraint("login_code", name="idp_cases_login"),
    sa.Index("idp_cases_open", "decided_at", "opened_at"),
)

logins = sa.Table(
    "idp_logins",
    metadata,
    text_column("code", 20, key=True),
    text_column("account_id", 60),
    text_column("session_id", 60),
    moment_column("at", index=True),
    text_column("acr", 100),
    octets_column("device", PERSONAL),
    sa.Index("idp_logins_account", "account_id", "at"),
)

switches = sa.Table(
    "idp_switches",
    metadata,
    text_column("what", 60, key=True),
    text_column("reason", 200),
    text_column("actor", 200),
    moment_column("at"),
)
