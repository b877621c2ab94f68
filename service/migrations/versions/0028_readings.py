"""What licences of this node were read to show, kept so that nobody reads the same file twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "licenses_readings",
        sa.Column("pdf_sha256", sa.String(64), primary_key=True),
        sa.Column("reading", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("licenses_readings")
