"""The audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "service_audit_events",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=100), nullable=False),
        sa.Column("target", sa.String(length=400), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_service_audit_events_actor"), "service_audit_events", ["actor"], unique=False)
    op.create_index(op.f("ix_service_audit_events_at"), "service_audit_events", ["at"], unique=False)
    op.create_index(op.f("ix_service_audit_events_target"), "service_audit_events", ["target"], unique=False)
    op.create_table(
        "service_audit_links",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("event", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("event"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("service_audit_links")
    op.drop_index(op.f("ix_service_audit_events_target"), table_name="service_audit_events")
    op.drop_index(op.f("ix_service_audit_events_at"), table_name="service_audit_events")
    op.drop_index(op.f("ix_service_audit_events_actor"), table_name="service_audit_events")
    op.drop_table("service_audit_events")
