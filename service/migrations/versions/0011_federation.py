"""How fetching, pushing and looking at peers goes; certificates of the keys that sign tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NODES = ("full_at", "next_try_at", "failures", "failing_since")


def upgrade() -> None:
    """Add them."""
    op.add_column("crosscert_nodes", sa.Column("failing_since", sa.BigInteger(), nullable=True))
    op.add_column("crosscert_nodes", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("crosscert_nodes", sa.Column("next_try_at", sa.BigInteger(), nullable=True))
    op.add_column("crosscert_nodes", sa.Column("full_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "crosscert_list_tags",
        sa.Column("node_code", sa.String(length=6), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node_code", "url"),
    )
    op.create_table(
        "crosscert_deliveries",
        sa.Column("peer_code", sa.String(length=6), nullable=False),
        sa.Column("ca", sa.String(length=100), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("peer_code", "ca"),
    )
    op.create_table(
        "crosscert_probes",
        sa.Column("node_code", sa.String(length=6), nullable=False),
        sa.Column("probe", sa.String(length=32), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node_code", "probe"),
    )
    op.add_column("idp_signing_keys", sa.Column("certificate", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Remove them."""
    op.drop_column("idp_signing_keys", "certificate")
    op.drop_table("crosscert_probes")
    op.drop_table("crosscert_deliveries")
    op.drop_table("crosscert_list_tags")
    for name in _NODES:
        op.drop_column("crosscert_nodes", name)
