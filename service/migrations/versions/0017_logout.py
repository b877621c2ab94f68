"""What clients are told of ended sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "idp_logout_deliveries",
        sa.Column("session_id", sa.String(length=60), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("client_name", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("owed_at", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("error", sa.String(length=100), nullable=True),
        sa.PrimaryKeyConstraint("session_id", "client_id"),
    )
    op.create_index("idp_logout_deliveries_account", "idp_logout_deliveries", ["account_id", "owed_at"], unique=False)
    untold = sa.text("error IS NOT NULL")
    op.create_index(
        "idp_logout_deliveries_untold", "idp_logout_deliveries", ["client_id"], sqlite_where=untold, postgresql_where=untold
    )
    op.create_index(op.f("ix_idp_logout_deliveries_next_try_at"), "idp_logout_deliveries", ["next_try_at"], unique=False)


def downgrade() -> None:
    """Take it away."""
    op.drop_index(op.f("ix_idp_logout_deliveries_next_try_at"), table_name="idp_logout_deliveries")
    op.drop_index("idp_logout_deliveries_untold", table_name="idp_logout_deliveries")
    op.drop_index("idp_logout_deliveries_account", table_name="idp_logout_deliveries")
    op.drop_table("idp_logout_deliveries")
