"""The table of device authorization requests."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import (
    INTERNAL,
    SECRET,
    json_column,
    metadata,
    moment_column,
    octets_column,
    text_column,
)

device_requests = sa.Table(
    "idp_device_requests",
    metadata,
    text_column("id", 60, key=True),
    octets_column("device_code_hash", SECRET),
    octets_column("user_code_index", SECRET),
    octets_column("user_code", SECRET),
    text_column("client_id", 100),
    json_column("scopes"),
    json_column("resources"),
    sa.Column("interval_seconds", sa.Integer, nullable=False, info=INTERNAL),
    moment_column("created_at"),
    moment_column("expires_at", index=True),
    moment_column("polled_at", optional=True),
    moment_column("decided_at", optional=True),
    text_column("grant_id", 60, optional=True),
    moment_column("consumed_at", optional=True),
    sa.Column("own_page", sa.Boolean, nullable=False, info=INTERNAL),
    text_column("session_id", 60, optional=True),
    sa.UniqueConstraint("device_code_hash", name="idp_device_requests_code"),
    sa.UniqueConstraint("user_code_index", name="idp_device_requests_user_code"),
    sa.Index("idp_device_requests_grant", "grant_id"),
)
