"""Agreements: asked ones, comparison, approval of a plan, replacement, review; outside CAs."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OPEN = "state IN ('requested', 'approved', 'issuing')"
_OPEN_NOW = "state IN ('requested', 'compared', 'approved', 'issuing')"


def upgrade() -> None:
    """Add the columns; approvals move to a table that knows people and plans."""
    for column in _added():
        op.add_column("crosscert_agreements", column)
    op.execute("UPDATE crosscert_agreements SET issued_at = requested_at WHERE serial IS NOT NULL")
    # Who was revoked before there were reviews needs none.
    op.execute("UPDATE crosscert_agreements SET reviewed_at = ended_at, reviewed_by = '-' WHERE state = 'revoked'")
    op.drop_index("ux_crosscert_agreements_open", table_name="crosscert_agreements")
    _index(["peer_code", "kind"], _OPEN_NOW)
    op.add_column("crosscert_nodes", sa.Column("crl_urls", sa.Text(), nullable=True))
    op.create_table(
        "crosscert_plan_approvals",
        sa.Column("agreement", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("approver", sa.String(length=200), nullable=False),
        sa.Column("plan_sha256", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agreement"], ["crosscert_agreements.identifier"]),
        sa.PrimaryKeyConstraint("agreement", "person"),
    )
    op.execute(
        "INSERT INTO crosscert_plan_approvals (agreement, person, approver, plan_sha256, at)"
        " SELECT agreement, approver, approver, '', at FROM crosscert_approvals"
    )
    op.drop_table("crosscert_approvals")
    # What was approved without a plan is looked at again.
    op.execute("UPDATE crosscert_agreements SET state = 'requested' WHERE state = 'approved'")


def downgrade() -> None:
    """Take them away again."""
    op.create_table(
        "crosscert_approvals",
        sa.Column("agreement", sa.String(length=32), nullable=False),
        sa.Column("approver", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agreement"], ["crosscert_agreements.identifier"]),
        sa.PrimaryKeyConstraint("agreement", "approver"),
    )
    op.drop_table("crosscert_plan_approvals")
    op.drop_column("crosscert_nodes", "crl_urls")
    op.drop_index("ux_crosscert_agreements_open", table_name="crosscert_agreements")
    for column in reversed(_added()):
        op.drop_column("crosscert_agreements", column.name)
    _index(["peer_code"], _OPEN)


def _index(columns: list[str], condition: str) -> None:
    op.create_index(
        "ux_crosscert_agreements_open",
        "crosscert_agreements",
        columns,
        unique=True,
        sqlite_where=sa.text(condition),
        postgresql_where=sa.text(condition),
    )


def _added() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("kind", sa.String(length=8), nullable=False, server_default="node"),
        sa.Column("misses", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("offers", sa.Text(), nullable=True),
        sa.Column("crl_urls", sa.Text(), nullable=True),
        sa.Column("replaces", sa.String(length=32), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=200), nullable=True),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_by", sa.String(length=200), nullable=True),
    )
