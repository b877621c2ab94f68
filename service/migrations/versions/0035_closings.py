"""Accounts that their owners close."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "idp_closings",
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_index("idp_closings_due", "idp_closings", ["closed_at", "closes_at"], unique=False)


def downgrade() -> None:
    """Take it away; what was to be closed stays open."""
    op.drop_table("idp_closings")
