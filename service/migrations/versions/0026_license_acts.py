"""Acts of officers, versions of licences, annotated copies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add columns and tables; a number has one row for each version."""
    op.add_column("licenses_licenses", sa.Column("replaces", sa.String(length=120), nullable=True))
    op.drop_index("uq_licenses_number_in_use", table_name="licenses_licenses")
    _unique("licenses_licenses", "uq_licenses_number_in_use", ["number", "version"], "state != 'void'")
    _unique("licenses_licenses", "uq_licenses_replaces_in_use", ["replaces"], "state != 'void'")
    op.create_table(
        "licenses_acts",
        sa.Column("place", _BIG, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("identifier", sa.String(length=120), nullable=True),
        sa.Column("number", sa.String(length=32), nullable=True),
        sa.Column("type_code", sa.String(length=21), nullable=False),
        sa.Column("issuer_uscc", sa.String(length=18), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.String(length=220), nullable=False),
        sa.Column("asked_person", sa.String(length=220), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("decided_by", sa.String(length=220), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(length=120), nullable=True),
        sa.Column("failure", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("place"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    for name in ("issuer_uscc", "number", "state"):
        op.create_index(op.f(f"ix_licenses_acts_{name}"), "licenses_acts", [name], unique=False)
    _unique("licenses_acts", "uq_licenses_acts_waiting", ["identifier"], "state = 'waiting'")
    op.create_table(
        "licenses_copies",
        sa.Column("pdf_sha256", sa.String(length=64), nullable=False),
        sa.Column("identifier", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pdf_sha256"),
        sa.UniqueConstraint("identifier", "number", name="uq_licenses_copies_number"),
        sa.UniqueConstraint("log_index"),
    )


def downgrade() -> None:
    """Take them away; it fails while a licence has two versions, of which the old schema knows nothing."""
    op.drop_table("licenses_copies")
    op.drop_table("licenses_acts")
    op.drop_index("uq_licenses_replaces_in_use", table_name="licenses_licenses")
    op.drop_index("uq_licenses_number_in_use", table_name="licenses_licenses")
    _unique("licenses_licenses", "uq_licenses_number_in_use", ["number"], "state != 'void'")
    op.drop_column("licenses_licenses", "replaces")


def _unique(table: str, name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=True, sqlite_where=condition, postgresql_where=condition)
