"""How far a batch of a million rows is, and which of them were refused, without reading what all of them say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0090"
down_revision = "0089"
branch_labels = None
depends_on = None

_TABLE = "licenses_batch_chunks"


def upgrade() -> None:
    """Make the indexes that answer both."""
    some = sa.text("refused > 0")
    op.create_index("licenses_batch_chunks_refused", _TABLE, ["batch_id", "place"], sqlite_where=some, postgresql_where=some)
    op.create_index("licenses_batch_chunks_progress", _TABLE, ["batch_id", "done_at", "issued", "already", "refused"])


def downgrade() -> None:
    """Take them away."""
    for name in ("licenses_batch_chunks_progress", "licenses_batch_chunks_refused"):
        op.drop_index(name, _TABLE)
