"""Files of applications that workers issue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "licenses_batches",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("asked_by", sa.String(length=220), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("departments", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_licenses_batches_asked_at"), "licenses_batches", ["asked_at"], unique=False)
    op.create_table(
        "licenses_batch_chunks",
        sa.Column("batch_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("taken_until", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.Column("already", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "place"),
    )
    left = sa.text("done_at IS NULL")
    op.create_index(
        "licenses_batch_chunks_left", "licenses_batch_chunks", ["batch_id", "place"], sqlite_where=left, postgresql_where=left
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("licenses_batch_chunks")
    op.drop_table("licenses_batches")
