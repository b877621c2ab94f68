"""Recoveries, and over which channels a notice has gone already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "idp_recoveries",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=True),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=True),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tried_as", sa.LargeBinary(), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("code_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("proofs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idp_recoveries_account", "idp_recoveries", ["account_id"], unique=False)
    op.create_index(op.f("ix_idp_recoveries_expires_at"), "idp_recoveries", ["expires_at"], unique=False)
    op.add_column("idp_notices", sa.Column("sent_over", sa.Text(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("idp_notices", "sent_over")
    op.drop_table("idp_recoveries")
