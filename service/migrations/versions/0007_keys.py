"""Rollovers of the certification authorities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pki_rollovers",
        sa.Column("ca", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("replaces", sa.String(length=16), nullable=False),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("ca"),
    )
    op.create_table(
        "pki_rollover_approvals",
        sa.Column("ca", sa.String(length=16), nullable=False),
        sa.Column("approver", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ca"], ["pki_rollovers.ca"]),
        sa.PrimaryKeyConstraint("ca", "approver"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("pki_rollover_approvals")
    op.drop_table("pki_rollovers")
