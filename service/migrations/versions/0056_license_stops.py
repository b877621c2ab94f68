"""Why issuing licences is stopped."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "licenses_stops",
        sa.Column("identifier", sa.String(length=120), nullable=False),
        sa.Column("finding", sa.String(length=60), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("consent_by", sa.String(length=220), nullable=True),
        sa.Column("resumed_by", sa.String(length=220), nullable=True),
        sa.Column("resumed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("identifier"),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("licenses_stops")
