"""The evidence behind real-name levels; what a department was told and what was agreed to, claim by claim."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_LISTS = ("claims", "declined", "told")


def upgrade() -> None:
    """Add both. Whoever agreed to scopes before is asked once more, for nobody wrote down which claims were meant."""
    op.create_table(
        "idp_verifications",
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("account_id", sa.String(60), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(100), nullable=False),
        sa.Column("claims", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
    )
    op.create_index("idp_verifications_account", "idp_verifications", ["account_id"])
    op.add_column("idp_consents", sa.Column("used_at", sa.BigInteger(), nullable=False, server_default="0"))
    for name in _LISTS:
        op.add_column("idp_consents", sa.Column(name, sa.Text(), nullable=False, server_default="[]"))
    op.execute("UPDATE idp_consents SET used_at = granted_at")


def downgrade() -> None:
    """Take both away again."""
    for name in (*_LISTS, "used_at"):
        op.drop_column("idp_consents", name)
    op.drop_index("idp_verifications_account", "idp_verifications")
    op.drop_table("idp_verifications")
