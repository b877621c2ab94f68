"""What nodes see of each other's transparency logs, and the index by which the status list is made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "licenses_log_witnessed",
        sa.Column("node_code", sa.String(length=6), nullable=False),
        sa.Column("verifier_key", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node_code"),
    )
    op.create_table(
        "licenses_log_cosigned",
        sa.Column("witness_code", sa.String(length=6), nullable=False),
        sa.Column("verifier_key", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("witness_code"),
    )
    op.create_table(
        "licenses_log_faults",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("node_code", sa.String(length=6), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("held_sha256", sa.String(length=64), nullable=False),
        sa.Column("held", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("found_by", sa.String(length=6), nullable=False),
        sa.Column("settled_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("node_code", "kind", "held_sha256", name="uq_licenses_log_faults"),
    )
    not_valid = sa.text("status != '01'")
    op.create_index(
        "ix_licenses_not_valid", "licenses_licenses", ["status_index"], sqlite_where=not_valid, postgresql_where=not_valid
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_licenses_not_valid", table_name="licenses_licenses")
    for table in ("faults", "cosigned", "witnessed"):
        op.drop_table(f"licenses_log_{table}")
