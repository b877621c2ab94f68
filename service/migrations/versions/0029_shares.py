"""What holders show of their licences, and who saw it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0046"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "licenses_shares",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("identifier", sa.String(length=120), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("most_uses", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(op.f("ix_licenses_shares_holder_index"), "licenses_shares", ["holder_index"], unique=False)
    op.create_index(op.f("ix_licenses_shares_identifier"), "licenses_shares", ["identifier"], unique=False)
    op.create_table(
        "licenses_looks",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("identifier", sa.String(length=120), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_licenses_looks_identifier"), "licenses_looks", ["identifier"], unique=False)


def downgrade() -> None:
    """Take them away."""
    op.drop_table("licenses_looks")
    op.drop_table("licenses_shares")
