"""Mandates have a signed form. Those of before have none and count for nothing until they are given anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("idp_mandates", sa.Column("document", sa.LargeBinary(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("idp_mandates", "document")
