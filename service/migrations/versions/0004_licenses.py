"""The registry of licences and its log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "licenses_counters",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "licenses_departments",
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("area_code", sa.String(length=6), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uscc"),
    )
    op.create_table(
        "licenses_licenses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("identifier", sa.String(length=120), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=3), nullable=False),
        sa.Column("type_code", sa.String(length=21), nullable=False),
        sa.Column("holder_kind", sa.String(length=20), nullable=False),
        sa.Column("holder_name", sa.LargeBinary(), nullable=False),
        sa.Column("holder_name_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(), nullable=False),
        sa.Column("holder_id_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("issuer_uscc", sa.String(length=18), nullable=False),
        sa.Column("issuer_name", sa.String(length=200), nullable=False),
        sa.Column("area_code", sa.String(length=6), nullable=False),
        sa.Column("issue_date", sa.String(length=10), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=True),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("application_digest", sa.String(length=64), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("status_index", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=2), nullable=False),
        sa.Column("status_at", sa.BigInteger(), nullable=True),
        sa.Column("status_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("log_index"),
        sa.UniqueConstraint("pdf_sha256"),
    )
    op.create_index(op.f("ix_licenses_licenses_holder_id_index"), "licenses_licenses", ["holder_id_index"], unique=False)
    op.create_index(op.f("ix_licenses_licenses_holder_name_index"), "licenses_licenses", ["holder_name_index"], unique=False)
    op.create_index(op.f("ix_licenses_licenses_state"), "licenses_licenses", ["state"], unique=False)
    op.create_index(
        "uq_licenses_application_digest_in_use",
        "licenses_licenses",
        ["application_digest"],
        unique=True,
        sqlite_where=sa.text("state != 'void'"),
        postgresql_where=sa.text("state != 'void'"),
    )
    op.create_index(
        "uq_licenses_identifier_in_use",
        "licenses_licenses",
        ["identifier"],
        unique=True,
        sqlite_where=sa.text("state != 'void'"),
        postgresql_where=sa.text("state != 'void'"),
    )
    op.create_index(
        "uq_licenses_number_in_use",
        "licenses_licenses",
        ["number"],
        unique=True,
        sqlite_where=sa.text("state != 'void'"),
        postgresql_where=sa.text("state != 'void'"),
    )
    op.create_index("uq_licenses_status_index", "licenses_licenses", ["status_index"], unique=True)
    op.create_table(
        "licenses_log_leaves",
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
    op.create_table(
        "licenses_log_nodes",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("level", "place"),
    )
    op.create_table(
        "licenses_published",
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what"),
    )
    op.create_table(
        "licenses_documents",
        sa.Column("license_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["license_id"], ["licenses_licenses.id"]),
        sa.PrimaryKeyConstraint("license_id"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("licenses_documents")
    op.drop_table("licenses_published")
    op.drop_table("licenses_log_nodes")
    op.drop_table("licenses_log_leaves")
    op.drop_index("uq_licenses_status_index", table_name="licenses_licenses")
    op.drop_index(
        "uq_licenses_number_in_use",
        table_name="licenses_licenses",
        sqlite_where=sa.text("state != 'void'"),
        postgresql_where=sa.text("state != 'void'"),
    )
    op.drop_index(
        "uq_licenses_identifier_in_use",
        table_name="licenses_licenses",
        sqlite_where=sa.text("state != 'void'"),
        postgresql_where=sa.text("state != 'void'"),
    )
    op.drop_index(
        "uq_licenses_application_digest_in_use",
        table_name="licenses_licenses",
        sqlite_where=sa.text("state != 'void'"),
        postgresql_where=sa.text("state != 'void'"),
    )
    op.drop_index(op.f("ix_licenses_licenses_state"), table_name="licenses_licenses")
    op.drop_index(op.f("ix_licenses_licenses_holder_name_index"), table_name="licenses_licenses")
    op.drop_index(op.f("ix_licenses_licenses_holder_id_index"), table_name="licenses_licenses")
    op.drop_table("licenses_licenses")
    op.drop_table("licenses_departments")
    op.drop_table("licenses_counters")
