"""Licence templates that wait for a second officer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0089"
down_revision = "0093"
branch_labels = None
depends_on = None

_TABLE = "licenses_template_proposals"


def upgrade() -> None:
    """Add the table; of each type one proposal at a time is under way."""
    op.create_table(
        _TABLE,
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("type_code", sa.String(length=21), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.Column("sample", sa.LargeBinary(), nullable=False),
        sa.Column("pictures", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.String(length=220), nullable=False),
        sa.Column("asked_person", sa.String(length=220), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by", sa.String(length=220), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("type_version", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    under_way = sa.text("state <> 'done'")
    op.create_index(
        "uq_licenses_template_proposals_type",
        _TABLE,
        ["type_code"],
        unique=True,
        sqlite_where=under_way,
        postgresql_where=under_way,
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table(_TABLE)
