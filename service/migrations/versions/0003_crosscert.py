"""Nodes, agreements, what peers publish."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "crosscert_agreements",
        sa.Column("identifier", sa.String(length=32), nullable=False),
        sa.Column("peer_code", sa.String(length=6), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("constraints", sa.Text(), nullable=False),
        sa.Column("principal", sa.LargeBinary(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=True),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("identifier"),
    )
    op.create_index("ix_crosscert_agreements_peer", "crosscert_agreements", ["peer_code", "requested_at"], unique=False)
    op.create_index(
        "ux_crosscert_agreements_open",
        "crosscert_agreements",
        ["peer_code"],
        unique=True,
        sqlite_where=sa.text("state IN ('requested', 'approved', 'issuing')"),
        postgresql_where=sa.text("state IN ('requested', 'approved', 'issuing')"),
    )
    op.create_table(
        "crosscert_certificates",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("node_code", sa.String(length=6), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_index("ix_crosscert_certificates_kind", "crosscert_certificates", ["kind", "sha256"], unique=False)
    op.create_table(
        "crosscert_crls",
        sa.Column("issuer_key", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=49), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("node_code", sa.String(length=6), nullable=False),
        sa.Column("this_update", sa.BigInteger(), nullable=False),
        sa.Column("next_update", sa.BigInteger(), nullable=True),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("issuer_key", "scope", "number"),
    )
    op.create_index("ix_crosscert_crls_time", "crosscert_crls", ["issuer_key", "scope", "this_update"], unique=False)
    op.create_table(
        "crosscert_nodes",
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("relation", sa.String(length=8), nullable=False),
        sa.Column("learned_from", sa.String(length=6), nullable=True),
        sa.Column("principal_key", sa.String(length=64), nullable=True),
        sa.Column("last_ok_at", sa.BigInteger(), nullable=True),
        sa.Column("last_tried_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.String(length=64), nullable=True),
        sa.Column("last_error_text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "crosscert_objects",
        sa.Column("node_code", sa.String(length=6), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("node_code", "kind"),
    )
    op.create_table(
        "crosscert_state",
        sa.Column("identifier", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("identifier"),
    )
    op.create_table(
        "crosscert_approvals",
        sa.Column("agreement", sa.String(length=32), nullable=False),
        sa.Column("approver", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agreement"], ["crosscert_agreements.identifier"]),
        sa.PrimaryKeyConstraint("agreement", "approver"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("crosscert_approvals")
    op.drop_table("crosscert_state")
    op.drop_table("crosscert_objects")
    op.drop_table("crosscert_nodes")
    op.drop_index("ix_crosscert_crls_time", table_name="crosscert_crls")
    op.drop_table("crosscert_crls")
    op.drop_index("ix_crosscert_certificates_kind", table_name="crosscert_certificates")
    op.drop_table("crosscert_certificates")
    op.drop_index(
        "ux_crosscert_agreements_open",
        table_name="crosscert_agreements",
        sqlite_where=sa.text("state IN ('requested', 'approved', 'issuing')"),
        postgresql_where=sa.text("state IN ('requested', 'approved', 'issuing')"),
    )
    op.drop_index("ix_crosscert_agreements_peer", table_name="crosscert_agreements")
    op.drop_table("crosscert_agreements")
