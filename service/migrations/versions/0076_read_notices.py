"""When people read what they were told. What was told before counts as read: it stood on the account's page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("idp_notices", sa.Column("read_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE idp_notices SET read_at = at")


def downgrade() -> None:
    """Take it away."""
    op.drop_column("idp_notices", "read_at")
