"""When somebody last logged in by a code that was sent to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0085"
down_revision = "0087"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty."""
    op.create_table(
        "idp_code_uses",
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "channel"),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("idp_code_uses")
