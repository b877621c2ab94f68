"""Certificates, revocation lists, roles, seals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pki_certificates",
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("ca", sa.String(length=16), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("not_after", sa.BigInteger(), nullable=True),
        sa.Column("der", sa.LargeBinary(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("serial"),
        sa.UniqueConstraint("sha256"),
    )
    op.create_index("ix_pki_certificates_profile", "pki_certificates", ["profile", "serial"], unique=False)
    op.create_index("ix_pki_certificates_revoked", "pki_certificates", ["ca", "revoked_at"], unique=False)
    op.create_index("ix_pki_certificates_state", "pki_certificates", ["state", "recorded_at"], unique=False)
    op.create_table(
        "pki_crl_numbers",
        sa.Column("ca", sa.String(length=16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ca"),
    )
    op.create_table(
        "pki_crls",
        sa.Column("ca", sa.String(length=16), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("this_update", sa.BigInteger(), nullable=False),
        sa.Column("next_update", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ca", "number"),
    )
    op.create_table(
        "pki_roles",
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("key_label", sa.String(length=100), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["serial"], ["pki_certificates.serial"]),
        sa.PrimaryKeyConstraint("role"),
    )
    op.create_table(
        "pki_seals",
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_label", sa.String(length=100), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["serial"], ["pki_certificates.serial"]),
        sa.PrimaryKeyConstraint("uscc"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("pki_seals")
    op.drop_table("pki_roles")
    op.drop_table("pki_crls")
    op.drop_table("pki_crl_numbers")
    op.drop_index("ix_pki_certificates_state", table_name="pki_certificates")
    op.drop_index("ix_pki_certificates_revoked", table_name="pki_certificates")
    op.drop_index("ix_pki_certificates_profile", table_name="pki_certificates")
    op.drop_table("pki_certificates")
