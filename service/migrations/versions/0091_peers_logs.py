"""What other nodes' logs say was issued, and how far each of them was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0091"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; of the logs that were seen nothing has been read yet."""
    op.add_column("licenses_log_witnessed", sa.Column("read", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "licenses_peers_issued",
        sa.Column("node_code", sa.String(6), primary_key=True),
        sa.Column("pdf_sha256", sa.String(64), primary_key=True),
        sa.Column("place", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_table("licenses_peers_issued")
    op.drop_column("licenses_log_witnessed", "read")
