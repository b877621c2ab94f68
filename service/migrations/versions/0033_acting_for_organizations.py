"""Somebody acts for an organisation at login: what was chosen, what was granted by which mandate; representatives and offers of mandates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0036"
branch_labels = None
depends_on = None

_BY_MANDATE = sa.text("mandate_id IS NOT NULL")


def upgrade() -> None:
    """Add columns and tables."""
    op.add_column("idp_transactions", sa.Column("acting", sa.String(length=60), nullable=True))
    op.add_column("idp_grants", sa.Column("mandate_id", sa.String(length=60), nullable=True))
    op.create_index("idp_grants_mandate", "idp_grants", ["mandate_id"], sqlite_where=_BY_MANDATE, postgresql_where=_BY_MANDATE)
    op.create_table(
        "idp_mandate_offers",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("organization_id", sa.String(length=60), nullable=False),
        sa.Column("agent_index", sa.LargeBinary(), nullable=False),
        sa.Column("agent", sa.LargeBinary(), nullable=False),
        sa.Column("departments", sa.Text(), nullable=False),
        sa.Column("powers", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_idp_mandate_offers_expires_at", "idp_mandate_offers", ["expires_at"])
    op.create_index("idp_mandate_offers_organization", "idp_mandate_offers", ["organization_id"])
    op.create_index("idp_mandate_offers_agent", "idp_mandate_offers", ["agent_index"])
    op.create_table(
        "idp_representatives",
        sa.Column("organization_id", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id"),
    )
    op.create_index("ix_idp_representatives_checked_at", "idp_representatives", ["checked_at"])
    op.create_index("idp_representatives_account", "idp_representatives", ["account_id"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("idp_representatives")
    op.drop_table("idp_mandate_offers")
    op.drop_index("idp_grants_mandate", table_name="idp_grants")
    op.drop_column("idp_grants", "mandate_id")
    op.drop_column("idp_transactions", "acting")
