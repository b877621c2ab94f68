"""When the keys that sign QR codes came and went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; of a node's first key nothing is stored as long as it is the only one."""
    op.create_table(
        "licenses_qr_keys",
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("announced_at", sa.BigInteger(), nullable=False),
        sa.Column("signs_from", sa.BigInteger(), nullable=False),
        sa.Column("consent_by", sa.String(length=220), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("label"),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("licenses_qr_keys")
