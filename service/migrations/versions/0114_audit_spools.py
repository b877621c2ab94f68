"""How far the files were taken in which audit events are on their way into the trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0114"
down_revision = "0113"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "service_audit_spools",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("taken", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Undo it; what was not taken stays in its files."""
    op.drop_table("service_audit_spools")
