"""Accounts, clients, sessions, grants, keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "idp_accounts",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("username", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("email_index", sa.LargeBinary(), nullable=True),
        sa.Column("real_name_level", sa.Integer(), nullable=False),
        sa.Column("organization", sa.String(length=200), nullable=True),
        sa.Column("department", sa.String(length=200), nullable=True),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("holder_index", name="idp_accounts_holder"),
        sa.UniqueConstraint("username", name="idp_accounts_username"),
    )
    op.create_index("idp_accounts_email", "idp_accounts", ["email_index"], unique=False)
    op.create_index("idp_accounts_phone", "idp_accounts", ["phone_index"], unique=False)
    op.create_table(
        "idp_assertions",
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("jti_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "jti_digest"),
    )
    op.create_index(op.f("ix_idp_assertions_expires_at"), "idp_assertions", ["expires_at"], unique=False)
    op.create_table(
        "idp_authenticators",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "kind", "name", name="idp_authenticators_name"),
    )
    op.create_table(
        "idp_clients",
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=18), nullable=False),
        sa.Column("token_endpoint_auth_method", sa.String(length=40), nullable=False),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("post_logout_redirect_uris", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("grant_types", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("jwks", sa.Text(), nullable=True),
        sa.Column("require_pkce", sa.Boolean(), nullable=False),
        sa.Column("require_consent", sa.Boolean(), nullable=False),
        sa.Column("id_token_signed_response_alg", sa.String(length=10), nullable=False),
        sa.Column("default_acr", sa.String(length=100), nullable=True),
        sa.Column("home_url", sa.String(length=2000), nullable=True),
        sa.Column("task", sa.String(length=200), nullable=True),
        sa.Column("origins", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("client_id"),
    )
    op.create_table(
        "idp_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", sa.String(length=60), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("redirect_uri", sa.String(length=2000), nullable=False),
        sa.Column("code_challenge", sa.String(length=128), nullable=True),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash"),
    )
    op.create_index(op.f("ix_idp_codes_expires_at"), "idp_codes", ["expires_at"], unique=False)
    op.create_table(
        "idp_consents",
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "client_id"),
    )
    op.create_table(
        "idp_grants",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("session_id", sa.String(length=60), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("acr", sa.String(length=100), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idp_grants_account", "idp_grants", ["account_id"], unique=False)
    op.create_index("idp_grants_session", "idp_grants", ["session_id"], unique=False)
    op.create_index(op.f("ix_idp_grants_created_at"), "idp_grants", ["created_at"], unique=False)
    op.create_table(
        "idp_origins",
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("origin", "client_id"),
    )
    op.create_table(
        "idp_refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", sa.String(length=60), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(op.f("ix_idp_refresh_tokens_expires_at"), "idp_refresh_tokens", ["expires_at"], unique=False)
    op.create_table(
        "idp_revoked_tokens",
        sa.Column("jti", sa.String(length=100), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("jti"),
    )
    op.create_index(op.f("ix_idp_revoked_tokens_expires_at"), "idp_revoked_tokens", ["expires_at"], unique=False)
    op.create_table(
        "idp_session_clients",
        sa.Column("session_id", sa.String(length=60), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "client_id"),
    )
    op.create_table(
        "idp_sessions",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("acr", sa.String(length=100), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("idle_seconds", sa.Integer(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("secret_hash", name="idp_sessions_secret"),
    )
    op.create_index("idp_sessions_account", "idp_sessions", ["account_id"], unique=False)
    op.create_index(op.f("ix_idp_sessions_ends_at"), "idp_sessions", ["ends_at"], unique=False)
    op.create_table(
        "idp_signing_keys",
        sa.Column("algorithm", sa.String(length=10), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("signs_from", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("kid", sa.String(length=100), nullable=True),
        sa.Column("jwk", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("algorithm", "sequence"),
    )
    op.create_table(
        "idp_transactions",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=True),
        sa.Column("client_id", sa.String(length=100), nullable=True),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=True),
        sa.Column("passed", sa.Text(), nullable=False),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_idp_transactions_expires_at"), "idp_transactions", ["expires_at"], unique=False)
    op.create_table(
        "idp_tries",
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("what", "digest"),
    )
    op.create_index(op.f("ix_idp_tries_since"), "idp_tries", ["since"], unique=False)


def downgrade() -> None:
    """Remove them."""
    op.drop_index(op.f("ix_idp_tries_since"), table_name="idp_tries")
    op.drop_table("idp_tries")
    op.drop_index(op.f("ix_idp_transactions_expires_at"), table_name="idp_transactions")
    op.drop_table("idp_transactions")
    op.drop_table("idp_signing_keys")
    op.drop_index(op.f("ix_idp_sessions_ends_at"), table_name="idp_sessions")
    op.drop_index("idp_sessions_account", table_name="idp_sessions")
    op.drop_table("idp_sessions")
    op.drop_table("idp_session_clients")
    op.drop_index(op.f("ix_idp_revoked_tokens_expires_at"), table_name="idp_revoked_tokens")
    op.drop_table("idp_revoked_tokens")
    op.drop_index(op.f("ix_idp_refresh_tokens_expires_at"), table_name="idp_refresh_tokens")
    op.drop_table("idp_refresh_tokens")
    op.drop_table("idp_origins")
    op.drop_index(op.f("ix_idp_grants_created_at"), table_name="idp_grants")
    op.drop_index("idp_grants_session", table_name="idp_grants")
    op.drop_index("idp_grants_account", table_name="idp_grants")
    op.drop_table("idp_grants")
    op.drop_table("idp_consents")
    op.drop_index(op.f("ix_idp_codes_expires_at"), table_name="idp_codes")
    op.drop_table("idp_codes")
    op.drop_table("idp_clients")
    op.drop_table("idp_authenticators")
    op.drop_index(op.f("ix_idp_assertions_expires_at"), table_name="idp_assertions")
    op.drop_table("idp_assertions")
    op.drop_index("idp_accounts_phone", table_name="idp_accounts")
    op.drop_index("idp_accounts_email", table_name="idp_accounts")
    op.drop_table("idp_accounts")
