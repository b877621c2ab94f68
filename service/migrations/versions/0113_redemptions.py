"""By which request a code was redeemed: what follows from it is stored by statements that are sent together and told it by nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0113"
down_revision = "0112"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing follows any more from what was redeemed before."""
    op.add_column("idp_codes", sa.Column("redemption", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("idp_codes", "redemption")
