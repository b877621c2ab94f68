"""Which sessions were lent to kiosks, where nobody takes files away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0106"
down_revision = "0105"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what is lent now is over within minutes."""
    op.add_column("idp_sessions", sa.Column("lent", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("idp_sessions", "lent")
