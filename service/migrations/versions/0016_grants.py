"""Resources, token exchange by mandates, device authorization."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the column; grants that exist are for our own endpoints."""
    op.add_column("idp_grants", sa.Column("resources", sa.Text(), nullable=True))
    op.create_table(
        "idp_resources",
        sa.Column("resource", sa.String(length=512), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("resource"),
    )
    op.create_table(
        "idp_mandates",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("organization_id", sa.String(length=60), nullable=False),
        sa.Column("agent_id", sa.String(length=60), nullable=False),
        sa.Column("departments", sa.Text(), nullable=False),
        sa.Column("powers", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idp_mandates_parties", "idp_mandates", ["organization_id", "agent_id"])
    op.create_index("idp_mandates_agent", "idp_mandates", ["agent_id"])
    op.create_table(
        "idp_device_requests",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("device_code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_code_index", sa.LargeBinary(), nullable=False),
        sa.Column("user_code", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("resources", sa.Text(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("grant_id", sa.String(length=60), nullable=True),
        sa.Column("consumed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("device_code_hash", name="idp_device_requests_code"),
        sa.UniqueConstraint("user_code_index", name="idp_device_requests_user_code"),
    )
    op.create_index("ix_idp_device_requests_expires_at", "idp_device_requests", ["expires_at"])


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_idp_device_requests_expires_at", table_name="idp_device_requests")
    op.drop_table("idp_device_requests")
    op.drop_table("idp_mandates")
    op.drop_table("idp_resources")
    op.drop_column("idp_grants", "resources")
