"""Logins that wait for a second factor are found by whose they are, to be voided when the first one is replaced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0098"
down_revision = "0094"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    passed = sa.text("passed <> '[]'")
    op.create_index("idp_transactions_passed", "idp_transactions", ["account_id"], sqlite_where=passed, postgresql_where=passed)


def downgrade() -> None:
    """Take it away."""
    op.drop_index("idp_transactions_passed", table_name="idp_transactions")
