"""Consents to departments' fetching people's licences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "licenses_consents",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("department", sa.String(length=18), nullable=False),
        sa.Column("department_name", sa.String(length=200), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("type_code", sa.String(length=21), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("department", "holder_index", "type_code", name="uq_licenses_consents_one"),
    )
    op.create_index(op.f("ix_licenses_consents_holder_index"), "licenses_consents", ["holder_index"], unique=False)


def downgrade() -> None:
    """Take it away."""
    op.drop_table("licenses_consents")
