"""Of which version of its type a licence is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what there is is of the first version."""
    op.add_column("licenses_licenses", sa.Column("type_version", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("licenses_licenses", "type_version")
