"""The tables of grants, codes, tokens and signing keys."""

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

_BY_MANDATE = sa.text("mandate_id IS NOT NULL")

grants = sa.Table(
    "idp_grants",
    metadata,
    text_column("id", 60, key=True),
    text_column("client_id", 100),
    text_column("account_id", 60),
    text_column("session_id", 60),
    json_column("scopes"),
    sa.Column("offline", sa.Boolean, nullable=False, info=INTERNAL),
    text_column("acr", 100),
    json_column("amr"),
    moment_column("auth_time"),
    moment_column("created_at", index=True),
    json_column("claims", optional=True),
    json_column("resources", optional=True),
    text_column("mandate_id", 60, optional=True),
    moment_column("revoked_at", optional=True),
    sa.Index("idp_grants_session", "session_id"),
    sa.Index("idp_grants_account", "account_id"),
    sa.Index("idp_grants_mandate", "mandate_id", sqlite_where=_BY_MANDATE, postgresql_where=_BY_MANDATE),
)

codes = sa.Table(
    "idp_codes",
    metadata,
    octets_column("code_hash", SECRET, key=True),
    text_column("grant_id", 60),
    text_column("client_id", 100),
    text_column("redirect_uri", 2000),
    text_column("code_challenge", 128, optional=True),
    json_column("nonce", optional=True),
    moment_column("created_at"),
    moment_column("expires_at", index=True),
    moment_column("redeemed_at", optional=True),
    text_column("dpop_jkt", 43, optional=True),
    octets_column("redemption", INTERNAL, optional=True),
)

refresh_tokens = sa.Table(
    "idp_refresh_tokens",
    metadata,
    octets_column("token_hash", SECRET, key=True),
    text_column("grant_id", 60),
    text_column("client_id", 100),
    moment_column("created_at"),
    moment_column("expires_at", index=True),
    moment_column("used_at", optional=True),
    octets_column("asked", INTERNAL, optional=True),
    json_column("cnf", optional=True),
    sa.Index("idp_refresh_tokens_grant", "grant_id"),
)

revoked_tokens = sa.Table(
    "idp_revoked_tokens",
    metadata,
    text_column("jti", 100, key=True),
    moment_column("expires_at"),
    **KEY_ALONE,
)

proofs = sa.Table(
    "idp_proofs",
    metadata,
    octets_column("digest", INTERNAL, key=True),
    moment_column("expires_at"),
    **KEY_ALONE,
)

signing_keys = sa.Table(
    "idp_signing_keys",
    metadata,
    text_column("algorithm", 10, PUBLIC, key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False, info=PUBLIC),
    text_column("label", 100),
    moment_column("signs_from"),
    moment_column("created_at"),
    text_column("kid", 100, PUBLIC, optional=True),
    json_column("jwk", optional=True, info=PUBLIC),
    sa.Column("certificate", sa.LargeBinary, info=PUBLIC),
)
