"""What was verified here of other nodes' licences, until they heard it, and how far they were heard."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0100"
down_revision = "0102"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables; what was verified before is not told."""
    op.create_table(
        "licenses_untold",
        sa.Column("node_code", sa.String(6), primary_key=True),
        sa.Column("target", sa.String(120), primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "licenses_heard",
        sa.Column("node_code", sa.String(6), primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_table("licenses_heard")
    op.drop_table("licenses_untold")
