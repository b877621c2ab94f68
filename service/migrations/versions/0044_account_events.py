"""Account events that departments are told of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "idp_event_deliveries",
        sa.Column("jti", sa.String(length=60), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("error", sa.String(length=100), nullable=True),
        sa.PrimaryKeyConstraint("jti"),
    )
    for name in ("at", "next_try_at"):
        op.create_index(op.f(f"ix_idp_event_deliveries_{name}"), "idp_event_deliveries", [name], unique=False)


def downgrade() -> None:
    """Take it away."""
    op.drop_table("idp_event_deliveries")
