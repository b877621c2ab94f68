"""Codes and refresh tokens remember the keys that they are bound to; DPoP proofs that were used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the columns; what was issued before is bound to no key."""
    op.create_table(
        "idp_proofs",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_idp_proofs_expires_at"), "idp_proofs", ["expires_at"], unique=False)
    op.add_column("idp_codes", sa.Column("dpop_jkt", sa.String(length=43), nullable=True))
    op.add_column("idp_refresh_tokens", sa.Column("cnf", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("idp_refresh_tokens", "cnf")
    op.drop_column("idp_codes", "dpop_jkt")
    op.drop_index(op.f("ix_idp_proofs_expires_at"), table_name="idp_proofs")
    op.drop_table("idp_proofs")
