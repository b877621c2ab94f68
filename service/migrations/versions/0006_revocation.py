"""Suspension, lists in parts, entries that are encoded once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kernel.clock import from_micros
from pki.crl_der import entry

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables and encode the entries of what is revoked."""
    op.add_column("pki_certificates", sa.Column("partition", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_pki_certificates_revoked", table_name="pki_certificates")
    op.add_column("pki_crl_numbers", sa.Column("changes", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("pki_crls", sa.Column("partition", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("pki_crls", sa.Column("changes", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_pki_crls_scope", "pki_crls", ["ca", "partition", "number"], unique=False)
    op.create_table(
        "pki_partitions",
        sa.Column("ca", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ca", "number"),
    )
    entries = op.create_table(
        "pki_crl_entries",
        sa.Column("id", _ID, nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("ca", sa.String(length=16), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("serial"),
    )
    op.create_index("ix_pki_crl_entries_partition", "pki_crl_entries", ["partition", "id"], unique=False)
    _encode(entries)


def _encode(entries: sa.Table) -> None:
    certificates = sa.table("pki_certificates", *(sa.column(name) for name in ("serial", "ca", "revoked_at", "reason")))
    revoked = sa.select(certificates).where(certificates.c.revoked_at.is_not(None)).order_by(certificates.c.revoked_at)
    for row in op.get_bind().execute(revoked).all():
        der = entry(row.serial, from_micros(row.revoked_at), row.reason)
        op.get_bind().execute(entries.insert(), {"serial": row.serial, "ca": row.ca, "partition": 0, "entry": der})
    # Unlike the numbers of the lists that were published, so that each is published once more.
    op.execute("UPDATE pki_crl_numbers SET changes = 1")


def downgrade() -> None:
    """Remove them. A suspended certificate stays listed, as one that is revoked."""
    op.drop_index("ix_pki_crl_entries_partition", table_name="pki_crl_entries")
    op.drop_table("pki_crl_entries")
    op.drop_table("pki_partitions")
    op.drop_index("ix_pki_crls_scope", table_name="pki_crls")
    op.drop_column("pki_crls", "changes")
    op.drop_column("pki_crls", "partition")
    op.drop_column("pki_crl_numbers", "changes")
    op.create_index("ix_pki_certificates_revoked", "pki_certificates", ["ca", "revoked_at"], unique=False)
    op.drop_column("pki_certificates", "partition")
