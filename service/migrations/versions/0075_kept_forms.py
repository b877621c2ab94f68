"""Forms that wait for their sender to log in again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0079"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "idp_kept_forms",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idp_kept_forms_account", "idp_kept_forms", ["account_id", "expires_at"], unique=False)
    op.create_index("idp_kept_forms_expires", "idp_kept_forms", ["expires_at"], unique=False)


def downgrade() -> None:
    """Take it away."""
    op.drop_table("idp_kept_forms")
