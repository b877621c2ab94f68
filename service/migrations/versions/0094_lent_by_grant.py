"""What a session lent to kiosks is found by the grants that it was lent by, at each logout."""

from __future__ import annotations

from alembic import op

revision = "0094"
down_revision = "0090"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("idp_device_requests_grant", "idp_device_requests", ["grant_id"])


def downgrade() -> None:
    """Take it away."""
    op.drop_index("idp_device_requests_grant", table_name="idp_device_requests")
