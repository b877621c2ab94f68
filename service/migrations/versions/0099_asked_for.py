"""A refresh token that was exchanged says for what, so that its answer is given again to nobody who asks for something else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0099"
down_revision = "0098"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("idp_refresh_tokens", sa.Column("asked", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("idp_refresh_tokens", "asked")
