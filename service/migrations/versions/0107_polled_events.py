"""What a client is still owed of account events is found by an index of its own, each time that it asks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0107"
down_revision = "0106"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    owed = sa.text("next_try_at IS NOT NULL")
    columns = ["client_id", "at", "jti"]
    op.create_index("idp_event_deliveries_owed", "idp_event_deliveries", columns, sqlite_where=owed, postgresql_where=owed)


def downgrade() -> None:
    """Take it away."""
    op.drop_index("idp_event_deliveries_owed", table_name="idp_event_deliveries")
