"""What departments say of the account events that they get, and by which sub each of them knows somebody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0087"
down_revision = "0091"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and add the columns. What a system was told before it is known anew with the next login."""
    op.create_table(
        "idp_event_streams",
        sa.Column("client_id", sa.String(100), primary_key=True),
        sa.Column("requested", sa.Text(), nullable=True),
        sa.Column("description", sa.String(500), nullable=True),
        sa.Column("authorization", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "idp_muted_events",
        sa.Column("account_id", sa.String(60), primary_key=True),
        sa.Column("client_id", sa.String(100), primary_key=True),
    )
    op.add_column("idp_event_deliveries", sa.Column("state", sa.String(500), nullable=True))
    op.add_column("idp_consents", sa.Column("subject", sa.String(60), nullable=True))
    op.create_index("ix_idp_consents_subject", "idp_consents", ["client_id", "subject"])


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_idp_consents_subject", table_name="idp_consents")
    op.drop_column("idp_consents", "subject")
    op.drop_column("idp_event_deliveries", "state")
    op.drop_table("idp_muted_events")
    op.drop_table("idp_event_streams")
