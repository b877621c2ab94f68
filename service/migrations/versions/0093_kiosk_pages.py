"""A kiosk may be a page of the node's own: which requests are its, and which session it was lent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0093"
down_revision = "0085"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("idp_device_requests", sa.Column("own_page", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("idp_device_requests", sa.Column("session_id", sa.String(60), nullable=True))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("idp_device_requests", "session_id")
    op.drop_column("idp_device_requests", "own_page")
