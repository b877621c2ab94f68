"""The worker's failures that no success has followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0110"
down_revision = "0108"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "service_failed_jobs",
        sa.Column("job", sa.String(60), primary_key=True),
        sa.Column("subject", sa.String(60), primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("error", sa.String(100), nullable=False),
        sa.Column("incident", sa.String(20), nullable=False),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("service_failed_jobs")
