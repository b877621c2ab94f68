"""What number somebody says is theirs beside whose it was proven to be; documents seen at a window, and codes shown there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0026"
branch_labels = None
depends_on = None

_PROVEN = 3


def upgrade() -> None:
    """Add columns and the table. A resident ID that nobody but its owner vouches for is no longer theirs alone."""
    op.add_column("idp_accounts", sa.Column("number_index", sa.LargeBinary(), nullable=True))
    op.create_index("idp_accounts_number", "idp_accounts", ["number_index"], unique=False)
    names = ("kind", "real_name_level", "holder_index", "number_index")
    stored = sa.table("idp_accounts", *(sa.column(name) for name in names))
    op.get_bind().execute(stored.update().values(number_index=stored.c.holder_index))
    unproven = (stored.c.real_name_level < _PROVEN, stored.c.kind != "enterprise")
    op.get_bind().execute(stored.update().where(*unproven).values(holder_index=sa.null()))
    op.add_column("idp_verifications", sa.Column("document", sa.String(length=40), nullable=True))
    op.create_table(
        "idp_window_codes",
        sa.Column("account_id", sa.String(length=60), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_index("idp_window_codes_digest", "idp_window_codes", ["digest"], unique=True)
    op.create_index(op.f("ix_idp_window_codes_expires_at"), "idp_window_codes", ["expires_at"], unique=False)


def downgrade() -> None:
    """Take them away; numbers that nobody has proven are looked up no longer."""
    op.drop_table("idp_window_codes")
    op.drop_column("idp_verifications", "document")
    op.drop_index("idp_accounts_number", table_name="idp_accounts")
    op.drop_column("idp_accounts", "number_index")
