"""Pushed authorization requests, request objects by reference, signed userinfo, claims asked for by name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the columns; clients and grants that exist have nothing of it."""
    op.create_table(
        "idp_pushed_requests",
        sa.Column("uri_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uri_hash"),
    )
    op.create_index(op.f("ix_idp_pushed_requests_expires_at"), "idp_pushed_requests", ["expires_at"], unique=False)
    op.add_column("idp_clients", sa.Column("request_uris", sa.Text(), nullable=False, server_default="[]"))
    op.add_column(
        "idp_clients",
        sa.Column("require_pushed_authorization_requests", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("idp_clients", sa.Column("userinfo_signed_response_alg", sa.String(length=10), nullable=True))
    op.add_column("idp_grants", sa.Column("claims", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("idp_grants", "claims")
    for name in ("userinfo_signed_response_alg", "require_pushed_authorization_requests", "request_uris"):
        op.drop_column("idp_clients", name)
    op.drop_index(op.f("ix_idp_pushed_requests_expires_at"), table_name="idp_pushed_requests")
    op.drop_table("idp_pushed_requests")
