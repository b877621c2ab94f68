"""The tables of departments' systems, their assertions and consents."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import (
    INTERNAL,
    KEY_ALONE,
    PUBLIC,
    SECRET,
    json_column,
    metadata,
    moment_column,
    octets_column,
    text_column,
)

clients = sa.Table(
    "idp_clients",
    metadata,
    text_column("client_id", 100, PUBLIC, key=True),
    text_column("name", 200, PUBLIC),
    text_column("department", 18, PUBLIC),
    text_column("token_endpoint_auth_method", 40),
    json_column("secrets", info=SECRET),
    octets_column("registration_token", SECRET, optional=True),
    json_column("metadata"),
    sa.Column("version", sa.Integer, nullable=False, info=INTERNAL),
    moment_column("created_at"),
    moment_column("disabled_at", optional=True),
)

secret_uses = sa.Table(
    "idp_secret_uses",
    metadata,
    text_column("client_id", 100, key=True),
    octets_column("secret_hash", SECRET, key=True),
    moment_column("used_at"),
)

invitations = sa.Table(
    "idp_invitations",
    metadata,
    octets_column("token_hash", SECRET, key=True),
    text_column("department", 18, PUBLIC),
    sa.Column("uses_left", sa.Integer, nullable=False, info=INTERNAL),
    moment_column("created_at"),
    moment_column("expires_at", index=True),
)

origins = sa.Table(
    "idp_origins",
    metadata,
    text_column("origin", 300, PUBLIC, key=True),
    text_column("client_id", 100, PUBLIC, key=True),
)

resources = sa.Table(
    "idp_resources",
    metadata,
    text_column("resource", 512, PUBLIC, key=True),
    text_column("client_id", 100, PUBLIC),
)

assertions = sa.Table(
    "idp_assertions",
    metadata,
    text_column("client_id", 100, key=True),
    octets_column("jti_digest", INTERNAL, key=True),
    moment_column("expires_at"),
    **KEY_ALONE,
)

consents = sa.Table(
    "idp_consents",
    metadata,
    text_column("account_id", 60, key=True),
    text_column("client_id", 100, key=True),
    moment_column("granted_at"),
    moment_column("used_at"),
    json_column("scopes"),
    json_column("claims"),
    json_column("declined"),
    json_column("told"),
    text_column("subject", 60, optional=True),
    sa.Index("ix_idp_consents_subject", "client_id", "subject"),
)
