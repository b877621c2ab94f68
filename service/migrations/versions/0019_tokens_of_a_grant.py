"""Find a grant's refresh tokens by an index: what is over is removed among a million of them."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("idp_refresh_tokens_grant", "idp_refresh_tokens", ["grant_id"], unique=False)


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("idp_refresh_tokens_grant", "idp_refresh_tokens")
