"""What waits for a second admin; accounts by kind and by organisation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the indexes."""
    op.create_table(
        "idp_proposals",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=60), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("proposed_by", sa.String(length=300), nullable=False),
        sa.Column("proposed_person", sa.String(length=300), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("decided_by", sa.String(length=300), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idp_proposals_state", "idp_proposals", ["state", "proposed_at"], unique=False)
    op.create_index("idp_accounts_kind", "idp_accounts", ["kind", "username"], unique=False)
    op.create_index("idp_accounts_organization", "idp_accounts", ["organization"], unique=False)


def downgrade() -> None:
    """Take them away."""
    op.drop_index("idp_accounts_organization", table_name="idp_accounts")
    op.drop_index("idp_accounts_kind", table_name="idp_accounts")
    op.drop_table("idp_proposals")
