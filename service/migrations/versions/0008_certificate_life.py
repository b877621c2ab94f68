"""Invitations, alarms, the review's stop; certificates found by their end and by their subject."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_index("ix_pki_certificates_end", "pki_certificates", ["not_after"], unique=False)
    op.create_index("ix_pki_certificates_subject", "pki_certificates", ["subject", "profile"], unique=False)
    op.create_table(
        "pki_invitations",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("serial", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["serial"], ["pki_certificates.serial"]),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "pki_alarms",
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("days", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["serial"], ["pki_certificates.serial"]),
        sa.PrimaryKeyConstraint("serial", "days"),
    )
    op.create_table(
        "pki_stops",
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("finding", sa.String(length=400), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("consent_by", sa.String(length=200), nullable=True),
        sa.Column("resumed_by", sa.String(length=200), nullable=True),
        sa.Column("resumed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["serial"], ["pki_certificates.serial"]),
        sa.PrimaryKeyConstraint("serial"),
    )
    op.create_index("ix_pki_stops_resumed_at", "pki_stops", ["resumed_at"], unique=False)


def downgrade() -> None:
    """Remove them."""
    for table in ("pki_stops", "pki_alarms", "pki_invitations"):
        op.drop_table(table)
    op.drop_index("ix_pki_certificates_subject", table_name="pki_certificates")
    op.drop_index("ix_pki_certificates_end", table_name="pki_certificates")
